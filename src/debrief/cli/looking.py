"""The commands that show what is stored, or what a transcript says; only `doctor --repair` changes it."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from debrief import __version__, report
from debrief import explain as explaining
from debrief.cli.app import (
    Data,
    Database,
    Json,
    PublicUrl,
    app,
    fail,
    out,
    path_of,
    print_table,
    settings_of,
)
from debrief.cli.importing import open_here, read_with_model
from debrief.errors import DebriefError, NotFound, SettingsError, Unreadable
from debrief.llm.analyser import Analyser
from debrief.pipeline import doctor, reading
from debrief.pipeline.discover import discover
from debrief.pipeline.export import export_atif
from debrief.pipeline.prepare import parse_and_analyse
from debrief.pipeline.raw import shown_path
from debrief.redaction import Redactor
from debrief.store import BlobFolder, SessionFilter, pages
from debrief.store import sessions as rows_of_sessions
from debrief.wire import v2


@app.command()
def analyse(
    file: Annotated[
        Path | None,
        typer.Argument(help="A transcript. Without: a language model reads what is stored.", parser=path_of),
    ] = None,
    llm: Annotated[bool, typer.Option("--llm", help="Let the model of DEBRIEF_LLM read it too.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many stored sessions at most.")] = None,
    data: Data = None,
    database_url: Database = None,
    public_url: PublicUrl = None,
    as_json: Json = False,
) -> None:
    """Analyse one transcript and print what is found, without storing anything."""
    settings = settings_of(data=data, database_url=database_url, public_url=public_url)
    if settings.llm is None and (llm or file is None):
        fail(SettingsError("no language model is set: set DEBRIEF_LLM, or name a transcript"))
    if file is None:
        with open_here(settings) as store:
            read_with_model(settings, store, None, limit)
        return
    name = shown_path(str(file), Redactor(report.PREVIEW_KEY))
    if file.is_dir():
        fail(Unreadable(f"{name} is a folder; `debrief import` takes folders"))
    try:
        parsed = parse_and_analyse(next(discover([file])), report.PREVIEW_KEY)
    except DebriefError as error:
        fail(type(error)(f"{name}: {error}"))
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
    settings = settings_of(data=data, database_url=database_url)
    wanted = SessionFilter(enterprise_id=settings.enterprise_id)
    with open_here(settings) as store:
        if as_json:
            page = pages.read_page(store, wanted, skip=skip, limit=limit, detail=True)
            sys.stdout.write(v2.page(page.items, total=page.total, skip=skip, limit=limit).decode() + "\n")
            return
        rows, total = pages.read_rows(store, wanted, skip=skip, limit=limit)
    table = Table("session", "began", "status", "issues", "title", box=None)
    for row in rows:
        began = v2.wire_time(row.created_us)[:16].replace("T", " ")
        table.add_row(row.session_id, began, row.status, str(row.issue_count), escape((row.title or "")[:60]))
    print_table(table)
    out.print(f"{len(rows)} of {total} sessions")


@app.command()
def explain(
    session_id: Annotated[str, typer.Argument(help="The id that `debrief sessions` shows.")],
    data: Data = None,
    database_url: Database = None,
    as_json: Json = False,
) -> None:
    """Say how a session's numbers came about, and what a naive sum would have said."""
    settings = settings_of(data=data, database_url=database_url)
    with open_here(settings) as store, store.read() as connection:
        stored = rows_of_sessions.find(connection, settings.enterprise_id, session_id)
    if stored is None:
        raise NotFound(f"no session {session_id}; `debrief sessions` lists them")
    if as_json:
        sys.stdout.write(json.dumps(explaining.explain_json(stored)) + "\n")
    else:
        explaining.explain(out, stored)


@app.command()
def export(
    session_id: Annotated[str, typer.Argument(help="The id that `debrief sessions` shows.")],
    _: Annotated[bool, typer.Option("--atif", help="As an ATIF trajectory, the one form so far.")] = True,
    file: Annotated[Path | None, typer.Option("--out", help="Write here, not to the output.")] = None,
    data: Data = None,
    database_url: Database = None,
) -> None:
    """Write a session as a document that other programs read."""
    settings = settings_of(data=data, database_url=database_url)
    with open_here(settings) as store:
        document = export_atif(store, settings.enterprise_id, session_id)
    if file is None:
        sys.stdout.buffer.write(document + b"\n")
        return
    try:
        file.write_bytes(document + b"\n")
    except OSError as error:
        raise Unreadable(f"{file} cannot be written: {error.strerror}") from error


@app.command("doctor")
def examine(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Read every raw transcript too.")] = False,
    data: Data = None,
    database_url: Database = None,
    as_json: Json = False,
) -> None:
    """Check that totals, rows, items and transcripts agree; exit code 1 where they do not."""
    settings = settings_of(data=data, database_url=database_url)
    blobs = BlobFolder(settings.blob_folder, settings.secret()) if raw else None
    with open_here(settings) as store:
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


@app.command()
def version() -> None:
    """Print the version."""
    out.print(f"debrief {__version__}")
