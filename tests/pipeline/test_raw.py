"""Raw transcripts kept in each of the three ways, and read again."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from debrief import samples
from debrief.errors import Damaged, NotATranscript, NotKept
from debrief.model import Session
from debrief.pipeline import raw
from debrief.pipeline.discover import discover
from debrief.pipeline.keep import KeepRaw
from debrief.pipeline.prepare import Workbench, prepare
from debrief.pipeline.raw import keep_raw, read_raw, redacted
from debrief.redaction import Redactor
from debrief.sources import Document, Transcript, sniff
from debrief.sources.source import HEAD_BYTES
from debrief.store import BlobFolder

KEY = b"k" * 32
CLEAN = Redactor(KEY)
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
PASSWORD = "t0p" + "S3cret&now"
KEY_BLOCK = "-----BEGIN RSA PRIVATE " + "KEY-----\n" + "Zt4Rw9aB3xK7mQ2pL5vN8sHd6Jf1Gc0Y\n" * 9
KEY_BLOCK += "-----END RSA PRIVATE " + "KEY-----"


def bench(folder: Path, way: KeepRaw) -> Workbench:
    return Workbench(key=KEY, usd_per_acu=2.0, blob_folder=str(folder), keep_raw=way)


def masked(content: bytes) -> bytes:
    return redacted(io.BytesIO(content), CLEAN).read()


def parsed(transcript: Transcript) -> list[Session]:
    with transcript.main.open() as stream:
        source = sniff(stream.read(HEAD_BYTES))
    return list(source.parse(transcript, CLEAN))


def sample() -> Path:
    return next(
        path for path in sorted((samples.folder()).rglob("*.jsonl")) if b"postgres" in path.read_bytes()
    )


def test_sealed_is_the_default_and_gives_every_byte_back(tmp_path: Path) -> None:
    found = next(discover([sample()]))
    documents = keep_raw(found, Workbench(key=KEY, usd_per_acu=2.0, blob_folder=str(tmp_path)))
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".sealed"]
    with read_raw("s", documents, BlobFolder(tmp_path, KEY)).main.open() as stream:
        assert stream.read() == sample().read_bytes()


def test_no_keeps_nothing_and_says_so_when_it_is_wanted(tmp_path: Path) -> None:
    done = prepare(next(discover([sample()])), bench(tmp_path, "no"))
    assert (done.documents, list(tmp_path.iterdir())) == ((), [])
    assert len(done.sessions) == 1
    with pytest.raises(NotKept, match=r"claude-code-1 was not kept \(DEBRIEF_KEEP_RAW=no\)"):
        read_raw("claude-code-1", done.documents, BlobFolder(tmp_path, KEY))


def test_a_document_that_is_gone_or_changed_is_said_to_be(tmp_path: Path) -> None:
    documents = keep_raw(next(discover([sample()])), bench(tmp_path, "sealed"))
    again = read_raw("s-1", documents, BlobFolder(tmp_path))
    with pytest.raises(Damaged, match=r"the transcript \w{12} of s-1 is sealed, and no secret\.key"):
        again.main.open()
    next(path for path in tmp_path.rglob("*") if path.is_file()).unlink()
    with pytest.raises(NotKept, match=r"of s-1 is gone from the blob folder"):
        read_raw("s-1", documents, BlobFolder(tmp_path, KEY)).main.open()


def test_redacted_lies_open_without_its_secrets_and_parses_to_the_same(tmp_path: Path) -> None:
    found = next(discover([sample()]))
    documents = keep_raw(found, bench(tmp_path, "redacted"))
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert path.suffix == ".zst"
    folder = BlobFolder(tmp_path)
    kept = folder.read(documents[0].digest)
    assert b"[redacted:url-password:" in kept
    assert kept.count(b"\n") == sample().read_bytes().count(b"\n")
    before = Transcript(Document(sample().name, lambda: sample().open("rb")))
    assert parsed(read_raw("s", documents, folder)) == parsed(before)


JSON_CASES = {
    "plain": json.dumps({"text": f"use {TOKEN} now"}),
    "behind an escape": json.dumps({"text": f"line\n{TOKEN}\tend"}),
    "behind an escaped colour": json.dumps({"text": f"\x1b[32m{TOKEN}\x1b[0m"}),
    "beside its name": json.dumps({"db_password": PASSWORD}),
    "escaped letters": '{"password": "' + PASSWORD.replace("&", "\\u0026") + '"}',
    "JSON in JSON": json.dumps({"arguments": json.dumps({"cmd": f"export A=1\n{TOKEN}"})}),
    "deeper": json.dumps([json.dumps([json.dumps([json.dumps([f"x\n{TOKEN}"])])])]),
    "a key block": json.dumps({"text": f"see:\n{KEY_BLOCK}\n"}),
    "a name of a field": json.dumps({TOKEN: 1}),
    "a non-ASCII neighbour": json.dumps({"text": f"gr\u00fc\u00df {TOKEN}"}, ensure_ascii=False),
    "a lone surrogate": json.dumps({"text": f"\ud83d {TOKEN}"}),
    "spread over lines": json.dumps({"a": [1.50, {"text": TOKEN}], "b": 1e400}, indent=2),
    "broken off": json.dumps({"text": f"a\n{TOKEN} and more"})[:-6],
    "no JSON in between": f'{{"a": 1}}\n{TOKEN}\n{{"password": "{PASSWORD}"}}\n',
}


@pytest.mark.parametrize("text", JSON_CASES.values(), ids=JSON_CASES.keys())
def test_json_stays_json_without_its_secrets(text: str) -> None:
    kept = masked(text.encode()).decode()
    assert "[redacted:" in kept
    for secret in (TOKEN, TOKEN[8:], PASSWORD, KEY_BLOCK[40:60]):
        assert secret not in kept
    try:
        before = json.loads(text)
    except ValueError:
        return
    assert shape(json.loads(kept)) == shape(before)
    assert masked(kept.encode()).decode() == kept


def shape(value: object) -> object:
    """The kinds of all values: what a secret may change is the text of strings."""
    if isinstance(value, dict):
        return [shape(inner) for inner in value.values()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return str if isinstance(value, str) else value


UNTOUCHED = [
    b'{"a":1.50,"b":[1e3,"x\\/y"], "\\u00e4": null}\n\n{"a": 2}',
    b'\xef\xbb\xbf{"a": "\xc3\xa4 \xff"}\n',
    b'{"a": "broken \\',
    b'{"a": "\\" \\" \\"\n"b"',
    b"# Chat\n\n#### do it\n",
    b"\x00\x01\xff binary",
    b"",
    b"\n\n",
    b'{"id":"550e8400-e29b-41d4-a716-446655440000","commit":"3f786850e387550fdab836ed7e6dc881de23001b"}',
]


@pytest.mark.parametrize("content", UNTOUCHED)
def test_what_holds_no_secret_keeps_every_byte(content: bytes) -> None:
    assert masked(content) == content


def test_markdown_is_cleaned_as_one_text() -> None:
    content = f"\n# Chat\n\n> cat key\n{KEY_BLOCK}\n\npassword: '{PASSWORD}'\n"
    kept = masked(content.encode()).decode()
    assert kept.count("[redacted:") == 2
    assert kept.startswith("\n# Chat\n\n> cat key\n[redacted:private-key:")


def test_hostile_quotes_cost_no_more_than_their_length(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counting(text: str) -> str:
        nonlocal asked
        asked += len(text)
        return text

    monkeypatch.setattr(raw, "printable", lambda text: text)
    for part in ('"', '\\"', "\\", '{"', '["{\\"', "{", '"\\u'):
        asked = 0
        content = (b'{"' + part.encode() * (60_000 // len(part))) + b"\n"
        redacted(io.BytesIO(content), counting).read()
        assert asked <= 6 * len(content)


def transcripts() -> Iterator[Path]:
    return (
        path
        for path in sorted(CORPUS.rglob("*"))
        if path.is_file() and path.suffix in {".jsonl", ".json", ".md"}
    )


def test_the_corpus_parses_again_to_the_same_sessions() -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}")
    read = 0
    for path in transcripts():
        content = path.read_bytes()
        if len(content) > 3_000_000:
            continue
        kept = masked(content)
        try:
            before = parsed(Transcript(Document(path.name, lambda content=content: io.BytesIO(content))))  # type: ignore[misc]
        except NotATranscript:
            continue
        after = parsed(Transcript(Document(path.name, lambda kept=kept: io.BytesIO(kept))))  # type: ignore[misc]
        assert [named(one) for one in after] == [named(one) for one in before], path
        read += 1
    assert read > 20


def named(session: Session) -> Session:
    return msgspec.structs.replace(session, faults=())
