"""The commands: what a person types, and the words that come back. All work is done by the stations."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from debrief import __version__, report, samples
from debrief.config import Settings, name_of, organization_of, settings_from, word_of
from debrief.errors import DebriefError, SettingsError, Unreadable
from debrief.llm import Analyser
from debrief.pipeline import doctor, reading, refresh
from debrief.pipeline.discover import Found, discover, on_this_machine
from debrief.pipeline.ingest import Identity, Summary, ingest
from debrief.pipeline.prepare import Workbench, parse_and_analyse
from debrief.pipeline.raw import shown_path
from debrief.redaction import Redactor
from debrief.store import BlobFolder, SessionFilter, Store, keys, pages, usual
from debrief.web import serving
from debrief.wire import v2

app = typer.Typer(
    help="Debrief: session insights for coding agents, on your own server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
keys_app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

TABLE_WIDTH = 160
"""A table is made at least so wide: ids are there to be copied, and are not to be cut."""


def _path(text: str) -> Path:
    # An empty one would be the folder that we stand in.
    if not text:
        raise Unreadable("an empty path names no file and no folder")
    return Path(text)


out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Data = Annotated[
    Path | None, typer.Option(help="Folder for database and transcripts [DEBRIEF_DATA].", show_default=False)
]
Database = Annotated[
    str | None, typer.Option(help="Database URL [DEBRIEF_DATABASE_URL].", show_default=False)
]
Host = Annotated[str | None, typer.Option(help="Address to serve on [DEBRIEF_HOST].", show_default=False)]
Port = Annotated[
    int | None, typer.Option(help="Port to serve on, 0 for any [DEBRIEF_PORT].", show_default=False)
]
PublicUrl = Annotated[
    str | None,
    typer.Option(help="Address that links are made of [DEBRIEF_PUBLIC_URL].", show_default=False),
]
Workers = Annotated[int | None, typer.Option(help="Server processes [DEBRIEF_WORKERS].", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def run(
    data: Data = None,
    database_url: Database = None,
    host: Host = None,
    port: Port = None,
    public_url: PublicUrl = None,
) -> None:
    """Import the transcripts on this machine (or the samples), analyse them, and serve."""
    settings = _settings(data=data, database_url=database_url, host=host, port=port, public_url=public_url)
    with serving.bound(settings, next_free=True) as socket, _store(settings) as store:
        address = settings.address(socket.getsockname()[1])
        found = on_this_machine(os.environ)
        identity = Identity(
            enterprise_id=settings.enterprise_id, org_id=settings.org_id, user_id=_login_name()
        )
        if found:
            out.print(f"Found {len(found)} transcripts on this machine.")
        else:
            out.print(
                "No transcripts on this machine (looked in ~/.claude/projects, $CLAUDE_CONFIG_DIR, "
                "~/.codex/sessions, $CODEX_HOME): importing the bundled samples."
            )
            found = list(discover([samples.folder()]))
            identity = Identity(
                enterprise_id=settings.enterprise_id, org_id=settings.org_id, tags=("sample",)
            )
        report.show_import(out, _import(settings, store, found, identity, address))
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
    settings = _settings(
        data=data,
        database_url=database_url,
        host=host,
        port=port,
        public_url=public_url,
        workers=workers,
    )
    with serving.bound(settings, next_free=False) as socket, _store(settings) as store:
        address = settings.address(socket.getsockname()[1])
        out.print(f"Debrief is at {address}", markup=False)
        serving.serve(settings, store, socket, address)


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Transcripts, or folders of them.", parser=_path)],
    org: Annotated[str | None, typer.Option(help="Organization that they belong to [DEBRIEF_ORG].")] = None,
    user: Annotated[str | None, typer.Option(help="User, where a transcript names none.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag to give them; may be repeated.")] = None,
    data: Data = None,
    database_url: Database = None,
    public_url: PublicUrl = None,
    as_json: Json = False,
) -> None:
    """Import and analyse transcripts; what was imported before and is unchanged is passed over."""
    settings = _settings(data=data, database_url=database_url, public_url=public_url, org=org)
    identity = Identity(
        enterprise_id=settings.enterprise_id,
        org_id=settings.org_id,
        user_id=None if user is None else word_of("the user", user),
        tags=tuple(sorted({word_of("the tag", one) for one in tag or []})),
    )
    with _store(settings) as store:
        address = serving.address_of_links(settings)
        summary = _import(settings, store, list(discover(paths)), identity, address, quiet=as_json)
        fresh = [one for one in summary.outcomes if one.outcome in {"new", "updated"}]
        if settings.llm and fresh:
            _read(settings, store, [name for one in fresh for name in one.sessions])
    if as_json:
        out.print_json(json.dumps(report.import_json(summary)))
    else:
        report.show_import(out, summary)
    counts = summary.counts()
    if counts["skipped"] and counts["skipped"] == sum(counts.values()):
        raise typer.Exit(1)


@app.command()
def analyse(
    file: Annotated[
        Path | None,
        typer.Argument(help="A transcript. Without: a language model reads what is stored.", parser=_path),
    ] = None,
    llm: Annotated[bool, typer.Option("--llm", help="Let the model of DEBRIEF_LLM read it too.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many stored sessions at most.")] = None,
    data: Data = None,
    database_url: Database = None,
    public_url: PublicUrl = None,
    as_json: Json = False,
) -> None:
    """Analyse one transcript and print what is found, without storing anything."""
    settings = _settings(data=data, database_url=database_url, public_url=public_url)
    if settings.llm is None and (llm or file is None):
        _fail(SettingsError("no language model is set: set DEBRIEF_LLM, or name a transcript"))
    if file is None:
        with _store(settings) as store:
            _read(settings, store, None, limit)
        return
    name = shown_path(str(file), Redactor(report.PREVIEW_KEY))
    if file.is_dir():
        _fail(Unreadable(f"{name} is a folder; `debrief import` takes folders"))
    try:
        parsed = parse_and_analyse(next(discover([file])), report.PREVIEW_KEY)
    except DebriefError as error:
        _fail(type(error)(f"{name}: {error}"))
    found = parsed.sessions
    if settings.llm is not None and llm:
        found = reading.read_all(found, partial(Analyser, settings.llm, settings.llm_folder))
    if as_json:
        for one in found:
            document = report.analysis_json(parsed.format, *one, settings=settings)
            sys.stdout.write(json.dumps(document, ensure_ascii=True) + "\n")
    else:
        for session, analysis in found:
            report.show(out, session, analysis)


@app.command()
def sessions(
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    skip: Annotated[int, typer.Option(min=0)] = 0,
    data: Data = None,
    database_url: Database = None,
    as_json: Json = False,
) -> None:
    """List what is stored, newest first."""
    settings = _settings(data=data, database_url=database_url)
    wanted = SessionFilter(enterprise_id=settings.enterprise_id)
    with _store(settings) as store:
        if as_json:
            page = pages.read_page(store, wanted, skip=skip, limit=limit, detail=True)
            sys.stdout.write(v2.page(page.items, total=page.total, skip=skip, limit=limit).decode() + "\n")
            return
        rows, total = pages.read_rows(store, wanted, skip=skip, limit=limit)
    table = Table("session", "began", "status", "issues", "title", box=None)
    for row in rows:
        began = v2.wire_time(row.created_us)[:16].replace("T", " ")
        table.add_row(row.session_id, began, row.status, str(row.issue_count), escape((row.title or "")[:60]))
    out.print(table, width=max(out.width, TABLE_WIDTH), crop=False)
    out.print(f"{len(rows)} of {total} sessions")


@app.command("doctor")
def examine(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Read every raw transcript too.")] = False,
    data: Data = None,
    database_url: Database = None,
    as_json: Json = False,
) -> None:
    """Check that totals, rows, items and transcripts agree; exit code 1 where they do not."""
    settings = _settings(data=data, database_url=database_url)
    blobs = BlobFolder(settings.blob_folder, settings.secret()) if raw else None
    with _store(settings) as store:
        found = doctor.examine(store, settings.enterprise_id, blobs)
        if repair and any(one.is_mendable for one in found):
            doctor.repair(store, settings.enterprise_id)
            left = doctor.examine(store, settings.enterprise_id, blobs)
        else:
            left = found
    if as_json:
        out.print_json(json.dumps({"found": [report.finding_json(one) for one in found], "left": len(left)}))
    else:
        for one in found[: doctor.SHOWN]:
            out.print(f"{one.kind}: {one.what}", markup=False)
        if len(found) > doctor.SHOWN:
            out.print(f"and {len(found) - doctor.SHOWN} more")
        out.print(f"{len(found)} findings, {len(found) - len(left)} mended" if found else "All agrees.")
    if left:
        raise typer.Exit(1)


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    org: Annotated[str | None, typer.Option(help="Bind the key to this organization.")] = None,
    data: Data = None,
    database_url: Database = None,
) -> None:
    """Make a key and print it, alone; it is not shown again."""
    settings = _settings(data=data, database_url=database_url)
    name = name_of("the key's name", name)
    org_id = None if org is None else organization_of(org)
    with _store(settings) as store:
        _, secret = keys.create_key(store, settings.enterprise_id, name, org_id)
    sys.stdout.write(secret + "\n")


@keys_app.command("list")
def keys_list(data: Data = None, database_url: Database = None, as_json: Json = False) -> None:
    """List the keys, without their secrets."""
    settings = _settings(data=data, database_url=database_url)
    with _store(settings) as store:
        found = keys.list_keys(store, settings.enterprise_id)
    if as_json:
        out.print_json(json.dumps([report.key_json(key) for key in found]))
        return
    table = Table("id", "name", "organization", "key", "created", "state", box=None)
    for key in found:
        state = "revoked" if key.revoked_us else "good"
        created = v2.wire_time(key.created_us)[:16].replace("T", " ")
        table.add_row(key.key_id, escape(key.name), escape(key.org_id or "all"), key.hint, created, state)
    out.print(table, width=max(out.width, TABLE_WIDTH), crop=False)


@keys_app.command("revoke")
def keys_revoke(
    key_id: Annotated[str, typer.Argument(help="The id that `debrief keys list` shows.")],
    data: Data = None,
    database_url: Database = None,
) -> None:
    """Refuse a key from now on."""
    settings = _settings(data=data, database_url=database_url)
    with _store(settings) as store:
        keys.revoke_key(store, settings.enterprise_id, key_id)
    out.print(f"Revoked {key_id}.", markup=False)


@app.command()
def version() -> None:
    """Print the version."""
    out.print(f"debrief {__version__}")


def main() -> None:
    """Run the command line; an error on purpose becomes one line and exit code 1."""
    try:
        app()
    except DebriefError as error:
        _fail(error)


def _fail(error: DebriefError) -> NoReturn:
    err.print(f"debrief: {error}", markup=False)
    sys.exit(1)


def _settings(**overrides: str | float | Path | None) -> Settings:
    return settings_from(os.environ, **overrides)


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unreadable(f"the data folder {settings.data} cannot be made: {error.strerror}") from error
    store = serving.open_store(settings)
    try:
        yield store
    finally:
        store.close()


def _import(
    settings: Settings,
    store: Store,
    found: list[Found],
    identity: Identity,
    address: str,
    *,
    quiet: bool = False,
) -> Summary:
    BlobFolder(settings.blob_folder).sweep()
    with store.read() as connection:
        common = usual(connection, identity.enterprise_id, identity.org_id)
    bench = Workbench(
        key=settings.secret(),
        usd_per_acu=settings.usd_per_acu,
        blob_folder=str(settings.blob_folder),
        usual=common,
        keep_raw=settings.keep_raw,
    )
    said = TextColumn("Importing and analysing")
    columns = (said, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet, transient=not err.is_terminal) as bar:
        task = bar.add_task("import", total=len(found))
        summary = ingest(
            store,
            found,
            identity=identity,
            bench=bench,
            public_url=address,
            progress=lambda more: bar.advance(task, more),
        )
    refresh.settle(store, settings.enterprise_id, address)
    return summary


def _read(settings: Settings, store: Store, names: list[str] | None, limit: int | None = None) -> None:
    """Let the language model read these stored sessions, or all; what it cost is told beside the output."""
    if settings.llm is None:
        return
    enterprise_id, address = settings.enterprise_id, serving.address_of_links(settings)
    todo = reading.newest(store, enterprise_id) if names is None else names
    make = partial(Analyser, settings.llm, settings.llm_folder)
    told = reading.read_stored(store, enterprise_id, address, todo, make, most=limit)
    err.print(report.readings_text(told), markup=False)


def _login_name() -> str | None:
    with suppress(SettingsError):
        return word_of("the login", os.environ.get("USER") or os.environ.get("USERNAME") or "")
    return None
