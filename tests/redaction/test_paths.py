"""One table of all paths that a transcript's text can take, one test over it: no secret comes through any.

What is imported by the command is looked for everywhere: tables, raw documents, pages, answers, what a model
would be sent, logs and what the commands print.
"""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest
import zstandard
from planted import PATHS, fragments, secret, write
from sqlalchemy import create_engine, inspect, text
from starlette.testclient import TestClient

from debrief.cli import main
from debrief.config import Settings, settings_from
from debrief.llm.asking import question
from debrief.llm.settings import LlmSettings
from debrief.llm.shown import parts_of
from debrief.redaction import Redactor
from debrief.report import PREVIEW_KEY
from debrief.store import Store, keys, sessions
from debrief.web.app import create_app

ROOT = Path(__file__).parents[2]

Reached = dict[str, bytes]
"""What text can reach, by name: all that it holds."""


def run(settings: Settings, *arguments: str, way: str = "sealed") -> bytes:
    """What the command prints, on both ways out, without a process of its own."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setenv("DEBRIEF_DATA", str(settings.data))
        patch.setenv("DEBRIEF_KEEP_RAW", way)
        patch.setattr("sys.argv", ["debrief", *arguments])
        with suppress(SystemExit):
            main()
    return said.getvalue().encode()


def printed(settings: Settings, folder: Path, transcript: Path) -> Reached:
    """What the commands print, the import first."""
    given = ("--user", f"dev {secret('user on the command line')}", "--tag", f"of {secret('tag')}")
    return {
        "import": run(settings, "import", str(folder), *given),
        "import --json": run(settings, "import", str(folder), "--json", *given),
        "analyse": run(settings, "analyse", str(transcript)),
        "analyse --json": run(settings, "analyse", str(transcript), "--json"),
        "analyse of no transcript": run(settings, "analyse", str(next(transcript.parent.glob("notes*")))),
        "sessions": run(settings, "sessions"),
        "sessions --json": run(settings, "sessions", "--json"),
        "doctor --raw": run(settings, "doctor", "--raw"),
    }


def rows_of(settings: Settings) -> Reached:
    """Every column of every table; what is packed is unpacked too."""
    engine = create_engine(settings.database_url)
    found: Reached = {}
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            held = b""
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608 (our own tables)
                for value in row:
                    held += unpacked(value) if isinstance(value, bytes) else str(value).encode() + b"\n"
            found[f"table {table}"] = held
    engine.dispose()
    for path in settings.data.glob("debrief.db*"):
        found[f"file {path.name}"] = path.read_bytes()
    return found


def unpacked(content: bytes) -> bytes:
    try:
        return content + zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()
    except zstandard.ZstdError:
        return content


def blobs_of(settings: Settings) -> Reached:
    return {
        f"blob {path.suffix}": b"".join(
            unpacked(one.read_bytes()) + str(one).encode()
            for one in settings.blob_folder.rglob(f"*{path.suffix}")
        )
        for path in settings.blob_folder.rglob("*")
        if path.is_file()
    }


def served(settings: Settings, store: Store) -> Reached:
    """Pages and answers of every route, and what is logged meanwhile."""
    _, key = keys.create_key(store, settings.enterprise_id, "test")
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    found: Reached = {}
    app = create_app(settings, store, public_url="http://debrief.test")
    try:
        with TestClient(app, headers={"authorization": f"Bearer {key}"}) as client:
            listed = json.loads(client.get("/v2/enterprise/sessions/insights?limit=50").content)["items"]
            names = [item["session_id"] for item in listed]
            assert len(names) == 2
            addresses = ["/", *(f"/sessions/{name}" for name in names)]
            for route in app.openapi()["paths"]:
                for name in names:
                    filled = route.replace("{org_id}", "local").replace("{session_id}", name)
                    addresses.append(filled.replace("{devin_id}", name))
            client.post("/login", data={"key": key})
            for address in dict.fromkeys(addresses):
                answer = client.get(address, headers={"accept": "text/html"} if address[:3] != "/v2" else {})
                found[f"GET {address}"] = answer.content + str(answer.headers).encode()
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(logging.WARNING)
    found["log"] = log.getvalue().encode()
    return found


def asked(settings: Settings, store: Store) -> Reached:
    """What a language model would be sent, and the name that its answer is remembered by."""
    llm = LlmSettings(provider="openai", model="m", api_key="k", base_url="http://127.0.0.1:9/v1")
    found = b""
    with store.read() as connection:
        names = connection.execute(text("SELECT session_id FROM sessions")).scalars().all()
        for name in names:
            stored = sessions.find(connection, settings.enterprise_id, name, with_events=True)
            assert stored is not None
            assert stored.analysis is not None
            for part in parts_of(stored.session.events, 4_000):
                one = question(stored.session, stored.analysis, part, place="part", settings=llm)
                found += f"{one.instructions}\n{one.text}\n{one.key}\n".encode()
    return {"requests to a model": found}


class World:
    """One import, and all that it reached."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings_from({}, data=folder / "data")
        transcripts = folder / "transcripts"
        transcript = write(transcripts)
        self.reached = printed(self.settings, transcripts, transcript)
        store = Store(self.settings.database_url)
        self.reached |= asked(self.settings, store) | served(self.settings, store)
        store.close()
        self.reached |= rows_of(self.settings) | blobs_of(self.settings)
        redacted = settings_from({}, data=folder / "redacted")
        self.reached["import, redacted"] = run(redacted, "import", str(transcripts), way="redacted")
        self.reached |= {f"{name}, redacted": held for name, held in blobs_of(redacted).items()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DEBRIEF_KEEP_RAW", raising=False)
        yield World(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("path", PATHS)
def test_no_secret_comes_through(world: World, path: str) -> None:
    found = {
        name: fragment
        for name, held in world.reached.items()
        for fragment in fragments(path)
        if fragment.encode() in held
    }
    assert found == {}


WHOLE_CUT = {
    # What is left out of a long text takes its placeholder with it.
    "end of a giant text",
    "where a long text is cut",
    "where a long name is cut",
}


@pytest.mark.parametrize("path", [path for path in PATHS if path not in WHOLE_CUT])
def test_the_placeholder_comes_through(world: World, path: str) -> None:
    whole = Redactor(world.settings.secret())(f"db_password={secret(path)}")
    mark = whole.rpartition(":")[2].encode()
    tables = b"".join(held for name, held in world.reached.items() if name.startswith("table"))
    assert mark in tables


def test_everything_was_reached(world: World) -> None:
    names = " ".join(world.reached)
    for part in (
        "table sessions",
        "table session_records",
        "table seen_files",
        "blob .sealed",
        "GET / ",
        "log",
    ):
        assert part in f"{names} ", part
    assert b"[redacted:github-token:" in world.reached["blob .zst, redacted"]
    assert b"[redacted:github-token:" in world.reached["requests to a model"]
    assert b"All agrees." in world.reached["doctor --raw"]
    preview = Redactor(PREVIEW_KEY)(secret("prompt")).encode()
    assert preview in world.reached["analyse --json"]


def test_the_table_of_the_manual_has_every_path() -> None:
    manual = (ROOT / "docs" / "redaction.md").read_text()
    told = {line.split("|")[1].strip() for line in manual.splitlines() if line.startswith("| ")}
    assert set(PATHS) <= told


def test_a_secret_is_the_same_everywhere_and_elsewhere_another(world: World) -> None:
    one = Redactor(world.settings.secret())(secret("prompt"))
    assert one.encode() in world.reached["table session_records"]
    assert Redactor(b"another")(secret("prompt")) != one
    assert one.encode() in world.reached["table sessions"]
