"""What a format must offer, and what it is given.

A format is a module in `formats/` with one instance of `SourceFormat` in `registry.FORMATS`. It gets a
`Transcript` (one main document and its companions, already opened by somebody else) and yields Sessions.
Parsing is a pure function of (bytes, parser version): no clock, no file system, no environment.
"""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol

from msgspec import Struct

from debrief.model import Session

HEAD_BYTES = 64 * 1024
"""How much of a document a format may look at to recognise it."""

Clean = Callable[[str], str]
"""Makes a string of a transcript fit to be stored: redacts secrets, keeps the rest. Pure."""


class Document(Struct, frozen=True):
    """One file of a transcript. `open` gives its bytes from the start each time it is called.

    `name` is the path's last part or, for a companion, its path below the main document's folder: a hint for
    naming a sub-agent, never believed about the content. `mtime_us` is when the file was last written.
    """

    name: str
    open: Callable[[], BinaryIO]
    mtime_us: int | None = None


class Transcript(Struct, frozen=True):
    """A main document and the files beside it that belong to the same session (sub-agents' transcripts)."""

    main: Document
    companions: tuple[Document, ...] = ()


class Companions(Struct, frozen=True):
    """Which files lie beside a main document and belong to it.

    `of` is a glob of the main file's name, `pattern` one of their paths relative to its folder; it may begin
    with `../`, hold `**`, and `{stem}` stands for the main file's name without its ending, `{base}` for what
    stands before its first dot. With `by_content` only those belong that name the stem in their first bytes
    (several sessions lie in one folder). `then` is a further pattern for each file that `pattern` finds,
    whose stem it takes, relative to the same folder. A file that is some main's companion is never read as a
    main document of its own.
    """

    of: str
    pattern: str
    by_content: bool = False
    then: str = ""


class SourceFormat(Protocol):
    """One transcript format of one agent.

    `name` is the word used in rows, counts and session ids (lower case, underscores); `title` is for people;
    `version` counts up whenever the same bytes would give another Session. `roots` are glob patterns of the
    folders where the agent keeps its transcripts, on Linux, macOS and Windows, with `~` and a leading
    `$VARIABLE` not yet expanded (separated by `/` everywhere), and `suffixes` the endings of files (whole
    names too) that are worth opening there. `companions` says which files belong to a main one.
    """

    @property
    def name(self) -> str:
        """See the class."""
        ...

    @property
    def title(self) -> str:
        """See the class."""
        ...

    @property
    def version(self) -> int:
        """See the class."""
        ...

    @property
    def roots(self) -> tuple[str, ...]:
        """See the class."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """See the class."""
        ...

    @property
    def companions(self) -> tuple[Companions, ...]:
        """See `Companions`."""
        ...

    def recognises(self, head: bytes) -> bool:
        """Whether `head`, at most the first `HEAD_BYTES` of a document, is of this format; by content."""
        ...

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the sessions of `transcript`, one at a time.

        Never raises for bad content: what cannot be read becomes an opaque event and a fault of the session.
        Raises `errors.NotATranscript` where the content turns out to hold no session at all.
        """
        ...


Query = Callable[[str], Iterator[dict[str, Any]]]
"""Runs one SELECT over a database, read-only, and yields its rows by column name."""


class SessionDatabase(Protocol):
    """A SQLite database in which an agent keeps many sessions: a container, taken apart into documents.

    Each session becomes one document of bytes, in a format that `registry.FORMATS` reads (the agent's own
    export where it has one), so that a session is kept, compared and parsed again by itself. `name` is for
    messages, `roots` and `suffixes` are as a format's, `tables` maps each table that tells this database
    from others to the columns that it needs there.
    """

    @property
    def name(self) -> str:
        """See the class."""
        ...

    @property
    def roots(self) -> tuple[str, ...]:
        """See the class."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """See the class."""
        ...

    @property
    def tables(self) -> dict[str, frozenset[str]]:
        """See the class."""
        ...

    def documents(self, query: Query, columns: dict[str, frozenset[str]]) -> Iterator["Exported"]:
        """Yield the sessions one at a time; `columns` are those of every table there is.

        Columns and values may be missing or of any type; nothing raises for them.
        """
        ...


class Exported(Struct, frozen=True):
    """One session taken out of a database: a file name, the document, and when it last changed."""

    name: str
    content: bytes
    mtime_us: int | None = None
