"""The commands that bring sessions in besides `import`, and what they share: `watch`, `reparse`, `pull`."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from debrief import report
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
    settings_of,
    show_lines,
)
from debrief.cli.quick import identity_of, warn_of_deletion
from debrief.config import Settings, address_of_links, open_store
from debrief.errors import SettingsError, StoreError, Unreadable
from debrief.llm.analyser import Analyser
from debrief.pipeline import reading, refresh
from debrief.pipeline.discover import Found, on_this_machine
from debrief.pipeline.identity import Identity
from debrief.pipeline.ingest import ingest
from debrief.pipeline.outcome import Summary
from debrief.pipeline.prepare import Workbench
from debrief.pipeline.reparse import reparse
from debrief.store import BlobFolder, Store
from debrief.store import sessions as rows_of_sessions
from debrief.store.usual import usual


@app.command()
def watch(
    org: Org = None,
    user: User = None,
    tag: Tag = None,
    data: Data = None,
    database_url: Database = None,
    public_url: PublicUrl = None,
) -> None:
    """Follow the agents' folders on this machine and import what is new, until Ctrl-C."""
    from debrief.pipeline.watch import watch as follow  # noqa: PLC0415 (only this command needs its library)

    settings = settings_of(data=data, database_url=database_url, public_url=public_url, org=org)
    identity = identity_of(settings, user=user, tags=tag or [], here=True)
    stop = threading.Event()
    with open_here(settings) as store:
        first = True

        def look() -> None:
            nonlocal first
            found = on_this_machine(os.environ)
            address = address_of_links(settings)
            try:
                summary = import_found(settings, store, found, identity, address, here=True, quiet=not first)
            except StoreError as error:
                if first:
                    raise
                err.print(f"debrief: {error}; the next look tries again", markup=False)
                return
            if first:
                show_lines(outcomes.import_text(summary))
                warn_of_deletion(found)
                out.print("Watching; Ctrl-C stops it.")
            else:
                show_lines(outcomes.changes_text(summary))
            first = False

        with suppress(KeyboardInterrupt):
            follow(os.environ, look, stop)
        stop.set()


@app.command("pull")
def pull_(
    url: Annotated[str, typer.Argument(help="Address of the API, such as https://api.example.com.")],
    *,
    key_env: Annotated[
        str, typer.Option(help="Environment variable that holds the key.")
    ] = "DEBRIEF_PULL_KEY",
    api: Annotated[str, typer.Option(help="Generation of the API: v2 or v3.")] = "v2",
    every: Annotated[bool, typer.Option("--all", help="Everything, not what changed since.")] = False,
    insecure: Annotated[
        bool, typer.Option("--allow-http", help="Send the key without encryption, beyond this machine too.")
    ] = False,
    org: Org = None,
    user: User = None,
    tag: Tag = None,
    data: Data = None,
    database_url: Database = None,
    public_url: PublicUrl = None,
) -> None:
    """Pull sessions from a server that speaks the v2 or v3 sessions API; the next pull asks for changes."""
    from debrief.pipeline.asking import Upstream  # noqa: PLC0415 (only this command needs an HTTP client)
    from debrief.pipeline.pull import pull  # noqa: PLC0415 (the same)

    settings = settings_of(data=data, database_url=database_url, public_url=public_url, org=org)
    key = os.environ.get(key_env)
    if not key:
        raise SettingsError(f"the environment variable {key_env} holds no key; set it, or name another one")
    with Upstream(url, key, allow_http=insecure) as upstream, open_here(settings) as store:
        told = pull(
            store,
            upstream,
            identity=identity_of(settings, user=user, tags=tag or [], here=False),
            bench=workbench(settings, store),
            public_url=address_of_links(settings),
            api=api,
            since_us=0 if every else None,
        )
    report.show_pulled(out, told)


@app.command("reparse")
def reparse_(
    every: Annotated[bool, typer.Option("--all", help="Also what these very versions have read.")] = False,
    data: Data = None,
    database_url: Database = None,
    public_url: PublicUrl = None,
    as_json: Json = False,
) -> None:
    """Read stored sessions again from their kept transcripts, and say what that changed."""
    settings = settings_of(data=data, database_url=database_url, public_url=public_url)
    blobs = BlobFolder(settings.blob_folder, settings.secret())
    with open_here(settings) as store:
        with store.read() as connection:
            total = rows_of_sessions.count(connection, settings.enterprise_id)
        with progress_bar("Reading again", total, quiet=as_json) as advance:
            told = reparse(
                store,
                settings.enterprise_id,
                address_of_links(settings),
                workbench(settings, store),
                blobs,
                every=every,
                progress=advance,
            )
    if as_json:
        out.print_json(json.dumps(report.reparsed_json(told)))
    else:
        report.show_reparsed(out, told)


@contextmanager
def open_here(settings: Settings) -> Iterator[Store]:
    """The store, and the data folder made where there is none."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unreadable(f"the data folder {settings.data} cannot be made: {error.strerror}") from error
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()


def workbench(settings: Settings, store: Store, *, here: bool = False) -> Workbench:
    """What preparing needs; `here`: this machine's git may be asked."""
    BlobFolder(settings.blob_folder).sweep()
    with store.read() as connection:
        common = usual(connection, settings.enterprise_id, settings.org_id)
    return Workbench(
        key=settings.secret(),
        usd_per_acu=settings.usd_per_acu,
        blob_folder=str(settings.blob_folder),
        usual=common,
        ask_git=here,
        keep_raw=settings.keep_raw,
    )


@contextmanager
def progress_bar(words: str, total: int, *, quiet: bool) -> Iterator[partial[None]]:
    """A bar beside the output; yields what is to be told how many more are done."""
    columns = (TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet, transient=not err.is_terminal) as bar:
        yield partial(bar.advance, bar.add_task("work", total=total))


def import_found(
    settings: Settings,
    store: Store,
    found: list[Found],
    identity: Identity,
    address: str,
    *,
    here: bool = False,
    quiet: bool = False,
) -> Summary:
    """Import what was found, and settle what has gone silent."""
    bench = workbench(settings, store, here=here)
    with progress_bar("Importing and analysing", len(found), quiet=quiet) as advance:
        summary = ingest(store, found, identity=identity, bench=bench, public_url=address, progress=advance)
    refresh.settle(store, settings.enterprise_id, address)
    return summary


def read_with_model(
    settings: Settings, store: Store, names: list[str] | None, limit: int | None = None
) -> None:
    """Let the language model read these stored sessions, or all; what it cost is told beside the output."""
    if settings.llm is None:
        return
    enterprise_id, address = settings.enterprise_id, address_of_links(settings)
    todo = reading.newest(store, enterprise_id) if names is None else names
    make = partial(Analyser, settings.llm, settings.llm_folder)
    told = reading.read_stored(store, enterprise_id, address, todo, make, most=limit)
    err.print(report.readings_text(told), markup=False)
