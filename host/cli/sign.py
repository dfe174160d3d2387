"""`inferometer sign`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import err, json_out, out, plain
from host.cli.keys import as_json_option, passphrase_file_option, trust_option
from host.errors import HostError, UsageError

if TYPE_CHECKING:
    from host.pipeline.sign import Signable
    from host.sign.envelope import Signature
    from host.sign.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was given."""

    key: Path | None
    passphrase_file: Path | None
    trust: Path | None
    tsa: str | None
    tsa_request: Path | None
    tsa_response: Path | None
    tsa_root: tuple[Path, ...]


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), help="Private key to sign with.")
@passphrase_file_option
@trust_option
@click.option(
    "--tsa", metavar="URL", help="Have the signature stamped by this RFC 3161 authority."
)
@click.option(
    "--tsa-request",
    type=click.Path(path_type=Path),
    help="Write the request for a stamp to this file, to be carried to an authority.",
)
@click.option(
    "--tsa-response",
    type=click.Path(path_type=Path),
    help="Attach the authority's answer to the signature that it is for; needs no key.",
)
@click.option(
    "--tsa-root",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Root certificate of the authority (PEM), besides those in the trust folder's tsa/.",
)
@as_json_option
def sign(*, run: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Sign the record of the run folder RUN, or stamp a signature that is there.

    Refused: a folder that is not sealed, a record that does not come out of the raw data again, a
    key that an issued record does not name. The README of host/sign says what a signature proves.
    """
    from host.pipeline.sign import signable

    options = Options(**given)
    _check(run, options)
    key = _key(options)
    ready = signable(run)
    said = _sign(ready, options, key) if key else _stamp(ready, options)
    if as_json:
        json_out(said)
        return
    state = said["state"]
    console = out()
    who = "; ".join(f"{p['role']} {p['name']}" for p in said["people"]) or "nobody named in it"
    console.print(plain(f"记录 Record   {said['record_id']} ({state})"))
    console.print(plain(f"签名 Signed   by key {said['key_id']} for {who}"))
    console.print(
        plain(f"信封 Envelope {said['envelope']} (signatures in it: {said['signatures']})")
    )
    if said["draft"]:
        console.print("这是草稿的签名，不是签发。 This is a signature of a draft, not an issue.")
    if said["signed_at"]:
        console.print(plain(f"时间戳 Stamped {said['signed_at']}, proved by RFC 3161"))
    if said["request"]:
        console.print(plain(f"请求 Request  {said['request']}: take it to an authority, then "))
        console.print("              `inferometer sign RUN --tsa-response FILE --tsa-root PEM`")


def _check(run: Path, options: Options) -> None:
    stamps = [options.tsa, options.tsa_request, options.tsa_response]
    if sum(given is not None for given in stamps) > 1:
        raise UsageError("give one of --tsa, --tsa-request and --tsa-response")
    if options.tsa_response is None and options.key is None:
        raise UsageError("give --key to sign, or --tsa-response to stamp a signature")
    if options.tsa_response is not None and options.key is not None:
        raise UsageError("--tsa-response is for a signature that is there; leave out --key")
    if options.tsa_request is not None and options.tsa_request.exists():
        raise UsageError(str(options.tsa_request), "exists already")
    if options.tsa_request is not None and run.resolve() in options.tsa_request.resolve().parents:
        raise UsageError(str(options.tsa_request), "lies inside the run folder; put it elsewhere")
    _check_stamping(options)


def _check_stamping(options: Options) -> None:
    """Fail before anything is signed where a stamp cannot be had."""
    from host.sign.timestamp import refuse_address, refuse_roots, request_for

    if options.tsa is not None:
        refuse_address(options.tsa)
    if options.tsa is not None or options.tsa_response is not None:
        refuse_roots(_roots(options))
    if options.tsa is not None or options.tsa_request is not None:
        request_for(b"\0" * 64)  # says here that the extra is missing


def _key(options: Options) -> SigningKey | None:
    """The key, read before the folder: a passphrase is asked for at once or not at all."""
    from host.cli.passphrase import asked_passphrase
    from host.sign.keys import read_private

    if options.key is None:
        return None
    return read_private(options.key, lambda: asked_passphrase(options.passphrase_file))


def _sign(ready: Signable, options: Options, key: SigningKey) -> dict[str, Any]:
    from host.pipeline.sign import add_signature, attach_stamp
    from host.sign.keys import public_beside
    from host.sign.timestamp import ask_authority, request_for

    _fit_to_sign(ready, key.id, public_beside(options.key or Path(), key), options)
    signature = add_signature(ready, key)
    when = ""
    if options.tsa or options.tsa_request:
        request = request_for(signature.value)
        if options.tsa_request:
            _write_new(options.tsa_request, request.der)
        else:
            try:
                answer = ask_authority(options.tsa or "", request)
                _, when = attach_stamp(ready, answer, _roots(options), request.nonce)
            except HostError as failed:
                raise type(failed)(
                    *failed.args, "the record is signed all the same, without a time stamp"
                ) from failed
    return _said(ready, signature, when, options)


def _stamp(ready: Signable, options: Options) -> dict[str, Any]:
    from host.pipeline.sign import attach_stamp

    signature, when = attach_stamp(ready, _read(options.tsa_response or Path()), _roots(options))
    return _said(ready, signature, when, options)


def _fit_to_sign(ready: Signable, key_id: str, beside: Any, options: Options) -> None:  # noqa: ANN401
    """Refuse a key that no verifier will accept: expired, revoked, or for another person."""
    from host.pipeline.sign import people_of
    from host.run.journal import wall_label
    from host.sign.moments import moment
    from host.sign.public import same_name
    from host.sign.trust import read_trust, trust_folder

    trust = read_trust(trust_folder(options.trust), must_exist=options.trust is not None)
    known = trust.keys.get(key_id)
    public = beside or (known.public if known else None)
    people = people_of(ready.record, key_id)
    for each in trust.revocations(key_id):
        raise UsageError(f"key {key_id}", f"is revoked from {each.since} ({each.reason})")
    if public is None:
        err().print("No public key file is beside the key or trusted: its expiry is not checked.")
        return
    if moment(public.expires).last < moment(wall_label()).first:
        raise UsageError(f"key {key_id}", f"expired on {public.expires}; make a new one")
    for person in people:
        if not same_name(person.name, public.owner) or person.role not in public.roles:
            raise UsageError(
                f"key {key_id}",
                f"is for {public.owner} as {', '.join(public.roles)}, "
                f"but the record names {person.name} as {person.role}",
            )


def _said(ready: Signable, signature: Signature, when: str, options: Options) -> dict[str, Any]:
    from host.pipeline.sign import people_of, stored_envelope

    envelope = stored_envelope(ready)
    state = ready.record.status.state
    return {
        "run": str(ready.root),
        "record_id": ready.record.record_id,
        "state": state,
        "draft": state == "draft",
        "envelope": str(ready.envelope_path),
        "signatures": len(envelope.signatures) if envelope else 0,
        "key_id": signature.key_id,
        "people": [
            {"name": p.name, "role": p.role} for p in people_of(ready.record, signature.key_id)
        ],
        "signed_at": when,
        "time_source": "rfc3161" if when else "none",
        "request": str(options.tsa_request) if options.tsa_request else "",
    }


def _roots(options: Options) -> tuple[bytes, ...]:
    from host.sign.trust import read_trust, trust_folder

    known = read_trust(trust_folder(options.trust)).tsa_roots
    return (*(_read(path) for path in options.tsa_root), *known)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise UsageError(str(path), f"cannot be read ({err.strerror})") from err


def _write_new(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as err:
        raise UsageError(
            str(path), f"cannot be written ({err.strerror}); the record is signed all the same"
        ) from err
