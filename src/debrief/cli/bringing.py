"""The command `import`. Where nothing is new since the last one it is done in a moment: it then loads little.

What reads, analyses and stores is loaded when there is something to read.
"""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from debrief.cli import app as cli
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
    path_of,
    settings_of,
    show_lines,
)
from debrief.cli.quick import begin_workers, identity_of, warn_of_deletion
from debrief.config import Settings, address_of_links
from debrief.pipeline.discover import Found, discover, on_this_machine
from debrief.pipeline.glance import unchanged
from debrief.pipeline.identity import Identity
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
    if not found and paths and not as_json:
        show_lines([f"Nothing lies in {', '.join(map(str, paths))}."])
        return
    if not found and not as_json:
        show_lines([f"No transcripts on this machine. Looked where these keep them: {', '.join(homes())}."])
        return
    summary = unchanged(settings.database_url, identity, found, settings.usd_per_acu)
    if summary is None:
        summary = _import(settings, identity, found, here=not paths, quiet=as_json)
    if as_json:
        cli.out.print_json(json.dumps(outcomes.import_json(summary)))
    else:
        show_lines(outcomes.import_text(summary))
        if not paths:
            warn_of_deletion(found)
    if summary.is_in_vain:
        raise typer.Exit(1)


def _import(
    settings: Settings, identity: Identity, found: list[Found], *, here: bool, quiet: bool
) -> Summary:
    """Read what is new, and let a language model read it too where one is set."""
    begin_workers(settings, found)
    from debrief.cli.importing import import_found, open_here, read_with_model  # noqa: PLC0415 (see the module)

    with open_here(settings) as store:
        address = address_of_links(settings)
        summary = import_found(settings, store, found, identity, address, here=here, quiet=quiet)
        fresh = [one for one in summary.outcomes if one.outcome in {"new", "updated"}]
        if settings.llm and fresh:
            read_with_model(settings, store, [name for one in fresh for name in one.sessions])
    return summary
