"""Secrets that are known by what stands before them: a name, a header, a flag, a place in a URL.

A text comes in, places go out: those whose surroundings leave no doubt, and those whose name betrays them.
Cheap expressions (the gates) stop at the signs that such a value follows, and only there a rule looks closer.
"""

import base64
import binascii
import re

from debrief.redaction.spans import PLACEHOLDER, Span, entropy, looks_secret

LONGEST_KEY_BLOCK = 16_384
"""Characters of a PEM block, or of what is left of one, that are looked through for its end."""

RANDOM_BITS = 3.0
"""Bits per character, from which a value is random enough to be a secret where its name only hints at one."""

RANDOM_LENGTH = 16

_URL = r"//[^\s/@:\"'`<>\[\]{}\\]{0,128}:([^\s/@\"'`<>\[\]\\]{1,256})@"
_URL_TOKEN = r"//([A-Za-z0-9_-]{20,256})@[\w-]{1,63}\."  # noqa: S105 (a pattern)
_WEBHOOK = (
    r"//(?:hooks\.slack\.com/(?:services|workflows|triggers)/T|discord(?:app)?\.com/api/webhooks/\d"
    r"|[\w-]{1,60}\.webhook\.office\.com/webhookb2/)[\w/@.-]{16,400}"
)
# Names end in ord, swd, pwd, ase, ret, ken, key, ial, ass or ion. Three classes are faster than ten
# words, and `_NAME_END` asks again.
_LAST_LETTERS = "[aikoprsAIKOPRS][aeiorswAEIORSW][delnstyDELNSTY]"
_GAPS = ("", r"[\"'`\] \t]", r"[\"'`\]\\][\"'`\] \t]", r"\\[\"'`][ \t]", r"[\"'`\]][ \t]")
_BEHIND_NAME = "|".join(rf"(?<={_LAST_LETTERS}{gap}[=:])" for gap in _GAPS) + (
    r"|(?<=[ \t]{2}[=:])(?<!    [=:])|(?<=: str =)|(?<=: string =)|(?<=:string=)"
)
_NAMED_VALUE = (
    # The cheap look at one character first: most signs do not follow a name of a secret.
    r"(?<=[DdEeLlNnSsTtYyG\"'`\] \t].)(?:"
    r"(?=>?[ \t]{0,4}(?:\\?[\"'`])?[^\s\"'`<>{}()\[\]$,;\\|]{8}"
    r"|[ \t]{0,4}(?:\\?[\"'`])?(?:[Bb]asic|bearer|[Tt]oken) {1,8}[\w.~+/=-]{8})"
    rf"(?:{_BEHIND_NAME}))"
)
GATES: dict[str, tuple[str, ...]] = {
    "=": (
        _NAMED_VALUE,
        r"(?<=_auth=)(?=[A-Za-z0-9+/])",
        r"(?<=[?&](?:key|sig)=)",
        r"(?<=nature=)(?=[\w%+/.~-]{16})",
        r"(?<=[A-Z0-9_]{4}=)(?=[\"']?[^\s\"'$<>{}()]{16})",
    ),
    ":": (
        f"(?=//)(?=(?:{_URL}|{_URL_TOKEN}|{_WEBHOOK}))",
        _NAMED_VALUE,
        r"(?<=ookie:)(?=[ \t]{0,4}[\w.%-]{1,64}=)",
        r"(?<=auth\":)(?=[ \t]{0,4}\"[A-Za-z0-9+/]{8})",
    ),
    "-": (
        # One look first: most dashes join words.
        (
            "(?=[-uap])(?:"
            r"(?=----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY)"
            r"|(?=-[a-z-]{0,24}(?:password|passwd|passphrase|token|secret|key|pass) )"
            r"|(?=-?u(?:ser)?[ =][\"']?[\w.@+-]{1,64}:)"
            r"|(?=[ap] ?[\"']?[^\s\"'$<>{}()\[\],;|&/-][^\s\"'$<>{}()\[\],;|&]{5})(?<=[ \t\n]-))"
        ),
    ),
    "B": (r"(?=earer {1,8}[\w.~+/=-]{16})",),
}
"""By sign, what has to stand around it; see `gates`."""

_KEY_OF = (
    "api|access|secret|private|auth|service|account|client|encryption|signing|master|db|database|shared"
    "|webhook|subscription|storage|license|licence|consumer|preshared|hmac|jwt|cipher|deploy|rapidapi"
)
_NAMES = re.compile(r"key|token|secret|pass(?:w|phr|c)|pwd|credential|[_\"'-]pass")
_NAME_END = re.compile(
    r"(?:(?P<password>passw(?:or)?d|passphrase|passcode|pwd|[_-]pass|(?<=[\"'])pass)|secret|token|credential"
    rf"|(?:{_KEY_OF})[_-]?key(?:[_-]?base)?)"
    r"(?P<gap>(?:\\?[\"'`\]]){0,2}[ \t]{0,3}(?:: ?str(?:ing)? ?|:)?)$",
    re.ASCII,
)
_HINT = re.compile(
    r"(?=[A-Z0-9_]{0,64}(?:KEY|TOKEN|SECRET|PASS|PWD|AUTH|CRED|PRIVATE|SIGNING|SALT|COOKIE|_PAT(?:_|$)))"
    r"(?![A-Z0-9_]{0,64}(?:PUBLIC|PATH|FILE|URL|URI|NAME|HOST|HASH|DIGEST|SHA\d|FINGERPRINT|VERSION|KEYWORD"
    r"|KEYBOARD|AUTHOR|PASSED|TOKENS|TOKENI|CACHE|_IDS?(?:_|$)|KEY_ID|LENGTH|SIZE|LIMIT|COUNT|MODEL|REF))"
    r"[A-Z0-9_]{4,64}$",
    re.ASCII,
)
_NAME = re.compile(r"[A-Z0-9_]{4,64}$", re.ASCII)
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_AUTHORIZATION_END = re.compile(r"authorization(?:\\?[\"'`])?[ \t]{0,4}$", re.ASCII)
_FLAG = re.compile(
    r"-(?:[a-z]{1,16}-){0,3}(?:password|passwd|passphrase|pass"
    r"|(?P<secret>token|secret|(?:api|access|auth|account|storage|master|license|secret)-key)) {1,8}"
    r"|-?u(?:ser)?[ =][\"']?[\w.@+-]{1,64}:",
    re.ASCII,
)
_LETTER_FLAG = re.compile(r"[ap] ?", re.ASCII)
# Commands whose `-p` or `-a` is a password: of most others it is a port, a path or a print.
_WITH_LETTER_FLAG = re.compile(
    r"(?:mysql(?:dump|admin)?|mariadb|sshpass|redis-cli|docker login|podman login)\b[^\n|;&]{0,100}$",
    re.ASCII,
)
_VALUE = re.compile(
    r">?[ \t]{0,4}(?:\\?(?P<quote>[\"'`])(?P<quoted>[^\s\"'`<>\\]{8,512})(?=\\?(?P=quote))"
    r"|(?:\\?[\"'`])?(?P<bare>[^\s\"'`<>{}()\[\]$,;\\|&]{8,512}))",
    re.ASCII,
)
_WHOLE = re.compile(r"[\"']?([^\s\"'`<>{}()\[\]$,;\\|&]{6,512})", re.ASCII)
_PARAMETER = re.compile(r"[\w%+/.~-]{16,512}={0,2}", re.ASCII)
_SCHEME = re.compile(
    r"[ \t]{0,4}(?:\\?[\"'`])?([Bb]asic|bearer|[Tt]oken) {1,8}([\w.~+/=-]{8,2048})", re.ASCII
)
_BEARER = re.compile(r"earer {1,8}([\w.~+/=-]{16,8192})", re.ASCII)
_BASIC = re.compile(r"[ \t]{0,4}\"?([A-Za-z0-9+/]{8,1024}={0,2})", re.ASCII)
_COOKIES = re.compile(r"[ \t]{0,4}((?:[\w.%-]{1,64}=[^\s;\"'`\\]{0,512}(?:;[ \t]{1,2})?){1,16})", re.ASCII)
_COOKIE_VALUE = re.compile(r"=([^\s;\"'`\\]{16,256})", re.ASCII)
_LOGIN = re.compile(_URL, re.ASCII)
_TOKEN_LOGIN = re.compile(_URL_TOKEN, re.ASCII)
_HOOK = re.compile(_WEBHOOK, re.ASCII)
_KEY_HEADER = re.compile(r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----", re.ASCII)
_KEY_BODY = re.compile(r"(?:[A-Za-z0-9+/=\s\\,:.-]){32,16384}", re.ASCII)
_KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{32}", re.ASCII)
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def surely_at(text: str, place: int) -> Span | None:
    """What stands behind the sign that ends at `place`, where its surroundings leave no doubt."""
    sign = text[place - 1]
    if sign == "B" and (bearer := _BEARER.match(text, place)) and looks_secret(bearer[1], wordy=False):
        return _span(bearer, 1, "bearer-token")
    if sign == ":" and text.startswith("//", place):
        return _in_url(text, place)
    if sign == "-" and text.startswith("----BEGIN", place):
        return _key_block(text, place - 1)
    return None


def _key_block(text: str, start: int) -> Span | None:
    """A private key from its first dash to its last, or to the end of what is left of it."""
    header = _KEY_HEADER.match(text, start)
    if header is None:
        return None
    closing = _KEY_END.search(text, header.end(), header.end() + LONGEST_KEY_BLOCK)
    following = text.find("-----BEGIN", header.end(), closing.start() if closing else header.end())
    if closing and following < 0 and _KEY_LINE.search(text, header.end(), closing.start()):
        return Span(start, closing.end(), "private-key")
    body = _KEY_BODY.match(text, header.end())
    if body is None:
        return None
    # A last backslash belongs to what follows: it escapes the quote that ends a string of JSON.
    return Span(start, header.end() + len(body[0].rstrip().rstrip("\\")), "private-key")


def named_at(text: str, place: int) -> Span | None:
    """What stands behind the sign that ends at `place`, where a name before it betrays it."""
    sign = text[place - 1]
    if sign == "-":
        return _behind_flag(text, place)
    return _behind_name(text, place, sign) if sign in "=:" else None


def _in_url(text: str, place: int) -> Span | None:
    """What of the URL whose `://` ends before `place` is secret: a password, a login that is a token."""
    if login := _LOGIN.match(text, place):
        return None if PLACEHOLDER.fullmatch(login[1]) else _span(login, 1, "url-password")
    if (token := _TOKEN_LOGIN.match(text, place)) and _is_random(token[1]):
        return _span(token, 1, "url-token")
    if hook := _HOOK.match(text, place):
        scheme = text.rfind("http", max(0, place - 6), place)
        kind = hook[0].removeprefix("//").removeprefix("hooks.").partition(".")[0].removesuffix("app")
        kind = kind if kind in ("slack", "discord") else "teams"
        return Span(scheme if scheme >= 0 else hook.start(), hook.end(), f"{kind}-webhook")
    return None


def _behind_flag(text: str, place: int) -> Span | None:
    """The value of an option of a command."""
    flag = _FLAG.match(text, place)
    if flag is not None:
        is_password = flag["secret"] is None
        kind = "password" if is_password else "secret"
        return _value_span(_VALUE.match(text, flag.end()), kind, wordy=is_password)
    letter = _LETTER_FLAG.match(text, place)
    if letter is None or not _WITH_LETTER_FLAG.search(text, max(0, place - 140), place - 1):
        return None
    value = _WHOLE.match(text, letter.end())
    if value is None or PLACEHOLDER.fullmatch(value[1]):
        return None
    return _span(value, 1, "password")


def _behind_name(text: str, place: int, sign: str) -> Span | None:
    """The value after `place` where what stands before it says that it is a secret."""
    head = text[max(0, place - 65) : place - 1]
    low = head[-40:].lower()
    span = None
    if low.endswith("ookie"):
        span = _cookie(text, place, low)
    elif sign == ":" and "authoriz" in low and _AUTHORIZATION_END.search(low):
        span = _authorization(text, place)
    elif low.endswith(('auth"', "_auth")):
        span = _basic(_BASIC.match(text, place), "authorization")
    elif sign == "=" and low.endswith(("?key", "&key", "?sig", "&sig", "nature")):
        span = _parameter(text, place)
    elif _NAMES.search(low) and (name := _NAME_END.search(low)):
        is_password = name["password"] is not None
        # An assignment of a shell or a .env file: nothing between the name, the sign and the value.
        is_variable = (
            sign == "=" and not name["gap"] and head[-1].isupper() and text[place : place + 1] != " "
        )
        kind = "password" if is_password else "azure-key" if low.endswith("accountkey") else "secret"
        span = _value_span(_VALUE.match(text, place), kind, wordy=is_password and is_variable)
    if span is None and sign == "=" and head[-1:] in _CAPITALS:
        variable = _NAME.search(head)
        span = _hinted(text, place) if variable and _HINT.match(variable[0]) else None
    return span


def _authorization(text: str, place: int) -> Span | None:
    scheme = _SCHEME.match(text, place)
    if scheme is None:
        value = _VALUE.match(text, place)
        return _value_span(value, "authorization", wordy=False)
    if scheme[1] in ("Basic", "basic"):
        return _basic(scheme, "authorization", group=2)
    return _span(scheme, 2, "authorization") if looks_secret(scheme[2], wordy=False) else None


def _basic(value: re.Match[str] | None, kind: str, group: int = 1) -> Span | None:
    """A user and a password in base64, or something else that looks secret."""
    if value is None:
        return None
    try:
        decoded = base64.b64decode(value[group], validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    is_login = b":" in decoded and decoded.isascii() and len(decoded) > len(b"a:b")
    return _span(value, group, kind) if is_login or looks_secret(value[group], wordy=False) else None


def _cookie(text: str, place: int, low: str) -> Span | None:
    """The cookies that a browser sends, all; of those that a server sets the value, without its terms."""
    cookies = _COOKIES.match(text, place)
    if cookies is None:
        return None
    secret = next(
        (one for one in _COOKIE_VALUE.finditer(cookies[1]) if looks_secret(one[1], wordy=False)), None
    )
    if secret is None:
        return None
    if low.endswith("set-cookie"):
        offset = cookies.start(1)
        return Span(offset + secret.start(1), offset + secret.end(1), "cookie")
    return _span(cookies, 1, "cookie")


def _parameter(text: str, place: int) -> Span | None:
    """A parameter of a URL whose name says little: it must be random."""
    value = _PARAMETER.match(text, place)
    return _span(value, 0, "secret") if value is not None and _is_random(value[0]) else None


def _hinted(text: str, place: int) -> Span | None:
    """The value of a variable whose name only hints at a secret: it must be random."""
    value = _VALUE.match(text, place)
    if value is None or not _is_random(value["quoted"] or value["bare"]):
        return None
    return _value_span(value, "secret", wordy=False)


def _is_random(value: str) -> bool:
    if len(value) < RANDOM_LENGTH or _UUID.fullmatch(value) or not looks_secret(value, wordy=False):
        return False
    return entropy(value) >= RANDOM_BITS


def _value_span(value: re.Match[str] | None, kind: str, *, wordy: bool) -> Span | None:
    if value is None:
        return None
    group = "quoted" if value["quoted"] else "bare"
    secret = value[group].rstrip(".:!?") if group == "bare" else value[group]
    if group == "bare" and value.string.startswith("(", value.end()):
        return None  # a call, and its result is not at hand
    if not looks_secret(secret, wordy=wordy):
        return None
    return Span(value.start(group), value.start(group) + len(secret), kind)


def _span(match: re.Match[str], group: int, kind: str) -> Span:
    return Span(match.start(group), match.end(group), kind)
