"""Aider's chat history: runs, who speaks, rounded numbers, and what aider does by itself."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens, total_tokens
from debrief.sources import Document, Transcript
from debrief.sources.aider.lines import rounded, usage_of
from debrief.sources.formats.aider import AIDER
from debrief.sources.registry import sniff

START = "\n# aider chat started at 2026-02-24 19:43:04\n\n"
ANNOUNCED = (
    "> Aider v0.86.1  \n> Main model: xai/grok-code-fast-1 with diff edit format  \n"
    "> Git repo: .git with 50 files  \n\n"
)
ASKED = "#### add a retry  \n#### and a test  \n\n"
ANSWER = "I add it.\n\n#### Step 1\n> quoted by the model\n\nDone.\n\n"
USED = "> Tokens: 2.4k sent, 104 received. Cost: $0.0029 message, $0.0042 session.  \n"
RUN = START + ANNOUNCED + ASKED + ANSWER + USED


def sessions(text: str | bytes) -> list[Session]:
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    transcript = Transcript(Document(".aider.chat.history.md", lambda: io.BytesIO(content)))
    source = sniff(content[:65536])
    assert source.name == "aider"
    return list(source.parse(transcript, lambda text: text))


def parse(text: str | bytes) -> Session:
    (session,) = sessions(text)
    return session


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]


def test_a_run_becomes_a_session() -> None:
    session = parse(RUN)
    assert kinds(session) == ["message", "message", "prompt", "message"]
    assert [event.injected for event in session.events] == [True, True, False, False]
    assert session.events[2].text == "add a retry\nand a test"
    assert session.events[3].text == "I add it.\n\n#### Step 1\n> quoted by the model\n\nDone."
    assert (session.agent_version, session.model_calls[0].model) == ("0.86.1", "xai/grok-code-fast-1")
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)


def test_of_several_lines_that_aider_says_at_once_only_the_first_is_marked() -> None:
    printed = "#### /git log  \n> abc first\n\ndef second  \n\n"
    offered = "> make\nmake test  \n> Run shell commands? (Y)es/(N)o [Yes]: n  \n\n"
    again = "#### now docs  \n\n> a quotation\n\nDone.\n\n"
    session = parse(START + ANNOUNCED + printed + ASKED + ANSWER + USED + offered + again + USED)
    told = [(event.kind, event.text) for event in session.events[2:]]
    assert told == [
        ("message", "/git log"),
        ("message", "abc first\n\ndef second"),
        ("prompt", "add a retry\nand a test"),
        ("message", "I add it.\n\n#### Step 1\n> quoted by the model\n\nDone."),
        ("message", "make\nmake test\nRun shell commands? (Y)es/(N)o [Yes]: n"),
        ("prompt", "now docs"),
        ("message", "> a quotation\n\nDone."),
    ]
    assert len(session.model_calls) == 2


def test_the_start_is_read_as_utc_and_says_so() -> None:
    session = parse(RUN)
    assert session.started_us == session.last_event_us == 1_771_962_184_000_000
    assert "its zone is not recorded" in session.events[0].text
    assert session.events[2].ts_us is None


def test_rounded_numbers_are_lower_bounds_and_exact_ones_are_not() -> None:
    session = parse(RUN)
    assert session.model_calls[0].tokens == Tokens(input=2350, output=104)
    assert total_tokens(session)[1] == {
        "input": "lower_bound",
        "cache_read": "missing",
        "cache_write": "missing",
        "output": "exact",
        "reasoning": "missing",
    }
    assert session.model_calls[0].cost_usd_micros == 2900


@pytest.mark.parametrize(
    ("written", "least", "most"),
    [
        ("104", 104, 104),
        ("2,345", 2345, 2345),
        ("2.4k", 2350, 2450),
        ("12k", 11500, 12500),
        ("1.2M", 1150000, 1250000),
    ],
)
def test_what_a_written_number_may_be(written: str, least: int, most: int) -> None:
    number = rounded(written)
    assert number is not None
    assert (number.least, number.most) == (least, most)


@pytest.mark.parametrize("written", ["", "k", "two", "1.2.3k", "9" * 40])
def test_what_is_no_number(written: str) -> None:
    assert rounded(written) is None


def test_the_caches_are_taken_off_what_was_sent() -> None:
    usage = usage_of("Tokens: 9,000 sent, 1,000 cache write, 2,000 cache hit, 10 received.")
    assert usage is not None
    # Some versions have the cache in what was sent, some twice: 5,000 were sent uncached in any case.
    assert usage.tokens == Tokens(input=5000, cache_read=2000, cache_write=1000, output=10)
    assert usage.lower_bound == ("input",)
    assert usage.cost_micros is None


def test_the_sessions_cost_is_the_last_figure_and_goes_on_where_aider_counts_anew() -> None:
    line = "> Tokens: 10 sent, 5 received. Cost: $0.02 message, ${} session.  \n\n"
    asked = "#### go  \n\nWell.\n\n"
    assert parse(RUN).native_cost_usd_micros == 4200
    two = START + asked + line.format("0.02") + asked + line.format("0.05")
    assert parse(two).native_cost_usd_micros == 50_000
    assert parse(two + asked + line.format("0.01")).native_cost_usd_micros == 60_000


def test_without_the_ends_of_lines_a_heading_in_an_answer_is_no_prompt() -> None:
    session = parse(
        "# aider chat started at 2026-06-09 14:01:00\n\n#### add a retry\nI will.\n\n#### Step 1\nLoop.\n\n"
        "> Applied edit to a.py\n\n#### thanks\nWelcome.\n"
    )
    assert [event.text for event in session.events if event.kind == "prompt"] == ["add a retry", "thanks"]


def test_a_heading_that_ends_like_a_prompt_is_none_where_every_answer_is_closed() -> None:
    heading = "So:\n\n#### Step 2  \nLoop.\n\n"
    closed = parse(RUN + "\n#### go on  \n\n" + heading + USED)
    assert [e.text for e in closed.events if e.kind == "prompt"] == ["add a retry\nand a test", "go on"]
    still_open = parse(START + ASKED + "I will.\n\n#### no, stop  \n")
    assert [e.text for e in still_open.events if e.kind == "prompt"][-1] == "no, stop"


def test_an_empty_line_of_a_prompt_is_part_of_it() -> None:
    session = parse(START + "#### first  \n####   \n#### - second  \n\nYes.\n")
    assert session.events[1].text == "first\n\n- second"


def test_what_aider_does_with_an_answer_are_calls_with_results() -> None:
    session = parse(
        RUN + "> Applied edit to src/a.py  \n> Creating empty file src/b.py  \n"
        "> Did not apply edit to src/c.py (--dry-run)  \n> Skipping edits to src/d.py  \n"
        "> Skipping edits to src/e.py that matches gitignore spec.  \n"
        "> The LLM did not conform to the edit format.  \n> Commit 1b2614a feat: it's done  \n"
        "> You can use /undo to undo and discard each aider commit.  \n"
    )
    results = [event for event in session.events if event.kind == "tool_result"]
    assert [(e.tool_kind, e.path, e.outcome) for e in results] == [
        ("edit", "src/a.py", "ok"),
        ("write", "src/b.py", "ok"),
        ("edit", "src/c.py", "unknown"),
        ("edit", "src/d.py", "rejected"),
        ("edit", "src/e.py", "unknown"),
        ("edit", None, "error"),
        ("shell", None, "ok"),
    ]
    assert results[-1].command == "git commit -m 'feat: it'\\''s done'"
    calls = [event.call_id for event in session.events if event.kind == "tool_call"]
    assert calls == [event.call_id for event in results]
    assert len(set(calls)) == len(calls)


def test_a_suggested_command_runs_only_where_it_was_allowed() -> None:
    asked = (
        "> npm test  \n> Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: {}  \n> Running npm test  \n"
    )
    allowed, declined = parse(RUN + asked.format("y")), parse(RUN + asked.format("n"))
    assert [e.command for e in allowed.events if e.kind == "tool_call"] == ["npm test"]
    assert "tool_call" not in kinds(declined)


def test_control_c_stops_the_model_and_leaves_aider() -> None:
    stopped = parse(START + ANNOUNCED + ASKED + "I be\n\n> ^C again to exit  \n")
    assert (kinds(stopped)[-1], stopped.end_state) == ("interrupt", "interrupted")
    left = parse(RUN + ">  \n> ^C again to exit  \n> ^C KeyboardInterrupt  \n")
    assert ("interrupt" in kinds(left), left.end_state) == (False, "finished")


def test_a_failing_service_is_an_error() -> None:
    session = parse(
        START + "#### hi  \n> litellm.NotFoundError: NotFoundError: gone  \n>  \n> ^C KeyboardInterrupt  \n"
    )
    assert [e.kind for e in session.events if not e.injected] == ["prompt", "api_error"]
    assert session.end_state == "error"


def test_commands_to_aider_itself_are_no_prompts() -> None:
    session = parse(
        START
        + "#### /add src/a.py  \n\n#### /ask what does it do?  \n\nNothing.\n\n"
        + USED
        + "\n#### /exit  \n"
    )
    assert [e.text for e in session.events if e.kind == "prompt"] == ["/ask what does it do?"]
    assert session.title == "what does it do?"
    assert (session.end_state, session.end_reason) == (
        "finished",
        "A person left after the agent's last answer.",
    )


def test_the_first_prompt_stays_the_first_where_a_command_with_words_follows() -> None:
    assert parse(RUN + "\n#### /ask why?  \n\nSo.\n").title == "add a retry"


def test_thoughts_are_told_from_the_answer() -> None:
    tag = "thinking-content-7bbeb8e1441453ad999a0bbba8a46d4b"
    shown = "--------------\n► **THINKING**\nmaybe\n\n------------\n► **ANSWER**\n\nSo."
    session = parse(START + ASKED + f"<{tag}>\n\nhm\n\n</{tag}>\n\nYes.\n\n" + USED + "\n" + ASKED + shown)
    said = [(e.kind, e.text) for e in session.events if e.kind in ("reasoning", "message") and not e.injected]
    assert said == [("reasoning", "hm"), ("message", "Yes."), ("reasoning", "maybe"), ("message", "So.")]


def test_more_thoughts_than_anybody_has_are_left_in_the_answer() -> None:
    session = parse(START + ASKED + "<think>x</think>" * 300 + "\n\n" + USED)
    assert "reasoning" not in kinds(session)
    assert session.events[2].text.startswith("<think>x</think>")


def test_a_line_of_any_length_is_no_word_of_aiders() -> None:
    session = parse(RUN + "> Applied edit to " + "a" * 10_000 + "  \n")
    assert "tool_call" not in kinds(session)


def test_every_run_keeps_its_id_while_the_file_grows() -> None:
    other = RUN.replace("19:43:04", "20:00:00")
    (alone,) = sessions(RUN)
    (growing,) = sessions(RUN + "\n#### more  \n\nYes.\n")
    first, second = sessions(RUN + other)
    third = sessions(RUN + other + other.replace("20:00", "21:00"))
    assert alone.native_id == growing.native_id == first.native_id == third[0].native_id
    assert second.native_id == third[1].native_id
    assert len({one.native_id for one in third}) == 3
    assert sessions(other)[0].native_id != second.native_id


def test_runs_that_begin_in_one_second_are_told_apart() -> None:
    first, second, third = sessions(RUN + RUN + RUN.replace("retry", "cache"))
    assert len({first.native_id, second.native_id, third.native_id}) == 3


def test_a_quoted_start_in_an_answer_begins_no_run() -> None:
    quoted = START + ASKED + "It says:\n# aider chat started at 2026-01-01 00:00:00\nso.\n" + USED
    assert len(sessions(quoted)) == 1


def test_a_run_in_which_nobody_spoke_is_no_session() -> None:
    assert len(sessions(START + ANNOUNCED + RUN.replace("19:43:04", "20:00:00"))) == 1
    with pytest.raises(NotATranscript, match="nobody has asked"):
        sessions(START + ANNOUNCED)


def test_an_unanswered_prompt_is_open_only_in_the_last_run() -> None:
    first, second = sessions(START + ASKED + START.replace("19:", "20:") + ASKED)
    assert (first.end_state, second.end_state) == ("unknown", "running")


def test_bytes_that_are_no_text_are_a_fault() -> None:
    session = parse(RUN.encode() + b"\n#### \xff\xfe\x00caf\xc3\xa9 \x1b[31m  \n")
    assert session.fault_count == 1
    assert "not UTF-8" in session.faults[0]
    assert session.events[-1].text.strip().endswith("caf\u00e9")


@pytest.mark.parametrize(
    "content",
    [
        b"# aider chat started at noon\n",
        b"# My diary\n\n# aider chat started at 2026-02-24 19:43:04\n",
        b"#### hello  \n",
        b"{}\n",
        b"",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not AIDER.recognises(content)


LINES = st.sampled_from(
    [
        *list((RUN + START).splitlines()),
        "> ^C",
        "> Commit abcdef x  ",
        "####",
        ">",
        "> Tokens: k sent, , received. Cost: $ message,  ",
        "\x00",
    ]
) | st.text(max_size=20)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=12))
def test_any_lines_after_a_start_never_raise(lines: list[str]) -> None:
    assert sessions(RUN + "\n".join(lines))
