import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]  # the only way to see what a pattern repeats

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from debrief.redaction import Redactor, redactor, spans, tokens, values
from debrief.redaction.gates import places

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
redact = Redactor(b"a key for tests")
A20, A40 = "9aB3xK7mQ2pL5vN8tR4w", "Zt4Rw9aB3xK7mQ2pL5vN8sHd6Jf1Gc0Ye7UiPoLk"
HEX32, DIGITS = "9f3c1e7a5b2d8046c1f3e7a95b2d8046", "12" + "0" * 10

# Each secret is put together here, so that no scanner takes this file for a leak.
PLANTED = [
    ("aws-key", "AK" + "IA" + "Q3EGZ7KXLMNP4RST"),
    ("github-token", "gh" + "p_" + A20 + A20[:16]),
    ("github-token", "gh" + "s_" + A20 + A40),
    ("github-token", "github" + "_pat_" + A20 + "22_" + A40),
    ("gitlab-token", "gl" + "pat-" + A20),
    ("slack-token", "xo" + "xb-" + DIGITS + "-" + DIGITS + "-" + A20.lower()),
    ("slack-webhook", "https://hooks.slack" + ".com/services/T" + "0AB12CD34/B0AB12CD34/" + A20),
    ("discord-webhook", "https://discord" + ".com/api/webhooks/" + DIGITS + "/" + A40),
    ("discord-token", "M" + A20 + "a1b2" + ".G" + "a1b2c." + A40[:27]),
    ("telegram-token", "123456789" + ":" + "AA" + A40[:33]),
    ("stripe-key", "sk" + "_live_" + A20 + "abcd"),
    ("stripe-key", "rk" + "_live_" + A20 + A40),
    ("twilio-key", "S" + "K" + HEX32),
    ("sendgrid-key", "S" + "G." + A20 + "a1." + A40 + "abc"),
    ("mailchimp-key", HEX32 + "-us" + "14"),
    ("pypi-token", "py" + "pi-AgEIcHlwaS5vcmc" + A40 + A40),
    ("npm-token", "np" + "m_" + A20 + A20[:16]),
    ("anthropic-key", "sk" + "-ant-api03-" + A40 + "-" + A20 + "AA"),
    ("openai-key", "sk" + "-proj-" + A20 + "_" + A20 + "T3BlbkFJ" + A20),
    ("openai-key", "sk" + "-" + A20 + "T3BlbkFJ" + A20),
    ("provider-key", "hf" + "_" + A40[:34]),
    ("google-key", "AI" + "za" + A40[:35]),
    ("debrief-key", "apk" + "_user_" + A40 + "-_1"),
    ("debrief-key", "dbk" + "_" + A40 + "-_1"),
    ("jwt", "ey" + "JhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + "." + A40),
]

SURROUNDINGS = [
    "{}",
    "token={}",
    'export TOKEN="{}"',
    "see {}, then",
    '{{\\"key\\": \\"{}\\"}}',
    "-H 'X: {}'\n",
]

NAMED = [
    ("password", "DB_PASSWORD={}", "winter" + "-2026"),
    ("password", "password: '{}'", "hunter" + "22!x"),
    ("password", '{{"db_password": "{}"}}', "t0p" + "S3cret,now"),
    ("password", 'args: {{\\"password\\":\\"{}\\"}}', "t0p" + "S3cretnow"),
    ("password", 'password: str = "{}"', "t0p" + "S3cretnow"),
    ("password", "mysql --password {} -h db", "t0p" + "S3cretnow"),
    ("password", "curl -u admin:{} https://ci", "t0p" + "S3cretnow"),
    ("password", "Host=db;Pwd={};Database=x", "t0p" + "S3cretnow"),
    ("secret", "API_KEY={}", A20),
    ("secret", "AWS_SECRET_ACCESS_KEY={}", A20 + "/" + A20[:19]),
    ("secret", "aws_secret_access_key = {}", A20 + "/" + A20[:19]),
    ("secret", '"SessionToken": "{}",', A40 + A40),
    ("secret", "const apiKey = `{}`;", A20),
    ("secret", "client_secret => '{}'", A20),
    ("secret", "//npm.example/:_authToken={}", "0f8fad5b-d9cb-469f-a165-70867728950e"),
    ("secret", "tool --api-key {}", A20),
    ("secret", "SECRET_KEY_BASE={}", HEX32 + HEX32),
    ("authorization", "Authorization: Basic {}", "dXNlcjpwYXNzd29yZDE="),
    ("authorization", '"authorization": "token {}"', A20),
    ("bearer-token", "Authorization: Bearer {}", A40),
    ("bearer-token", 'headers.set("Authorization", "Bearer {}")', A40),
    ("azure-key", "AccountKey={};EndpointSuffix=core", A40 + A40 + A20[:6] + "=="),
    ("url-password", "postgres://app:{}@db.internal:5432/app", "pg-" + "s3cr!t"),
    ("url-password", "redis://:{}@cache:6379/0", "correct" + "horse"),
    ("url-password", "https://ci-bot:{}@git.example/acme/x.git", A20),
]

SURVIVORS = [
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "index 83db48f..bf2a1c9 100644",
    "550e8400-e29b-41d4-a716-446655440000",
    '"version": "14.2.0-rc.1+build.5114f85"',
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "--hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "integrity: sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvQ==",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5",
    "npm i @babel/plugin-transform-runtime @types/node@20.11.5",
    "msg_01XFDUDYJgAACzvnptvVoYEL toolu_01A09q90qw90lq917835lq9 call_5aB3xK7mQ2pL5vN8tR4w9aB3",
    "req_011CSHoEeqs5C35K2UUqR7Fy",
    "https://github.com/acme/app/pull/17#issuecomment-2345678901",
    "git@github.com:acme/app.git https://user@host.example/path?x=1:2@3",
    "http://localhost:3000/@scope/pkg",
    "2026-11-23T21:06:20.123456Z",
    "tests/test_auth.py::test_token_refresh[expired-401] PASSED",
    "PASSWORD=xxxxxxxx1 API_KEY=<your-key-1> TOKEN=$GITHUB_TOKEN1 SECRET=${SECRET_1}",
    "password=changeme1 token=REDACTED123 api_key=your-api-key-1 secret=None token=true",
    "const token = process.env.GITHUB_TOKEN_2; api_key = os.environ['API_KEY_2']",
    "token = response2.json()['token'] password = form2.cleaned_data",
    "max_tokens=16384 total_token: 12345678 tokens: 1234567890 token_count=98765432",
    "password: string; secret: SecretStr2; token: Optional[str]",
    "PWD=/home/dev/project2/src OLDPWD=/home/dev/project1/src",
    "ssl_private_key: /etc/ssl/private/server2.key",
    "postgres://user:password@localhost/db postgres://$USER:$PASS@db/x https://u:<token>@h",
    "-----BEGIN CERTIFICATE-----\nMIIB" + A40 + "\n-----END CERTIFICATE-----",
    'if "-----BEGIN RSA PRIVATE KEY-----" in text:',
    "task-management-service-component-2 risk-assessment-2026-report sk-loading-indicator-large",
    "A" + "Kubernetes: the KIA of SKUs; ACCOUNTING.SG.example",
    "token_url=https://login.example/oauth2/token client_key=client2.pem",
    "Authorization: Bearer $TOKEN_123456789012 Bearer {token} Bearer <token>",
    "Basic usage: token ring 2026",
    "docker run -u 1000:1000 img; user: 10001:10001",
]


@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@pytest.mark.parametrize(("kind", "secret"), PLANTED, ids=[f"{k}-{n}" for n, (k, _) in enumerate(PLANTED)])
def test_a_token_is_replaced_whole_wherever_it_stands(kind: str, secret: str, surrounding: str) -> None:
    found = redact(surrounding.format(secret))
    digits = re.search(rf"\[redacted:{kind}:([0-9a-f]{{6}})\]", found)
    assert digits, found
    assert found == surrounding.format(digits[0])


@pytest.mark.parametrize(("kind", "text", "secret"), NAMED, ids=[text for _, text, _ in NAMED])
def test_a_value_is_replaced_where_its_name_betrays_it(kind: str, text: str, secret: str) -> None:
    found = redact(text.format(secret))
    digits = re.search(rf"\[redacted:{kind}:([0-9a-f]{{6}})\]", found)
    assert digits, found
    assert found == text.format(digits[0])


@pytest.mark.parametrize("text", SURVIVORS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text
    assert redact(f"{text}\n" * 40) == f"{text}\n" * 40


def key_block(body: str, end: str = "-----END RSA PRIVATE " + "KEY-----") -> str:
    return "-----BEGIN RSA PRIVATE " + f"KEY-----\n{body}\n{end}"


def test_a_private_key_goes_whole_even_when_it_breaks_off() -> None:
    body = "\n".join([A40 + A20] * 12)
    assert re.fullmatch(r"a \[redacted:private-key:\w{6}\] b", redact(f"a {key_block(body)} b"))
    escaped = key_block(body).replace("\n", "\\n")
    assert re.fullmatch(r'"\[redacted:private-key:\w{6}\]"', redact(f'"{escaped}"'))
    assert re.fullmatch(r"\[redacted:private-key:\w{6}\]\n", redact(key_block(body, "")))
    assert A20 not in redact(key_block(body.replace("\n", "\n  12\u2192")))


def test_a_secret_is_recognisable_under_one_key_and_only_there() -> None:
    secret = PLANTED[1][1]
    one, two = redact(f"a {secret}"), redact(f"b={secret}")
    assert one[2:] == two[2:]
    assert Redactor(b"another key")(f"a {secret}") != one
    assert redact(PLANTED[2][1]) != one[2:]


def test_neighbours_are_replaced_each() -> None:
    text = " ".join(secret for _, secret in PLANTED)
    assert redact(text).count("[redacted:") == len(PLANTED)
    lines = "\n".join(f"TOKEN_{n}={secret}" for n, (_, secret) in enumerate(PLANTED))
    assert redact(lines).count("[redacted:") == len(PLANTED)


def test_a_text_without_secrets_is_returned_as_it_is() -> None:
    text = "nothing to see here: x = 1\n" * 100
    assert redact(text) is text


FRAGMENTS = st.sampled_from(
    [secret for _, secret in PLANTED]
    + [text.format(secret) for _, text, secret in NAMED]
    + [text.split("{}")[0] for _, text, _ in NAMED]
    + [
        key_block(A40),
        key_block(A40, ""),
        "-----BEGIN ",
        "sk-",
        "eyJ",
        "AK" + "IA",
        "=",
        ":",
        '"',
        "\\",
        " ",
        "\n",
        "[",
        "]",
    ]
)


@given(st.lists(FRAGMENTS | st.text(max_size=12), max_size=12).map("".join))
def test_twice_is_once_and_nothing_raises(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(alphabet=st.characters(codec=None, categories=None), max_size=60))
def test_any_string_will_do(text: str) -> None:
    redact(f"PASSWORD={text}1a!{text}")


HEADER = key_block("", "").strip()
HOSTILE = [
    *(
        "-eyJaaaaaaaa",
        "eyJaaaaaaaa.-",
        "cookie:a=",
        "Cookie: a=b1;",
        "//a:",
        "//aaaaaaaaaaaaaaaaaaaa1@",
        "SECRET_X=a1",
    ),
    *(
        "?sig=a1",
        "_auth=a1",
        "mysql -pa",
        " -p a1b2c3",
        "AccountKey=a",
        "glagent-",
        "1-us1",
        "M.a.",
        "%3D",
        "\\n",
    ),
    *(
        "sk-",
        "eyJ",
        "eyJa=",
        "eyJaaaaaaaa.",
        "://",
        "://a:",
        "//",
        "token=",
        "token='",
        "a=b:",
        "-----BEGIN ",
    ),
    *(HEADER, HEADER + "A" * 40 + " ", "-", "--password ", "AK" + "IA", "xoxb-1-", "1-", "Bearer ", "a", "0"),
    *(".", "=", ":", " ", '\\"', "-u a:", "password: str = ", "ghp_", "github_pat_", "authorization: token "),
    *("SG.", "key = 'a1b2c3d4e5' ", "TOKEN_1=a1B2c3D4", "token=a1"),
]


@pytest.mark.parametrize("part", HOSTILE)
def test_a_hostile_string_is_looked_at_few_times_and_at_few_places(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = part * (65_536 // len(part))
    looks: list[int] = []
    stops = 0

    def counted(whole: str) -> list[int]:
        nonlocal stops
        found = places(whole)
        stops += len(found)
        looks.append(len(whole))
        return found

    monkeypatch.setattr(redactor, "places", counted)
    redact(text)
    # One look that finds, one that finds nothing more, and a third where a placeholder lays bare a neighbour.
    assert len(looks) <= 3
    assert sum(looks) <= 5 * len(text)
    # A gate stops at most once at each sign; what is tried there is bounded (see below).
    assert stops <= 2 * len(text)


UNBOUNDED = {
    # Issuers' own; each begins with a prefix that cannot begin again inside of what follows.
    "slack-token",
    "pypi-token",
    "jwt",
}
NESTED = {
    # A sign that the inner repetition cannot hold ends each round of the outer one.
    "slack-token",
    "_COOKIES",
    "_FLAG",
    "_LOCATION",
    "_WORDS",
    "_DOTTED",
}


def all_patterns() -> Iterator[tuple[str, str]]:
    for rule in itertools.chain(*tokens.RULES.values(), *tokens.BY_LEAD.values()):
        yield rule.kind, rule.pattern.pattern
    for module in (tokens, values, spans):
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield name, value.pattern


def repeats(tree: object, *, inside: bool = False) -> Iterator[tuple[bool, bool]]:
    """For each repetition of unequal lengths: whether it has no bound, whether it stands in another one."""
    if isinstance(tree, _parser.SubPattern | list | tuple):
        items = list(tree)
        if len(items) == 3 and isinstance(items[0], int) and isinstance(items[2], _parser.SubPattern):
            least, most, inner = items
            varies = least != most and most > 1
            if varies:
                yield most == _parser.MAXREPEAT, inside
            yield from repeats(inner, inside=inside or most > 1)
            return
        for item in items:
            yield from repeats(item, inside=inside)


def test_what_is_tried_at_a_place_is_bounded() -> None:
    """Values are bounded by 512 characters, so that what is asked of a value alone may have no bound."""
    unbounded, nested = set(), set()
    for name, pattern in all_patterns():
        for is_unbounded, is_nested in repeats(_parser.parse(pattern)):
            if is_unbounded:
                unbounded.add(name)
            if is_nested:
                nested.add(name)
    of_values = {name for name, value in vars(spans).items() if isinstance(value, re.Pattern)}
    # The tail of a word is behind what was found, and looked at once.
    assert unbounded - of_values - {"_TAIL"} == UNBOUNDED
    assert nested == NESTED


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def test_real_transcripts_lose_next_to_nothing() -> None:
    files = [
        path for agent in ("claude_code", "codex") for path in sorted((CORPUS / agent).rglob("*.jsonl"))[::6]
    ]
    if not files:
        pytest.skip(f"no corpus at {CORPUS}")
    seen, changed = 0, []
    for path in files:
        for line in path.read_bytes().splitlines():
            try:
                record = msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue
            for text in strings(record):
                seen += 1
                if redact(text) is not text:
                    changed.append(text)
    assert seen > 10_000
    assert len(changed) <= seen // 10_000, changed[:3]
