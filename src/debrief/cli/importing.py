"""The commands that bring sessions in: `import`, `watch`, `reparse`, `pull`."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from debrief import report
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
from debrief.config import Settings, address_of_links, open_store, rules_of, word_of
from debrief.errors import SettingsError, StoreError, Unreadable
from debrief.llm import Analyser
from debrief.pipeline import reading, refresh, retention
from debrief.pipeline.decide import Identity
from debrief.pipeline.discover import Found, discover, on_this_machine
from debrief.pipeline.ingest import Summary, ingest
from debrief.pipeline.prepare import Workbench
from debrief.pipeline.reparse import reparse
from debrief.sources import homes
from debrief.store import BlobFolder, Store, usual
from debrief.store import sessions as rows_of_sessions


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
    with open_here(settings) as store:
        address = address_of_links(settings)
        found = list(discover(paths)) if paths else on_this_machine(os.environ)
        if not found and paths and not as_json:
            out.print(f"Nothing lies in {', '.join(map(str, paths))}.", markup=False)
            return
        if not found and not as_json:
            out.print(f"No transcripts on this machine. Looked where these keep them: {', '.join(homes())}.")
            return
        summary = import_found(settings, store, found, identity, address, here=not paths, quiet=as_json)
        fresh = [one for one in summary.outcomes if one.outcome in {"new", "updated"}]
        if settings.llm and fresh:
            read_with_model(settings, store, [name for one in fresh for name in one.sessions])
    if as_json:
        out.print_json(json.dumps(report.import_json(summary)))
    else:
        report.show_import(out, summary)
        if not paths:
            warn_of_deletion(found)
    counts = summary.counts()
    if counts["skipped"] and counts["skipped"] == sum(counts.values()):
        raise typer.Exit(1)


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
                report.show_import(out, summary)
                warn_of_deletion(found)
                out.print("Watching; Ctrl-C stops it.")
            else:
                report.show_changes(out, summary)
            first = False

        with suppress(KeyboardInterrupt):
            follow(os.environ, look, stop)
        stop.set()


@app.command("pull")
def pull_(
    url: Annotated[str, typer.Argument(help="Address of the API, such as https://api.example.com.")],
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


def identity_of(settings: Settings, *, user: str | None, tags: list[str], here: bool) -> Identity:
    """Whose sessions they are by settings, options and rules; `here`: they are this machine's own."""
    login = login_name() if here else None
    return Identity(
        enterprise_id=settings.enterprise_id,
        org_id=settings.org_id,
        user_id=login if user is None else word_of("the user", user),
        tags=tuple(sorted({word_of("the tag", one) for one in tags})),
        rules=rules_of(settings),
    )


def login_name() -> str | None:
    """The name that this machine's user has here; None where it could not be asked for."""
    with suppress(SettingsError):
        return word_of("the login", os.environ.get("USER") or os.environ.get("USERNAME") or "")
    return None


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


def warn_of_deletion(found: list[Found]) -> None:
    """Say where an agent is about to delete what was found here."""
    for one in retention.expiring(found, os.environ):
        err.print(
            f"{one.agent} deletes transcripts after {one.days} days: {one.soon} of {one.total} here are gone "
            f"within {retention.SOON_DAYS} days. Debrief has kept them; to keep the agent's own, raise "
            f"{one.key} in {one.settings}.",
            markup=False,
        )


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
