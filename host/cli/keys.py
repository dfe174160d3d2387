"""`inferometer keys`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from host.cli.console import err, json_out, out, plain

if TYPE_CHECKING:
    from host.sign.trust import Reason

ROLES = ("operator", "checker", "approver", "laboratory")
REASONS = ("compromised", "lost", "replaced", "left", "other")

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
passphrase_file_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="File whose first line is the passphrase; or set INFEROMETER_PASSPHRASE.",
)
trust_option = click.option(
    "--trust",
    type=click.Path(path_type=Path),
    help="Folder of known keys; else INFEROMETER_TRUST, else one in your configuration.",
)


@click.group()
def keys() -> None:
    """Signing keys: make, certify, trust, list and revoke them."""


@keys.command()
@click.option("--owner", required=True, help="Name as it stands in the records' list of people.")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice(ROLES),
    help="Role the owner may sign in; may be given several times.",
)
@click.option("--organisation", default="", help="Where the owner works.")
@click.option(
    "--out", "folder", required=True, type=click.Path(path_type=Path), help="Folder for the files."
)
@click.option("--name", default="", help="Name of the files; else made of role and id.")
@click.option(
    "--days", default=365, show_default=True, type=click.IntRange(1, 3660), help="Days it is good."
)
@click.option("--passphrase", "ask", is_flag=True, help="Ask for a passphrase.")
@passphrase_file_option
@as_json_option
def make(*, ask: bool, passphrase_file: Path | None, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Make an Ed25519 key: a private file that only you can read, and a public one."""
    from host.cli.passphrase import asked_passphrase, given_passphrase
    from host.errors import UsageError
    from host.run.folder import SAFE_NAME
    from host.run.journal import wall_label
    from host.sign.keys import Owner, make_key

    if given["name"] and not SAFE_NAME.fullmatch(given["name"]):
        raise UsageError(given["name"], "is no plain file name")
    word = (
        asked_passphrase(passphrase_file, twice=True) if ask else given_passphrase(passphrase_file)
    )
    owner = Owner(
        given["owner"],
        given["organisation"],
        tuple(dict.fromkeys(given["roles"])),
        wall_label(),
        given["days"],
    )
    made = make_key(owner, given["folder"], given["name"], word)
    if as_json:
        json_out(
            {
                "id": made.key.id,
                "private": str(made.private),
                "public": str(made.public),
                "expires": made.key.expires,
                "encrypted": bool(word),
            }
        )
        return
    console = out()
    console.print(plain(f"密钥标识 Key id  {made.key.id}"))
    console.print(plain(f"私钥 Private   {made.private} (mode 0600, never hand it on)"))
    console.print(plain(f"公钥 Public    {made.public} (hand this one on)"))
    console.print(f"有效期至 Expires {made.key.expires}, {given['days']} days from today")
    if not word:
        err().print("The private key has no passphrase: whoever gets the file can sign with it.")


@keys.command()
@click.argument("file", type=click.Path(path_type=Path))
@trust_option
@as_json_option
def trust(file: Path, *, trust: Path | None, as_json: bool) -> None:
    """Put the public key FILE, or a certificate of one, into the trust folder.

    Compare the id with its owner by another way first: the file states what it likes.
    """
    from host.pipeline.trust import trust_file
    from host.sign.trust import trust_folder

    folder = trust_folder(trust)
    known = trust_file(folder, file)
    if as_json:
        json_out({**_row(known.public, known.certified_by), "trust": str(folder)})
        return
    key = known.public
    by = f", certified by {known.certified_by[:16]}" if known.certified_by else ""
    out().print(
        plain(
            f"已信任 Trusted: {key.owner} ({', '.join(key.roles)}), key {key.id}{by}\n  {folder}"
        )
    )


@keys.command("list")
@trust_option
@as_json_option
def list_(*, trust: Path | None, as_json: bool) -> None:
    """List the keys of the trust folder and how they stand today."""
    from host.run.journal import wall_label
    from host.sign.moments import moment
    from host.sign.trust import read_trust, trust_folder

    folder = trust_folder(trust)
    found = read_trust(folder, must_exist=trust is not None)
    now = moment(wall_label()).first
    rows = []
    for known in found.keys.values():
        row = _row(known.public, known.certified_by)
        revoked = found.revocations(known.public.id)
        row["revoked"] = [{"from": r.since, "reason": r.reason, "note": r.note} for r in revoked]
        expired = moment(known.public.expires).last < now
        row["state"] = "revoked" if revoked else "expired" if expired else "good"
        rows.append(row)
    strangers = [r.key for r in found.revoked if r.key not in found.keys]
    if as_json:
        json_out(
            {
                "trust": str(folder),
                "keys": rows,
                "revoked_unknown": strangers,
                "refused": [{"file": n, "reason": why} for n, why in found.refused],
                "tsa_roots": len(found.tsa_roots),
            }
        )
        return
    table = Table("id", "owner", "roles", "expires", "state", "certified by", box=None)
    for row in rows:
        owner = plain(f"{row['owner']} {row['organisation']}".strip())
        by = row["certified_by"][:16]
        table.add_row(
            row["id"][:16], owner, ", ".join(row["roles"]), row["expires"], row["state"], by
        )
    console = out()
    console.print(table if rows else plain(f"没有已知密钥 No key is known in {folder}"))
    for name, why in found.refused:
        console.print(plain(f"  {name}: not trusted: {why}"))


@keys.command()
@click.argument("key")
@click.option(
    "--from", "since", required=True, help="Date or RFC 3339 time from which it is void."
)
@click.option(
    "--reason",
    required=True,
    type=click.Choice(REASONS),
    help="After `compromised` and `lost` only time-stamped signatures still count.",
)
@click.option("--note", default="", help="More about it, one line.")
@trust_option
@as_json_option
def revoke(
    *, key: str, since: str, reason: Reason, note: str, trust: Path | None, as_json: bool
) -> None:
    """Revoke the key with the id KEY (16 or more of its digits) from a date on."""
    from host.pipeline.trust import revoke as add
    from host.sign.trust import trust_folder

    folder = trust_folder(trust)
    entry = add(folder, key, since, reason, note)
    if as_json:
        json_out({"key": entry.key, "from": entry.since, "reason": entry.reason})
        return
    out().print(
        plain(f"已撤销 Revoked: {entry.key} from {entry.since} ({entry.reason})\n  {folder}")
    )


@keys.command()
@click.argument("public", type=click.Path(path_type=Path))
@click.option(
    "--with", "laboratory", required=True, type=click.Path(path_type=Path), help="Laboratory key."
)
@click.option("--out", "output", type=click.Path(path_type=Path), help="Certificate file.")
@passphrase_file_option
@as_json_option
def certify(
    *,
    public: Path,
    laboratory: Path,
    output: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Certify the public key file PUBLIC with a laboratory's private key."""
    from host.cli.passphrase import asked_passphrase
    from host.errors import UsageError
    from host.pipeline.trust import certify as make_certificate
    from host.sign.keys import public_beside, read_private

    key = read_private(laboratory, lambda: asked_passphrase(passphrase_file))
    beside = public_beside(laboratory, key)
    if beside is not None and "laboratory" not in beside.roles:
        raise UsageError(
            str(laboratory), f"is a key for {', '.join(beside.roles)}, no laboratory key"
        )
    certified, target = make_certificate(public, key, output)
    if as_json:
        json_out({"key": certified.id, "by": key.id, "certificate": str(target)})
        return
    out().print(plain(f"已认证 Certified: {certified.owner}, key {certified.id}\n  {target}"))


def _row(key: Any, certified_by: str) -> dict[str, Any]:  # noqa: ANN401
    return {
        "id": key.id,
        "owner": key.owner,
        "organisation": key.organisation,
        "roles": list(key.roles),
        "created": key.created,
        "expires": key.expires,
        "certified_by": certified_by,
    }
