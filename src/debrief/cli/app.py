"""What all commands share: the app that they are added to, their options, consoles, settings and store."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from debrief.config import Settings, settings_from
from debrief.errors import DebriefError, Unreadable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

app = typer.Typer(
    help="Debrief: session insights for coding agents, on your own server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

TABLE_WIDTH = 160
"""A table is made at least so wide: ids are there to be copied, and are not to be cut."""


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
Org = Annotated[str | None, typer.Option(help="Organization that they belong to [DEBRIEF_ORG].")]
User = Annotated[str | None, typer.Option(help="User, where a transcript names none.")]
Tag = Annotated[list[str] | None, typer.Option(help="Tag to give them; may be repeated.")]


if TYPE_CHECKING:
    out: Console
    err: Console


def __getattr__(name: str) -> "Console":
    """The consoles `out` and `err`, which an import that finds nothing new does without: they load slowly."""
    if name not in {"out", "err"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rich.console import Console  # noqa: PLC0415 (see above)

    console = Console(stderr=name == "err", highlight=False, soft_wrap=True)
    globals()[name] = console
    return console


def print_table(table: "Table") -> None:
    """Print `table` wide enough for ids to stay whole, however narrow the terminal."""
    from rich.console import Console  # noqa: PLC0415 (see above)

    width = max(Console().width, TABLE_WIDTH)
    Console(highlight=False, width=width, soft_wrap=True).print(table, crop=False, no_wrap=True)


@app.callback()
def _commands() -> None:
    """Debrief: session insights for coding agents, on your own server."""


def show_lines(lines: Iterable[str]) -> None:
    """Print lines of text as they are."""
    for line in lines:
        typer.echo(line)


def path_of(text: str) -> Path:
    """A path that a person typed. An empty one would be the folder that we stand in."""
    if not text:
        raise Unreadable("an empty path names no file and no folder")
    return Path(text)


def main() -> None:
    """Run the command line; an error on purpose becomes one line and exit code 1."""
    try:
        app()
    except DebriefError as error:
        fail(error)


def fail(error: DebriefError) -> NoReturn:
    """Say what is wrong and end."""
    typer.echo(f"debrief: {error}", err=True)
    sys.exit(1)


def settings_of(**overrides: str | float | Path | None) -> Settings:
    """The settings of the environment, with what the command line says instead."""
    return settings_from(os.environ, **overrides)
