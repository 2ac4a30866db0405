"""The command `import`. Where nothing is new since the last one it is done in a moment: it then loads little.

What reads, analyses and stores is loaded when there is something to read.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from debrief.cli import outcomes
from debrief.cli.app import (
    Data,
    Database,
    Json,
    Org,
    PublicUrl,
    Tag,
    User,
    app,
    err,
    out,
    path_of,
    settings_of,
)
from debrief.config import Settings, address_of_links, word_of
from debrief.errors import SettingsError
from debrief.pipeline import retention
from debrief.pipeline.discover import Found, discover, on_this_machine
from debrief.pipeline.glance import unchanged
from debrief.pipeline.identity import Identity, read_rules
from debrief.pipeline.outcome import Summary
from debrief.sources import homes


@app.command("import")
def import_(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Transcripts, archives, folders. Without: what is on this machine.",
            parser=path_of,
        ),
    ] = None,
    org: Org = None,
    user: User = None,
    tag: Tag = None,
    data: Data = None,
    database_url: Database = None,
    public_url: PublicUrl = None,
    as_json: Json = False,
) -> None:
    """Import and analyse transcripts; what was imported before and is unchanged is passed over."""
    settings = settings_of(data=data, database_url=database_url, public_url=public_url, org=org)
    identity = identity_of(settings, user=user, tags=tag or [], here=not paths)
    found = list(discover(paths)) if paths else on_this_machine(os.environ)
    if not found:
        out.print(f"No transcripts on this machine. Looked where these keep them: {', '.join(homes())}.")
        return
    summary = unchanged(settings.database_url, identity, found)
    if summary is None:
        summary = _import(settings, identity, found, here=not paths, quiet=as_json)
    if as_json:
        out.print_json(json.dumps(outcomes.import_json(summary)))
    else:
        outcomes.show_import(out, summary)
        if not paths:
            warn_of_deletion(found)
    counts = summary.counts()
    if counts["skipped"] and counts["skipped"] == sum(counts.values()):
        raise typer.Exit(1)


def _import(
    settings: Settings, identity: Identity, found: list[Found], *, here: bool, quiet: bool
) -> Summary:
    """Read what is new, and let a language model read it too where one is set."""
    from debrief.cli.importing import import_found, open_here, read_with_model  # noqa: PLC0415 (see the module)

    with open_here(settings) as store:
        address = address_of_links(settings)
        summary = import_found(settings, store, found, identity, address, here=here, quiet=quiet)
        fresh = [one for one in summary.outcomes if one.outcome in {"new", "updated"}]
        if settings.llm and fresh:
            read_with_model(settings, store, [name for one in fresh for name in one.sessions])
    return summary


def identity_of(settings: Settings, *, user: str | None, tags: list[str], here: bool) -> Identity:
    """Whose sessions they are by settings, options and rules; `here`: they are this machine's own."""
    login = login_name() if here else None
    return Identity(
        enterprise_id=settings.enterprise_id,
        org_id=settings.org_id,
        user_id=login if user is None else word_of("the user", user),
        tags=tuple(sorted({word_of("the tag", one) for one in tags})),
        rules=read_rules(settings.rules),
    )


def login_name() -> str | None:
    """The name that this machine's user has here; None where it could not be asked for."""
    with suppress(SettingsError):
        return word_of("the login", os.environ.get("USER") or os.environ.get("USERNAME") or "")
    return None


def warn_of_deletion(found: list[Found]) -> None:
    """Say where an agent is about to delete what was found here."""
    for one in retention.expiring(found, os.environ):
        err.print(
            f"{one.agent} deletes transcripts after {one.days} days: {one.soon} of {one.total} here are gone "
            f"within {retention.SOON_DAYS} days. Debrief has kept them; to keep the agent's own, raise "
            f"{one.key} in {one.settings}.",
            markup=False,
        )
