"""The `inferometer` command. Subcommands are imported when they are called."""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import signal
import sys

import click

from host.errors import HostError

# name -> (module:attribute, what `--help` says of it)
COMMANDS = {
    "measure": ("host.cli.measure:measure", "Measure a model on a device and write a record."),
    "collect": ("host.cli.collect:collect", "Take a detached run from its device, and seal it."),
    "perturbation": (
        "host.cli.perturbation:perturbation",
        "Measure what the agent's sampling does to results.",
    ),
    "doctor": ("host.cli.doctor:doctor", "Say what can be measured here, and why not the rest."),
    "devices": ("host.cli.devices:devices", "List devices with identity and state."),
    "profiles": ("host.cli.profiles:profiles", "List, show, check and match device profiles."),
    "runners": ("host.cli.runners:runners", "List, check and try native runners' descriptions."),
    "models": ("host.cli.models:models", "List, make, quantize and inspect models."),
    "datasets": ("host.cli.datasets:datasets", "List and show the fixed datasets."),
    "fidelity": ("host.cli.fidelity:fidelity", "Make and check references of a model's output."),
    "equipment": (
        "host.cli.equipment:equipment",
        "Show and check instruments and certificates; import a DCC.",
    ),
    "calibrate": (
        "host.cli.calibrate:calibrate",
        "Calibrate power sources of a device against a meter.",
    ),
    "meters": ("host.cli.meters:meters", "List kinds of bench meters; ask one who it is."),
    "audit": ("host.cli.audit:audit", "Known outputs for audit probes."),
    "verify": ("host.cli.verify:verify", "Check a run folder and redo its record."),
    "keys": ("host.cli.keys:keys", "Make, certify, trust and revoke signing keys."),
    "sign": ("host.cli.sign:sign", "Sign a record; attach a time stamp."),
    "report": ("host.cli.report:report", "Redraw table and page from a run folder."),
    "compare": ("host.cli.compare:compare", "Say whether records compare, and what differs."),
    "campaign": ("host.cli.campaign:campaign", "Measure a matrix of cells in a drawn order."),
    "catalogue": (
        "host.cli.catalogue:catalogue",
        "Import records into a database; find them, and one device over time.",
    ),
    "seal": ("host.cli.seal:seal", "Close an interrupted run as it is."),
    "laboratory": ("host.cli.laboratory:laboratory", "Who measures, for whom, who answers."),
    "issue": ("host.cli.issue:issue", "Issue the record of a sealed run."),
    "amend": ("host.cli.issue:amend", "Amend or substitute an issued record."),
    "withdraw": ("host.cli.issue:withdraw", "Withdraw an issued record."),
    "schema": ("host.cli.schema:schema", "Print the JSON Schema of records."),
}


# Of one line of an error; a key of a file may be as long as the file.
SHOWN_CHARACTERS = 2000
# Objects between two looks for garbage (the usual: 700). A command imports and reads what stays to
# its end: looking through that again and again was a tenth of its CPU time (median of 9 pairs).
GARBAGE_AFTER = 20_000
# Of an error that names no file: standard output is what could not be written.
UNWRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class LazyGroup(click.Group):
    """A group whose commands are imported on use, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="inferometer", message="%(prog)s %(version)s")
def cli() -> None:
    """Measure how language models run on real devices, as metrology records."""


def main() -> None:
    """Run the command; every expected failure is one sentence and an exit code."""
    gc.set_threshold(GARBAGE_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    _end_as_when_interrupted()
    try:
        status = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except HostError as err:
        sys.exit(_say(str(err), err.exit_code))
    except click.exceptions.Abort:
        sys.exit(_say("interrupted", 130))
    except click.ClickException as err:
        err.show()
        sys.exit(_as_json(err.format_message(), err.exit_code))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as err:  # noqa: BLE001 - the one place that catches what nobody foresaw
        sys.exit(_unforeseen(err))
    sys.exit(status if isinstance(status, int) else 0)


def _end_as_when_interrupted() -> None:
    """`kill`, a service that is stopped, a terminal that closes: as Ctrl-C pressed twice.

    A run then ends at once, keeps what was sampled, puts back what it set and frees the device.
    What was started to ignore a signal (nohup) goes on to.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt_twice)


def _interrupt_twice(number: int, frame: object) -> None:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def _say(sentence: str, exit_code: int) -> int:
    from host.report.html_text import visible

    # A name from a file or a device may hold what moves the cursor of a terminal.
    lines = (visible(line, SHOWN_CHARACTERS) for line in sentence.split("\n"))
    print("inferometer:", "\n".join(lines), file=sys.stderr)
    return _as_json(sentence, exit_code)


def _as_json(sentence: str, exit_code: int) -> int:
    """The one value on stdout, of an error too, where a program reads it."""
    if "--json" in sys.argv:
        print(json.dumps({"error": sentence, "exit_code": exit_code}, ensure_ascii=False))
    return exit_code


def _unforeseen(err: Exception) -> int:
    """A full output, or a defect of ours: one sentence for the user, the traceback in a file."""
    if isinstance(err, OSError) and err.filename is None and err.errno in UNWRITTEN:
        # What is left in the buffer would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _say(f"the output cannot be written ({err.strerror})", 2)
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="inferometer-defect-", suffix=".txt", delete=False
    ) as file:
        traceback.print_exception(err, file=file)
    return _say(f"this is a defect ({type(err).__name__}: {err}); details in {file.name}", 3)
