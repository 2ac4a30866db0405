"""What a format must offer, and what it is given.

A format is a module in `formats/` with one instance of `SourceFormat` in `registry.FORMATS`. It gets a
`Transcript` (one main document and its companions, already opened by somebody else) and yields Sessions.
Parsing is a pure function of (bytes, parser version): no clock, no file system, no environment.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

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


class SourceFormat(Protocol):
    """One transcript format of one agent.

    `name` is the word used in rows, counts and session ids (lower case, underscores); `title` is for people;
    `version` counts up whenever the same bytes would give another Session. `roots` are glob patterns of the
    folders where the agent keeps its transcripts, with `~` and `$VARIABLE` not yet expanded, and `suffixes`
    the endings of files that are worth opening there. `companions` are glob patterns, relative to the main
    document's folder, of the files that belong to it (`{stem}` stands for its name without ending).
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
    def companions(self) -> tuple[str, ...]:
        """See the class."""
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
