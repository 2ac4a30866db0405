"""The rules measured: secrets in true formats go, whatever stands around; what only looks alike stays."""

import random
import re

import pytest
from made import PLACED, SHAPED, made

from debrief.redaction import Redactor

redact = Redactor(b"a key for tests")

TRIED = 25

FORMS = [(kind, form) for kind, forms in SHAPED.items() for form in forms]

SURROUNDINGS = (
    "{}",
    "token={}",
    'export TOKEN="{}"',
    "see {}, then",
    '{{\\"key\\": \\"{}\\"}}',
    "-H 'X: {}'\n",
    "a\\n{}\\tb",
    "\\u001b[32m{}",
    "x%3D{}",
    "({})",
    "`{}`;",
    "gr\u00fc\u00df {} \U0001f511",
)


def samples(form: str) -> list[str]:
    dice = random.Random(form)
    return [made(form, dice) for _ in range(TRIED)]


def test_there_are_many_kinds() -> None:
    assert len(SHAPED) + len({text for text, _, _ in PLACED}) > 140
    assert len(SHAPED) > 80


@pytest.mark.parametrize(("kind", "form"), FORMS, ids=[form.replace("~~", "") for _, form in FORMS])
def test_a_token_in_its_true_format_goes_whole(kind: str, form: str) -> None:
    for secret in samples(form):
        for surrounding in SURROUNDINGS:
            found = redact(surrounding.format(secret))
            mark = re.search(rf"\[redacted:{kind}:[0-9a-f]{{6}}\]", found)
            assert mark, found
            assert found == surrounding.format(mark[0])


@pytest.mark.parametrize(("text", "form", "kind"), PLACED, ids=[text for text, _, _ in PLACED])
def test_a_value_goes_whole_where_its_place_betrays_it(text: str, form: str, kind: str) -> None:
    missed = 0
    for secret in samples(form):
        found = redact(text.format(secret))
        missed += f"[redacted:{kind}:" not in found
        assert secret not in found or f"[redacted:{kind}:" not in found
    # By chance a random value may look like words.
    assert missed <= 1


def test_placeholders_of_one_secret_are_the_same_wherever_it_stands() -> None:
    secret = made("gh~~p_{a36}", random.Random(1))
    marks = {
        mark
        for text in SURROUNDINGS
        for mark in re.findall(r"\[redacted:[^\]]+\]", redact(text.format(secret)))
    }
    assert len(marks) == 1


def hexes(size: int) -> str:
    return made(f"{{h{size}}}", random.Random(size))


def of(form: str) -> str:
    return made(form, random.Random(form))


SURVIVORS = [
    f"commit {hexes(40)}\nMerge: {hexes(7)} {hexes(8)}",
    f"index {hexes(7)}..{hexes(7)} 100644",
    f"{hexes(64)}  dist/app.tar.gz\n{hexes(32)}  old.zip",
    f"sha256:{hexes(64)} sha512-{of('{b86}')}== md5:{hexes(32)}",
    f"FROM python:3.11@sha256:{hexes(64)}",
    f"docker.io/library/redis@sha256:{hexes(64)}",
    of("{g0} {g0}-{g0} trace-{g0}"),
    "1.2.3 v14.2.0-rc.1+build.5114f85 ^4.17.21 >=2.0,<3 2026.11.25.post1+g3f78685",
    f'"integrity": "sha512-{of("{b86}")}==",\n"resolved": "https://registry.npm.example/a/-/a-1.0.0.tgz#{hexes(40)}"',
    f"    --hash=sha256:{hexes(64)} \\",
    f'checksum = "{hexes(64)}"\nname = "serde"',
    f"golang.org/x/net v0.17.0 h1:{of('{b43}')}=\ngolang.org/x/net v0.17.0/go.mod h1:{of('{b43}')}=",
    f"data:image/png;base64,{of('{b4000}')}==",
    f'{{"type":"image","source":{{"type":"base64","data":"{of("{b6000}")}"}}}}',
    "arn:aws:iam::123456789012:role/deploy-role-1 arn:aws:s3:::bucket-2026/key",
    f"projects/p-1/secrets/db-password/versions/3 i-0{hexes(16)} vpc-0{hexes(16)} subnet-{hexes(17)}",
    of("msg_01{a22} toolu_01{a22} call_{a24} req_011{a22} resp_{h48} rs_{h48} fc_{h48} chatcmpl-{a29}"),
    of("gen-{D10}-{a20} run_{a24} thread_{a24} ctc_{h48} ws_{h48} agent-a{h16} session_{a26} ses_{a26}"),
    f'"sessionId":"{of("{g0}")}","uuid":"{of("{g0}")}","requestId":"{of("req_{a24}")}"',
    f'"signature":"{of("{b400}")}==","encrypted_content":"{of("gAAAAA{w600}")}"',
    f'"prompt_cache_key":"{of("{g0}")}","cache_key":"{hexes(64)}", "sort_key": "a1b2c3d4e5"',
    "github.com/acme/app/commit/"
    + hexes(40)
    + " https://github.com/acme/app/pull/17#issuecomment-2345678901",
    "https://user@host.example/path?x=1:2@3 git@github.com:acme/app.git ssh://git@host:22/a.git",
    'function a(e,t){return e.token=t,e.secret=null,n.apply(this,arguments)}var key="a"+e,r={password:!0}',
    "!function(e,t){e.exports={apiKey:process.env.API_KEY_2,token:n(123).getToken1}}(this)",
    "api_key: _AzureApiKeyT | None, passwd: HTTPPasswordMgr = x1(), token = b64encode(pair).decode()",
    "password = getpass2() token = response2.json()['token'] secret=load_secret_v2(path)",
    '_SK_START = b"-----BEGIN OPENSSH PRIVATE KEY-----"\n_SK_END = b"-----END OPENSSH PRIVATE KEY-----"',
    "-----BEGIN PUBLIC KEY-----\n" + of("{b64}") + "\n-----END PUBLIC KEY-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + of("{b43}") + " me@host",
    "max_tokens=16384 output_tokens: 1234567890 tokenizer=o200k_base2 token_count=98765432",
    "PUBLIC_KEY_PATH=/etc/keys/server-2026-01.pub AUTHOR_NAME=Somebody2Else_AndMore KEY_ID=" + hexes(16),
    "CACHE_KEY_PREFIX=build-2026-11-25-linux-x64 COMMIT_HASH=" + hexes(40),
    "Cookie: theme=dark; lang=en\nSet-Cookie: theme=dark; Path=/\nthe cookie: a=b",
    "Authorization: Bearer $TOKEN_123456789012 Bearer {token} Bearer <token> Basic authentication2",
    "mkdir -p src/components2 && cp -a dir1/file2 x && ssh -p 22022 host && docker run -p 8080:8080 img",
    "mysql -u root -p app < dump2.sql\nmysql --protocol=tcp",
    "?key=name&sort=asc &sig=short ?code=404 signature=inspect.signature2",
    "task-runner-agent-12 pat-answers-in-2026 risk-sk-1 test_token_refresh_expired_401 live_reload_enabled_2",
    "gh" + "p_" + "x" * 36 + " AK" + "IA" + "X" * 16 + " sk-" + "1" * 40,
    "EURO 2024: the KIA of SKUs; SG.example hvs.example eyJ.x.y dp.pt.name a~8Q~b",
    "| token | meaning |\n|-------|---------|\n" + "-" * 300 + "\n" + "_" * 300 + "\n" + "=" * 300,
    of("{a14}.github.io {a20}.apps.example.com {l26}.ngrok.example"),
]


@pytest.mark.parametrize("text", SURVIVORS, ids=[text[:40] for text in SURVIVORS])
def test_what_only_looks_alike_stays(text: str) -> None:
    assert redact(text) == text
    assert redact(f"{text}\n" * 30) == f"{text}\n" * 30
