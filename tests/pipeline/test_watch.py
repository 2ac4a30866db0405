"""A folder followed by the real machinery: what is written is looked at, and a stop stops."""

import threading
from pathlib import Path

from debrief.pipeline.watch import watch


def test_what_is_written_is_looked_at_and_a_stop_stops(tmp_path: Path) -> None:
    folder = tmp_path / ".claude" / "projects"
    folder.mkdir(parents=True)
    looks: list[set[str]] = []
    stop, looked = threading.Event(), threading.Event()

    def look() -> None:
        seen = {path.name for path in folder.rglob("*.jsonl")}
        looks.append(seen)
        looked.set()
        if "new.jsonl" in seen:
            stop.set()

    thread = threading.Thread(target=watch, args=({"HOME": str(tmp_path)}, look, stop))
    thread.start()
    try:
        assert looked.wait(30)
        (folder / "p").mkdir()
        (folder / "p" / "new.jsonl").write_text("{}\n")
        thread.join(90)
        assert not thread.is_alive()
    finally:
        stop.set()
        thread.join(30)
    assert looks[0] == set()
    assert looks[-1] == {"new.jsonl"}
