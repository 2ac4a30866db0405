"""Every error that Debrief raises on purpose.

Each message is written for the person who reads it: what was wrong, where, and what to do. The web door
turns a class into a status, the command line into an exit code.

    DebriefError
      TranscriptError          a file that cannot become a session
        Unreadable             it could not be read (permission, a directory, gone)
        NotATranscript         empty, binary, or no format that we know
      StoreError               the database or the blob folder refused
        Unavailable            locked, gone, read-only or full: try again
        SchemaMismatch         the database was written by another version of Debrief
        Damaged                a raw transcript is not what was stored, or not to be opened with our key
        NotKept                a raw transcript was not kept, so that it cannot be read again
      SettingsError            a setting that makes no sense
      UpstreamError            the server that sessions are pulled from refused, or did not answer
    ModelError               a language model did not answer; the analysis by rules stands
      ModelTooSmall          the request is longer than the model takes
      BudgetUsedUp           what may be spent is spent
      ModelOutOfReach        no other request would be answered: the key, the account, the model's name
      KeyRefused               an API key that is unknown or revoked
      NotAllowed               a valid key without the right to this
      NotFound                 no such session, key or organization for this caller
"""


class DebriefError(Exception):
    """Root of the tree; its text is meant to be shown."""


class TranscriptError(DebriefError):
    """A file that cannot become a session; the import counts it and goes on."""


class Unreadable(TranscriptError):
    """The bytes could not be read."""


class NotATranscript(TranscriptError):
    """The bytes were read and hold no transcript that we know."""


class StoreError(DebriefError):
    """The database or the blob folder refused."""


class Unavailable(StoreError):
    """The store cannot be used now; the same call may succeed later."""


class SchemaMismatch(StoreError):
    """The database was written by a version of Debrief that this one cannot read."""


class Damaged(StoreError):
    """A raw transcript is not what was stored, or was sealed under another key."""


class NotKept(StoreError):
    """A raw transcript was not kept: what is stored of it cannot be derived again."""


class SettingsError(DebriefError):
    """A setting that makes no sense."""


class UpstreamError(DebriefError):
    """The server that sessions are pulled from refused, or did not answer; what came before is kept."""


class ModelError(DebriefError):
    """A language model did not answer; the analysis by rules stands."""


class ModelTooSmall(ModelError):
    """The request is longer than what the model takes."""


class BudgetUsedUp(ModelError):
    """What may be spent on a language model in a run or a day is spent."""


class ModelOutOfReach(ModelError):
    """No request would be answered: the key, the account or the model's name is refused."""


class KeyRefused(DebriefError):
    """An API key that is unknown or revoked."""


class NotAllowed(DebriefError):
    """A valid API key without the right to what was asked."""


class NotFound(DebriefError):
    """Nothing of that name for this caller."""
