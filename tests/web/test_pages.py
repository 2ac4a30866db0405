import html
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from stored import ANALYSIS, EVENTS, MINUTE_US, NOON_US, PULL, Served, make_session, put_sessions, serve

from debrief.model import Cost, Event, ModelCall, PullRequest, SuggestedPrompt, Tokens
from debrief.store import Store
from debrief.web.dash import words

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    store = Store(sqlite_url)
    served = serve(store, tmp_path)
    with served.client:
        served.sign_in()
        yield served
    store.close()


def page(served: Served, address: str, status: int = 200) -> str:
    answer = served.client.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    return answer.text


def titles(text: str) -> list[str]:
    return re.findall(r'<td class="what">\s*<a href="[^"]+">([^<]+)</a>', text)


def test_the_list_shows_the_newest_first_in_pages_with_the_exact_total(served: Served) -> None:
    sessions = [
        make_session(f"s{n:03}", created_us=NOON_US + n * MINUTE_US, tags=("all",)) for n in range(120)
    ]
    put_sessions(served.store, sessions)
    expected = [f"Title of s{n:03}" for n in reversed(range(120))]
    seen: list[str] = []
    address: str | None = "/?tags=all&text=title"
    while address:
        text = page(served, address)
        assert "<strong>120</strong> sessions" in text
        seen += titles(text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        address = html.unescape(following[1]) if following else None
    assert seen == expected
    assert 'rel="prev" href="/?tags=all&amp;text=title&amp;skip=50"' in text
    assert "nothing so far down" in page(served, "/?skip=9999999999999999999999")


def test_the_lists_filters_are_the_contracts(served: Served) -> None:
    put_sessions(
        served.store,
        [
            make_session("a", org_id="org_a", user_id="sso|1", repository="acme/web", tags=("x",)),
            make_session("b", org_id="org_b", status="error", analysis=None, created_us=NOON_US * 2),
            make_session("devin-c", title="100% _odd_ \u00c4pfel"),
        ],
    )
    for query, found in (
        ("org_ids=org_b", ["Title of b"]),
        ("org_ids=+org_a+,+org_b&user_ids=sso%7C1", ["Title of a"]),
        ("statuses=error&statuses=running", ["Title of b"]),
        ("repo_names=acme/web", ["Title of a"]),
        ("tags=x", ["Title of a"]),
        ("has_analysis=false", ["Title of b"]),
        ("created_date_from=2030-01-01", ["Title of b"]),
        ("session_ids=c", ["100% _odd_ \u00c4pfel"]),
        ("text=100%25", ["100% _odd_ \u00c4pfel"]),
        ("text=_o", ["100% _odd_ \u00c4pfel"]),
        ("text=TITLE+OF+A&org_ids=", ["Title of a"]),
        ("text=nothing", []),
        ("text=%00", []),
    ):
        assert titles(page(served, f"/?{query}")) == found, query


def test_the_form_keeps_what_was_filled_in_and_says_what_makes_no_sense(served: Served) -> None:
    put_sessions(served.store, [make_session("a")])
    text = page(served, "/?org_ids=org_a,org_b&created_date_from=2024-01-15&statuses=exit&text=%22%3E%3Cb%3E")
    assert 'value="org_a,org_b"' in text
    assert 'type="date" value="2024-01-15"' in text
    assert 'value="exit" checked' in text
    assert "<b>" not in text
    assert "No session matches this filter." in text
    wrong = page(served, "/?created_date_from=soon&limit=999&statuses=gone", 422)
    assert "Began from: Input should be a valid datetime" in wrong
    assert "Status: Input should be" in wrong


def test_an_empty_store_says_what_to_do(served: Served) -> None:
    assert "debrief run" in page(served, "/")


def test_the_list_never_shows_an_unknown_cost_as_zero(served: Served) -> None:
    put_sessions(
        served.store,
        [
            make_session("a", cost=Cost()),
            make_session("b", cost=Cost(cost_usd_micros=5_000_000, quality="lower_bound", acus=2.5)),
        ],
    )
    text = page(served, "/")
    assert "unknown" in text
    assert "at least 2.50 ACU" in text
    assert "0.00" not in text


def test_a_session_shows_all_that_is_known(served: Served) -> None:
    calls = (
        ModelCall(key="1", model="model-x", tokens=Tokens(input=1200, output=300)),
        ModelCall(key="2", model="model-x", tokens=Tokens(input=None, output=40)),
    )
    put_sessions(
        served.store,
        [
            make_session(
                "s1",
                model_calls=calls,
                pull_requests=(PULL,),
                tags=("auth",),
                repository="acme/web",
                branch="fix",
                fault_count=1,
                faults=("line 7: not JSON",),
            )
        ],
    )
    text = page(served, "/sessions/s1")
    for shown in (
        "Title of s1",
        "Fix the login",
        "The agent ended its turn.",
        "Hand Made",
        "org_a",
        "user_1",
        "acme/web",
        '<time datetime="2024-01-15T12:00:00Z">2024-01-15 12:00 UTC</time>',
        "$2.50",
        "1.25 ACU",
        "at least 1,200",
        "counted in output",
        f'<a href="{PULL.url}" rel="noopener noreferrer nofollow">',
        "merged",
        "The tests failed because DATABASE_URL was not set",
        '<a href="#e2">#2</a>',
        'id="e2"',
        'href="#issue-issue_1"',
        'id="issue-issue_1"',
        "Ran the tests",
        "Set DATABASE_URL where the agent runs",
        "Fix the login; DATABASE_URL is in .env",
        "<blockquote>Fix the login</blockquote>",
        "exit code 1",
        "sub-agent sub-7",
        "line 7: not JSON",
    ):
        assert shown in text, shown


def test_what_is_unknown_is_said_to_be(served: Served) -> None:
    put_sessions(
        served.store,
        [
            make_session(
                "s1",
                title=None,
                initial_user_message=None,
                analysis=None,
                cost=Cost(),
                model_calls=(),
                events=(),
                started_us=None,
                last_event_us=None,
            )
        ],
    )
    text = page(served, "/sessions/s1")
    assert "not analysed yet" in text
    assert "The transcript holds no events." in text
    assert text.count('<dd class="missing">unknown</dd>') == 7
    assert "$" not in text


def test_everything_from_a_transcript_is_escaped(served: Served) -> None:
    issue = msgspec.structs.replace(ANALYSIS.issues[0], issue=SCRIPT)
    prompt = SuggestedPrompt(original_prompt=SCRIPT, suggested_prompt=SCRIPT)
    event = Event(
        ordinal=0,
        kind="tool_call",
        actor="assistant",
        text=SCRIPT,
        tool=SCRIPT,
        command=SCRIPT + "2",
        path=SCRIPT,
        agent=SCRIPT,
        args=SCRIPT,
    )
    long = Event(ordinal=1, kind="tool_result", actor="tool", text=SCRIPT * 999, tool=SCRIPT)
    pulls = [
        PullRequest(url=url, created=True, evidence="native", event=0, state=SCRIPT)
        for url in (
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            " javascript:x",
            "data:text/html,x",
            '//x"y',
            "https://x/\"'>" + SCRIPT,
        )
    ]
    name = "a'b\"<script>..&x"
    put_sessions(
        served.store,
        [
            make_session(
                name,
                title=SCRIPT,
                tags=(SCRIPT,),
                user_id=SCRIPT,
                org_id=SCRIPT,
                repository=SCRIPT,
                agent=SCRIPT,
                branch=SCRIPT,
                end_reason=SCRIPT,
                initial_user_message=SCRIPT,
                faults=(SCRIPT,),
                fault_count=1,
                events=(event, long),
                pull_requests=tuple(pulls),
                analysis=msgspec.structs.replace(
                    ANALYSIS, issues=(issue,), suggested_prompt=prompt, faults=(SCRIPT,)
                ),
                model_calls=(ModelCall(key="1", model=SCRIPT),),
            )
        ],
    )
    listed = page(served, "/")
    assert "&lt;script&gt;" in listed
    rows = listed[listed.index("<tbody>") :]
    address = html.unescape(re.findall(r'<a href="(/sessions/[^"]+)"', rows)[0])
    assert address == words.session_path(name)
    shown = page(served, address)
    assert "&lt;script&gt;" in shown
    elsewhere = {h for h in re.findall(r'href="([^"]*)"', shown) if not h.startswith(("/", "#"))}
    assert {html.unescape(address) for address in elsewhere} == {"data:,", "https://x/\"'>" + SCRIPT}


def test_only_links_to_the_web_become_links() -> None:
    for url in (
        "javascript:alert(1)",
        " https://x.example",
        "data:text/html,x",
        "//x.example",
        "https://",
        "ftp://x",
        "https://a b",
    ):
        assert "<a" not in words.web_link(url)
    assert words.web_link('HTTPS://x.example/"><b>') == (
        '<a href="HTTPS://x.example/&#34;&gt;&lt;b&gt;" rel="noopener noreferrer nofollow">'
        "HTTPS://x.example/&#34;&gt;&lt;b&gt;</a>"
    )


def test_events_come_in_pages_and_evidence_leads_to_the_right_one(served: Served) -> None:
    events = tuple(
        Event(ordinal=n, kind="message", actor="assistant", text=f"Event {n:04}") for n in range(1203)
    )
    issue = msgspec.structs.replace(ANALYSIS.issues[0], evidence=(3, 500, *range(1000, 1020)))
    analysis = msgspec.structs.replace(ANALYSIS, issues=(issue,), timeline=())
    put_sessions(served.store, [make_session("s1", events=events, analysis=analysis)])
    for query, first, last in (
        ("", 0, 499),
        ("?events_from=500", 500, 999),
        ("?events_from=777", 500, 999),
        ("?events_from=1000", 1000, 1202),
        ("?events_from=99999", 1000, 1202),
        ("?events_from=-1", 0, 499),
        ("?events_from=%00x", 0, 499),
        ("?events_from=" + "9" * 5000, 0, 499),
        ("?events_from=\u0663", 0, 499),
    ):
        text = page(served, f"/sessions/s1{query}")
        shown = [int(n) for n in re.findall(r'id="e(\d+)"', text)]
        assert shown == list(range(first, last + 1)), query
        for ordinal in (3, 500):
            start = ordinal // 500 * 500
            href = f"#e{ordinal}" if start == first else f"/sessions/s1?events_from={start}#e{ordinal}"
            assert f'<a href="{href}">#{ordinal}</a>' in text
        assert "and 10 more" in text


def test_a_session_answers_to_both_of_its_names_and_no_other(served: Served) -> None:
    put_sessions(served.store, [make_session("devin-s1"), make_session("caf\u00e9 |1")])
    page(served, "/sessions/devin-s1")
    page(served, "/sessions/s1")
    page(served, words.session_path("caf\u00e9 |1"))
    for name in ("nobody", "%00", "s1%00", "..%2f..", "<script>"):
        text = page(served, f"/sessions/{name}", 404) if "%2f" not in name else ""
        assert not text or "There is no such session" in text


def test_who_is_not_signed_in_is_led_to_the_login_and_back(served: Served) -> None:
    put_sessions(served.store, [make_session("s1")])
    served.client.cookies.clear()
    answer = served.client.get("/sessions/s1?events_from=0")
    assert str(answer.url) == "http://debrief.test/login?next=%2Fsessions%2Fs1%3Fevents_from%3D0"
    assert 'value="/sessions/s1?events_from=0"' in answer.text
    there = served.client.post("/login", data={"key": served.key(), "next": "/sessions/s1?events_from=0"})
    assert there.status_code == 200
    assert "Title of s1" in there.text


def test_the_stylesheet_may_be_kept(served: Served) -> None:
    address = re.findall(r'rel="stylesheet" href="([^"]+)"', page(served, "/"))[0]
    answer = served.client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert "url(" not in answer.text
    assert "@import" not in answer.text


def test_every_field_has_a_label_and_every_link_on_a_page_its_target(served: Served) -> None:
    put_sessions(served.store, [make_session("s1")])
    for address in ("/", "/login", "/docs", "/sessions/s1"):
        text = page(served, address)
        ids = set(re.findall(r'\bid="([^"]+)"', text))
        assert len(ids) == len(re.findall(r'\bid="([^"]+)"', text))
        for target in re.findall(r'href="#([^"]+)"', text):
            assert target in ids, (address, target)
        for field in re.findall(r"<(?:input|select)\b[^>]*>", text):
            if 'type="hidden"' in field or 'type="checkbox"' in field:
                continue
            (name,) = re.findall(r'\bid="([^"]+)"', field)
            assert f'<label for="{name}">' in text
        assert text.count("<h1>") == 1


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (None, "unknown"),
        (-1, "unknown"),
        (0, "0 ms"),
        (59_000_000, "59 s"),
        (3_660_000_000, "1 h 1 min"),
        (90_000_000_000, "1 d 1 h"),
    ],
)
def test_durations_are_said_by_their_two_largest_units(us: int | None, text: str) -> None:
    assert words.duration(us) == text


def test_costs_are_said_with_how_far_to_trust_them() -> None:
    assert words.dollars(Cost()) == words.acus(Cost()) == "unknown"
    assert words.dollars(Cost(cost_usd_micros=0, quality="exact")) == "$0.00"
    assert words.dollars(Cost(cost_usd_micros=4, quality="exact")) == "less than $0.01"
    assert words.dollars(Cost(cost_usd_micros=1_234_567_890, quality="lower_bound")) == "at least $1,234.57"
    assert words.number(None) == words.number(5, "missing") == "unknown"
    assert len(EVENTS) == 6
