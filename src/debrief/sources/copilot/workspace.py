"""`workspace.yaml`, which lies beside Copilot's events: a flat list of keys in, their texts out.

Only plain `key: value` lines and block texts are read; that is all that is ever written there.
"""

from debrief.sources.source import Document

LIMIT = 64 * 1024


def read_workspace(document: Document) -> dict[str, str]:
    """The keys of `document` with their texts; what is not understood is left out."""
    with document.open() as stream:
        content = stream.read(LIMIT)
    found: dict[str, str] = {}
    block: str | None = None
    for line in content.decode("utf-8", "replace").splitlines():
        if line[:1] in (" ", "\t"):
            if block is not None:
                found[block] = f"{found[block]}\n{line.strip()}".strip()
            continue
        key, colon, value = line.partition(":")
        block = None
        value = value.strip()
        if not colon or not key.strip() or line.startswith("#"):
            continue
        if value[:1] in ("|", ">"):
            block = key.strip()
            found[block] = ""
        elif value not in ("", "null", "~"):
            found[key.strip()] = _unquoted(value)
    return {key: value for key, value in found.items() if value}


def _unquoted(value: str) -> str:
    quote = value[:1]
    if len(value) > 1 and quote in ("'", '"') and value.endswith(quote):
        inner = value[1:-1]
        return inner.replace("''", "'") if quote == "'" else inner.replace('\\"', '"').replace("\\\\", "\\")
    return value
