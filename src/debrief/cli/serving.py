"""The commands that serve: `run`, which imports first, and `serve`."""

import os

from rich.markup import escape

from debrief import samples
from debrief.cli import outcomes
from debrief.cli.app import Data, Database, Host, Port, PublicUrl, Workers, app, out, settings_of, show_lines
from debrief.cli.importing import import_found, open_here
from debrief.cli.quick import identity_of, warn_of_deletion
from debrief.pipeline.discover import discover, on_this_machine
from debrief.pipeline.identity import Identity
from debrief.sources import homes


@app.command()
def run(
    data: Data = None,
    database_url: Database = None,
    host: Host = None,
    port: Port = None,
    public_url: PublicUrl = None,
) -> None:
    """Import the transcripts on this machine (or the samples), analyse them, and serve."""
    from debrief.web import serving  # noqa: PLC0415 (other commands need no server, and start sooner)

    settings = settings_of(data=data, database_url=database_url, host=host, port=port, public_url=public_url)
    with serving.bound(settings, next_free=True) as socket, open_here(settings) as store:
        address = settings.address(socket.getsockname()[1])
        found = on_this_machine(os.environ)
        here = bool(found)
        if here:
            out.print(f"Found {len(found)} transcripts on this machine.")
            identity = identity_of(settings, user=None, tags=[], here=True)
        else:
            out.print(
                f"No transcripts on this machine (looked where these keep them: {', '.join(homes())}): "
                "importing the bundled samples."
            )
            found = list(discover([samples.folder()]))
            identity = Identity(
                enterprise_id=settings.enterprise_id, org_id=settings.org_id, tags=("sample",)
            )
        show_lines(outcomes.import_text(import_found(settings, store, found, identity, address, here=here)))
        if here:
            warn_of_deletion(found)
        if settings.llm:
            out.print("A language model is set; `debrief analyse` lets it read what is stored.")
        key = serving.local_key(settings, store)
        out.print(f"\n[bold]Debrief[/bold] is at [bold]{escape(address)}[/bold]")
        out.print(f"Key: {key}")
        out.print("Try:")
        out.print(
            f"curl -s '{address}/v2/enterprise/sessions/insights?limit=10&skip=0' "
            f"-H 'Authorization: Bearer {key}'",
            markup=False,
        )
        out.print("\nCtrl-C stops it.")
        serving.serve(settings, store, socket, address)


@app.command()
def serve(
    data: Data = None,
    database_url: Database = None,
    host: Host = None,
    port: Port = None,
    public_url: PublicUrl = None,
    workers: Workers = None,
) -> None:
    """Serve the API and the pages over what is imported."""
    from debrief.web import serving  # noqa: PLC0415 (other commands need no server, and start sooner)

    settings = settings_of(
        data=data,
        database_url=database_url,
        host=host,
        port=port,
        public_url=public_url,
        workers=workers,
    )
    with serving.bound(settings, next_free=False) as socket, open_here(settings) as store:
        address = settings.address(socket.getsockname()[1])
        out.print(f"Debrief is at {address}", markup=False)
        serving.serve(settings, store, socket, address)
