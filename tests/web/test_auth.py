import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from stored import ENTERPRISE, Served, make_session, put_sessions, serve, settings_in

from debrief.store import Store
from debrief.store.keys import list_keys, revoke_key
from debrief.web.dash.login import BODY_LIMIT, safe_next
from debrief.web.login import COOKIE, Login, seal, unseal

API = "/v2/enterprise/sessions"
SECRET = b"s" * 32


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    store = Store(sqlite_url)
    put_sessions(store, [make_session("s1")])
    served = serve(store, tmp_path)
    served.client.follow_redirects = False
    with served.client:
        yield served
    store.close()


def revoke_all(served: Served) -> None:
    for key in list_keys(served.store, ENTERPRISE):
        revoke_key(served.store, ENTERPRISE, key.key_id)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer apk_user_unknown",
        "apk_user_unknown",
        "Bearer \u00ff",
    ],
)
def test_no_key_or_an_unknown_one_is_401(served: Served, header: str | None) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
    for path in (API, f"{API}/insights", f"{API}/s1", "/v2/enterprise/organizations/org_a/sessions"):
        answer = served.client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert set(answer.json()) == {"detail"}


def test_the_key_is_asked_before_the_query_is_judged(served: Served) -> None:
    assert served.client.get(f"{API}?limit=0").status_code == 401


def test_a_revoked_key_is_refused_from_then_on(served: Served) -> None:
    headers = served.headers()
    assert served.client.get(API, headers=headers).status_code == 200
    revoke_all(served)
    answer = served.client.get(API, headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"detail": "This API key was revoked"})


def test_the_scheme_is_read_in_any_case_of_letters(served: Served) -> None:
    assert served.client.get(API, headers={"Authorization": f"bearer {served.key()}"}).status_code == 200


def test_a_cookie_opens_no_api_and_a_key_opens_both(served: Served) -> None:
    assert served.client.get("/", headers=served.headers()).status_code == 200
    assert served.client.get("/", headers={"Authorization": "Bearer apk_user_wrong"}).status_code == 303
    served.sign_in()
    assert served.client.get("/").status_code == 200
    assert served.client.get(API).status_code == 401


def test_a_login_is_a_cookie_without_the_key(served: Served) -> None:
    key = served.key()
    answer = served.client.post("/login", data={"key": f"  {key}\n", "next": "/sessions/s1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sessions/s1")
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=604800"):
        assert part in cookie
    assert "Secure" not in cookie
    payload = json.loads(base64.urlsafe_b64decode(served.client.cookies[COOKIE].partition(".")[0].strip('"')))
    assert payload[0] == ENTERPRISE
    assert key not in str(payload)


def test_over_https_the_cookie_is_secure(served: Served, tmp_path: Path) -> None:
    other = serve(served.store, tmp_path, "https://debrief.test")
    answer = other.client.post("/login", data={"key": served.key()}, follow_redirects=False)
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "fields", [{}, {"key": ""}, {"key": "apk_user_x"}, {"key": "\u20ac\0"}, {"k" * 9: "x"}]
)
def test_a_wrong_key_is_said_so_in_the_form(served: Served, fields: dict[str, str]) -> None:
    answer = served.client.post("/login", data={**fields, "next": "/sessions/s1"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert 'role="alert"' in answer.text
    assert 'value="/sessions/s1"' in answer.text


def test_a_revoked_key_ends_its_logins(served: Served) -> None:
    served.sign_in()
    revoke_all(served)
    answer = served.client.get("/sessions/s1?events_from=500")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fsessions%2Fs1%3Fevents_from%3D500"


def test_signing_out_forgets_the_cookie(served: Served) -> None:
    served.sign_in()
    assert served.client.post("/logout").headers["location"] == "/login"
    assert served.client.get("/").headers["location"] == "/login"


def test_a_login_counts_until_it_expires_and_only_as_it_was_signed() -> None:
    login = Login(ENTERPRISE, "key_1", 1000)
    value = seal(login, SECRET)
    payload, _, signature = value.partition(".")
    assert unseal(value, SECRET, 999) == login
    assert unseal(value, SECRET, 1000) is None
    assert unseal(value, b"another", 999) is None
    other = base64.urlsafe_b64encode(b'["ent","key_2",1000]').decode()
    junk = base64.urlsafe_b64encode(b'["ent"]').decode()
    for forged in (
        "",
        ".",
        payload,
        f"{payload}.",
        f"{other}.{signature}",
        f"{payload}.{signature[:-1]}",
        f"{junk}.{signature}",
        f"{value}x",
        "\u20ac" + value,
        "x" * 5000 + value,
    ):
        assert unseal(forged, SECRET, 999) is None


def test_a_forged_cookie_leads_to_the_login(served: Served, tmp_path: Path) -> None:
    served.key()
    key_id = list_keys(served.store, ENTERPRISE)[0].key_id
    soon = int(time.time()) + 60
    good = seal(Login(ENTERPRISE, key_id, soon), settings_in(tmp_path).secret())
    elsewhere = seal(Login("other", key_id, soon), settings_in(tmp_path).secret())
    for value, status in ((good, 200), (good[:-1], 303), (elsewhere, 303), ("junk", 303), ("a.b", 303)):
        assert served.client.get("/", headers={"Cookie": f"{COOKIE}={value}"}).status_code == status


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("/", "/"),
        ("/sessions/a?events_from=500", "/sessions/a?events_from=500"),
        ("", "/"),
        ("sessions/a", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("\t//evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("https://evil.example", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("//[", "/"),
        ("/login", "/"),
        ("/login?next=/login", "/"),
    ],
)
def test_after_the_login_nobody_is_led_elsewhere(served: Served, address: str, safe: str) -> None:
    assert safe_next(address) == safe
    answer = served.client.post("/login", data={"key": served.key(), "next": address})
    assert answer.headers["location"] == safe
    assert f'name="next" value="{safe}"' in served.client.get("/login", params={"next": address}).text


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://debrief.test"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://debrief.test"}, False),
        ({"Origin": "http://10.0.0.1:8000", "Host": "10.0.0.1:8000"}, False),
        ({}, False),
    ],
)
def test_forms_of_other_sites_are_refused(served: Served, headers: dict[str, str], *, refused: bool) -> None:
    for path in ("/login", "/logout"):
        answer = served.client.post(path, data={"key": served.key()}, headers=headers)
        assert answer.status_code == (403 if refused else 303)
        assert refused == ("set-cookie" not in answer.headers)


def test_a_form_too_long_is_refused_unread(served: Served) -> None:
    answer = served.client.post("/login", content=b"key=" + b"x" * BODY_LIMIT)
    assert answer.status_code == 413
    assert served.client.post("/login", content="&".join("a=1" for _ in range(99))).status_code == 401
