"""Secrets to placeholders: a string of a transcript comes in, the same string without its secrets goes out.

Most strings hold no secret and there are many of them, so cheap expressions (the gates) find the places
where a secret could be, and only there a rule looks closer. What tokens look like is taken from
detect-secrets where it knows them. A placeholder is keyed: the same secret is recognised, and not read.
"""

import hmac
import math
import re
from bisect import bisect_right
from collections import Counter
from typing import Any, NamedTuple

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

SHORTEST = 8
"""A value with fewer characters is not taken for a secret because of its name alone."""

LEAST_ENTROPY = 2.5
"""Bits per character, below which a value is too regular for a secret."""

SHORT = 400
"""Characters up to which one gate for all leads is faster than one for each."""

LONGEST_KEY_BLOCK = 16_384
"""Characters of a PEM block, or of what is left of one, that are looked through for its end."""

PASSES = 8
"""A replacement may lay bare a neighbour; this many times at most the string is looked at again."""


class _Rule(NamedTuple):
    """One shape of a secret.

    The gate stops at `lead` (one character, rare in ordinary text) where `behind` ends with it and `ahead`
    follows; then `patterns` are tried from `back` characters before the end of `lead`. Of a match the first
    `keep` characters stay.
    """

    kind: str
    lead: str
    back: int
    patterns: tuple[re.Pattern[str], ...]
    behind: str = ""
    ahead: str = ""
    keep: int = 0


def _patterns(*sources: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source, re.ASCII) for source in sources)


def _library(detector: Any, *numbers: int) -> tuple[re.Pattern[str], ...]:  # noqa: ANN401  # it has no types
    """The patterns of a detect-secrets plugin: all of them, or those with these numbers."""
    patterns = tuple(detector.denylist)
    return tuple(patterns[number] for number in numbers) if numbers else patterns


def _prefixed(kind: str, prefixes: str, patterns: tuple[re.Pattern[str], ...]) -> list[_Rule]:
    """Rules for tokens that begin with one of `prefixes`, the last character of which is the lead."""
    return [_Rule(kind, prefix[-1], len(prefix), patterns, re.escape(prefix)) for prefix in prefixes.split()]


_URL = r"//[^\s/@:\"'`<>\[\]{}\\]{0,128}:([^\s/@\"'`<>\[\]\\]{1,256})@"
# Names end in ord, swd, pwd, ase, ret, ken, key, ial, ass or ion. Three classes are faster than ten
# words, and `_NAME_END` asks again.
_LAST_LETTERS = "[aikoprsAIKOPRS][aeiorswAEIORSW][delnstyDELNSTY]"
_GAPS = ("", r"[\"'`\] \t]", r"[\"'`\]\\][\"'`\] \t]", r"\\[\"'`][ \t]", r"[\"'`]\][ \t]")
_BEHIND_NAME = "|".join(rf"(?<={_LAST_LETTERS}{gap}[=:])" for gap in _GAPS) + (
    r"|(?<=[ \t]{2}[=:])(?<!    [=:])|(?<=: str =)|(?<=: string =)|(?<=:string=)"
)
_NAMED_VALUE = (
    # The cheap look at one character first: most signs do not follow a name of a secret.
    r"(?<=[DdEeLlNnSsTtYyG\"'`\] \t].)(?:"
    r"(?=>?[ \t]{0,4}(?:\\?[\"'`])?[^\s\"'`<>{}()\[\]$,;\\|]{8}"
    r"|[ \t]{0,4}(?:\\?[\"'`])?(?:[Bb]asic|bearer|[Tt]oken) +[\w.~+/=-]{8})"
    rf"(?:{_BEHIND_NAME}))"
)
_AHEAD_FLAG = r"(?=-[a-z-]{0,24}(?:password|token|secret|key) |-?u(?:ser)?[ =][\"']?[\w.@+-]{1,64}:)"
_BEARER = r"earer +[\w.~+/=-]{16}"

# Every repetition is bounded, or begins at a place that no other match of the rule can begin in: a hostile
# string costs as many steps as it has characters. Three library rules are not used for this reason (JSON web
# tokens, OpenAI, npm), nor those whose shape ordinary words share (Artifactory, public addresses).
_RULES: tuple[_Rule, ...] = (
    *_prefixed("aws-key", "AKIA ASIA ABIA ACCA", _library(AWSKeyDetector, 0)),
    *_prefixed("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", _library(GitHubTokenDetector)),
    *_prefixed("github-token", "github_pat_", _patterns(r"github_pat_\w{22,255}")),
    *_prefixed("gitlab-token", "glpat- gldt- glft- glsoat- glrt- glcbt-", _library(GitLabTokenDetector)),
    *_prefixed("gitlab-token", "glimt- glptt- glagent- gloas-", _library(GitLabTokenDetector)),
    *_prefixed("slack-token", "xoxa- xoxb- xoxp- xoxo- xoxs- xoxr-", _library(SlackDetector, 0)),
    *_prefixed("slack-token", "xapp-", _patterns(r"xapp-\d-[A-Z0-9]{8,16}-\d{8,16}-[a-f0-9]{32,128}")),
    _Rule("slack-webhook", ":", 6, _library(SlackDetector, 1), ahead=r"//hooks\.slack\.com/services/T"),
    _Rule(
        "discord-webhook",
        ":",
        6,
        _patterns(r"https://discord(?:app)?\.com/api/webhooks/\d{1,24}/[\w-]{20,128}"),
        ahead=r"//discord(?:app)?\.com/api/webhooks/\d",
    ),
    *(
        _Rule("discord-token", ".", back, _library(DiscordBotTokenDetector), ahead=r"[\w-]{6}\.[\w-]{27}")
        for back in (25, 26, 27)
    ),
    *(
        _Rule("telegram-token", ":", back, _library(TelegramBotTokenDetector), r"\d{8}:", r"[\w-]{35}\b")
        for back in (9, 10, 11)
    ),
    *_prefixed("stripe-key", "sk_live_ rk_live_", _library(StripeDetector)),
    *(
        _Rule("twilio-key", letters[1], 2, _library(TwilioKeyDetector), letters, r"[0-9a-z]{32}")
        for letters in ("AC", "SK")
    ),
    *_prefixed("sendgrid-key", "SG.", _library(SendGridDetector)),
    _Rule("mailchimp-key", "-", 33, _library(MailchimpDetector), "[0-9a-z]{32}-", r"us\d{1,2}(?![\w-])"),
    *_prefixed("pypi-token", "pypi-", _library(PypiTokenDetector)),
    *_prefixed("npm-token", "npm_", _patterns(r"npm_[A-Za-z0-9]{36}")),
    *_prefixed("anthropic-key", "sk-", _patterns(r"sk-ant-[\w-]{16,256}")),
    *_prefixed(
        "openai-key",
        "sk-",
        _patterns(
            r"sk-(?:proj|svcacct|admin|None)-(?=[\w-]{0,64}\d)[\w-]{16,256}",
            r"sk-(?:or-v1-)?(?=[A-Za-z]{0,64}\d)[A-Za-z0-9]{20,256}",
        ),
    ),
    *_prefixed(
        "provider-key", "hf_ gsk_ xai- pplx-", _patterns(r"(?:hf_|gsk_|xai-|pplx-)[A-Za-z0-9]{30,256}")
    ),
    *_prefixed("google-key", "AIz", _patterns(r"AIza[\w-]{35}")),
    *_prefixed("debrief-key", "apk_ dbk_", _patterns(r"[ad][bp]k_(?=[\w-]{0,60}\d)[\w-]{20,128}")),
    _Rule("jwt", "J", 3, _patterns(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), "eyJ", r"[\w-]{8}"),
    _Rule("azure-key", "=", 11, _library(AzureStorageKeyDetector), "AccountKey=", keep=11),
    _Rule("bearer-token", "B", 1, _patterns(rf"B{_BEARER}[\w.~+/=-]*"), ahead=_BEARER, keep=7),
)


def _gates() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """For each lead the expression that stops where its surroundings fit; it consumes the lead alone.

    An expression that begins with one literal character runs through a text at the speed of memory, one
    that begins with a choice of characters does not: ten of the first kind cost less than one of the other.
    """
    fragments: dict[str, list[str]] = {}
    behinds: dict[tuple[str, int, str], list[str]] = {}
    for rule in _RULES:
        # Python wants all branches of a look behind to be equally wide.
        width = rule.back if rule.behind else 0
        behinds.setdefault((rule.lead, width, rule.ahead), []).append(rule.behind)
    for (lead, width, ahead), found in behinds.items():
        behind = f"(?<={'|'.join(found)})" if width else ""
        fragments.setdefault(lead, []).append(behind + (f"(?={ahead})" if ahead else ""))
    fragments["="].append(_NAMED_VALUE)
    fragments[":"] += [f"(?={_URL})", _NAMED_VALUE]
    fragments["-"] += ["(?=----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY)", _AHEAD_FLAG]
    return tuple(
        (lead, re.compile(f"{re.escape(lead)}(?:{'|'.join(dict.fromkeys(parts))})", re.ASCII))
        for lead, parts in fragments.items()
    )


_GATES = _gates()
_GATE = re.compile("|".join(gate.pattern for _, gate in _GATES), re.ASCII)
_BY_LEAD: dict[str, tuple[_Rule, ...]] = {
    lead: tuple(rule for rule in _RULES if rule.lead == lead) for lead in {rule.lead for rule in _RULES}
}

_NAMES = ("key", "token", "secret", "passw", "passphrase", "pwd", "credential", "_pass", "-pass", "authoriz")
_NAME_END = re.compile(
    r"(?:(?P<password>passw(?:or)?d|passphrase|pwd|[_-]pass)|secret|token|credential"
    r"|(?:api|access|secret|private|auth|service|account|client|encryption|signing|master|db|database|shared"
    r"|webhook)[_-]?key(?:[_-]?base)?)"
    r"(?P<gap>(?:\\?[\"'`\]]){0,2}[ \t]{0,3}(?:: ?str(?:ing)? ?|:)?)$",
    re.ASCII | re.IGNORECASE,
)
_AUTHORIZATION_END = re.compile(r"authorization(?:\\?[\"'`])?[ \t]{0,4}$", re.ASCII | re.IGNORECASE)
_FLAG = re.compile(
    r"-(?:[a-z]+-){0,3}(?:password|(?P<secret>token|secret|(?:api|access|auth)-key)) +"
    r"|-?u(?:ser)?[ =][\"']?[\w.@+-]{1,64}:",
    re.ASCII,
)
_VALUE = re.compile(
    r">?[ \t]{0,4}(?:\\?(?P<quote>[\"'`])(?P<quoted>[^\s\"'`<>\\]{8,512})(?=\\?(?P=quote))"
    r"|(?:\\?[\"'`])?(?P<bare>[^\s\"'`<>{}()\[\]$,;\\|&]{8,512}))",
    re.ASCII,
)
_SCHEME = re.compile(r"[ \t]{0,4}(?:\\?[\"'`])?(?:[Bb]asic|bearer|[Tt]oken) +([\w.~+/=-]{8,2048})", re.ASCII)
_LOGIN = re.compile(_URL, re.ASCII)

_PLACEHOLDER = re.compile(
    r"[$<{%*(\[].*|\W*|.*(?:x{4}|\*{3}|\.{3}|0{8}|[_-]here\b).*|.*\{.*\}.*|(?:1234567|abcdef|abc123).*"
    r"|(?:your|my|some|the|example|sample|dummy|fake|mock|test|placeholder|redacted|change|insert|replace|todo)"
    r"(?:[_-].*|me.*|ed|\d*)?"
    r"|(?:process\.|os\.|env\.|import\.|config\.|settings\.|self\.|this\.|secrets\.|vault:|op://|arn:).*"
    r"|none|null|nil|true|false|undefined|password|passwd|pass|pwd|secret|token|user|username|x+",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_WORDS = re.compile(r"(?:(?:[A-Za-z]{1,16}\d?|\d{1,8})(?:[\W_]+|$))+", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|->|\?\.)[A-Za-z_]\w*)+", re.ASCII)
_LOCATION = re.compile(
    r"(?:[~.]{0,2}/|[A-Za-z]:[\\/])[\w.-]+(?:[\\/].*)?|.*://.*|(?:sha\d{1,3}|md5)[-:=].*"
    r"|.*[\w-]\.(?:pem|key|crt|json|ya?ml|txt|env|py|tsx?|jsx?|md|go|rs|java)(?::\d+)*",
    re.ASCII | re.DOTALL,
)
_DIGIT = re.compile(r"\d", re.ASCII)
_DIGIT_OR_SIGN = re.compile(r"[\d!@#%^&*?+]", re.ASCII)
_LETTER = re.compile(r"[A-Za-z]", re.ASCII)
# A line end as JSON writes it, a character by its number, a colour of the terminal, a percent sign in a URL.
_ESCAPED = re.compile(
    r"(?:\\(?:[nrtbfv0]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|(?:u001[bB]|x1[bB]|033|e)\[[\d;]{0,12}m)"
    r"|%[0-9A-Fa-f]{2})\Z",
    re.ASCII,
)
_TAIL = re.compile(r"\w*", re.ASCII)
_KEY_HEADER = re.compile(r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----", re.ASCII)
_KEY_BODY = re.compile(r"(?:[A-Za-z0-9+/=\s\\,:.-]){32,16384}", re.ASCII)
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----", re.ASCII)


class _Span(NamedTuple):
    start: int
    end: int
    kind: str


class Redactor:
    """Replaces the secrets of a string by placeholders such as `[redacted:github-token:4f3a9c]`.

    The six digits are a keyed hash of the secret: equal secrets have equal placeholders under one `key`.
    Calling an instance is pure, deterministic and idempotent.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, text: str) -> str:
        """`text` without its secrets; the very same object where it holds none."""
        if len(text) < SHORT and _GATE.search(text) is None:
            return text
        for _ in range(PASSES):
            spans = _find(text)
            if not spans:
                break
            text = self._replace(text, spans)
        return text

    def _replace(self, text: str, spans: list[_Span]) -> str:
        parts: list[str] = []
        end = 0
        for span in spans:
            secret = text[span.start : span.end].encode("utf-8", "surrogatepass")
            digest = hmac.digest(self._key, secret, "sha256").hex()[:6]
            parts += (text[end : span.start], f"[redacted:{span.kind}:{digest}]")
            end = span.end
        parts.append(text[end:])
        return "".join(parts)


def _places(text: str) -> list[int]:
    """Where in `text` a gate stops, in order: each the position behind a lead."""
    places = [
        hit.end()
        for lead, gate in _GATES
        if lead in text and gate.search(text)
        for hit in gate.finditer(text)
    ]
    places.sort()
    return places


def _find(text: str) -> list[_Span]:
    """The secrets of `text` in order, none overlapping; a telling shape wins over a telling name."""
    shaped: list[_Span] = []
    named: list[_Span] = []
    end = 0
    for place in _places(text):
        if place <= end:
            continue
        lead = text[place - 1]
        span = _shaped(text, place, lead, end)
        if span is not None:
            shaped.append(span)
            end = span.end
        elif lead in "=:-":
            span = _named(text, place, lead)
            if span is not None and (not named or span.start >= named[-1].end):
                named.append(span)
    if not named:
        return shaped
    return _merged(shaped, named)


def _merged(shaped: list[_Span], named: list[_Span]) -> list[_Span]:
    """Both in order, without those of `named` that touch one of `shaped`."""
    ends = [span.end for span in shaped]
    spans = list(shaped)
    for span in named:
        following = bisect_right(ends, span.start)
        if following == len(shaped) or shaped[following].start >= span.end:
            spans.append(span)
    spans.sort()
    return spans


def _shaped(text: str, place: int, lead: str, end: int) -> _Span | None:
    """The secret that a rule with `lead` finds around `place`; `end` is where the last one ended."""
    if lead == "-" and text.startswith("----BEGIN", place):
        return _key_block(text, place - 1)
    if lead == ":" and (url := _LOGIN.match(text, place)):
        return None if _PLACEHOLDER.fullmatch(url[1]) else _Span(url.start(1), url.end(1), "url-password")
    for rule in _BY_LEAD.get(lead, ()):
        start = place - rule.back
        if start < end or (start > end and _is_inside(text, start)):
            continue
        for pattern in rule.patterns:
            if found := pattern.match(text, start):
                return _checked(text, rule, found)
    return None


def _is_inside(text: str, start: int) -> bool:
    """Whether a word goes on at `start`; an escape's last letter is no part of a word."""
    return text[start - 1].isalnum() and not _ESCAPED.search(text, max(0, start - 24), start)


def _checked(text: str, rule: _Rule, found: re.Match[str]) -> _Span | None:
    """A rule's match as a span, to the end of its word: issuers make their tokens longer over the years."""
    start = found.start() + rule.keep
    stop = _TAIL.match(text, found.end()).end()  # type: ignore[union-attr]  # an empty tail matches too
    secret = text[start:stop].lstrip()
    if rule.kind == "bearer-token" and not _looks_secret(secret, wordy=False):
        return None
    return _Span(stop - len(secret), stop, rule.kind)


def _key_block(text: str, start: int) -> _Span | None:
    """A private key from its first dash to its last, or to the end of what is left of it."""
    header = _KEY_HEADER.match(text, start)
    if header is None:
        return None
    closing = _KEY_END.search(text, header.end(), header.end() + LONGEST_KEY_BLOCK)
    following = text.find("-----BEGIN", header.end(), closing.start() if closing else header.end())
    if closing and following < 0 and closing.start() - header.end() > SHORTEST:
        return _Span(start, closing.end(), "private-key")
    body = _KEY_BODY.match(text, header.end())
    if body is None:
        return None
    return _Span(start, header.end() + len(body[0].rstrip()), "private-key")


def _named(text: str, place: int, lead: str) -> _Span | None:
    """The value after `place` where what stands before it says that it is a secret."""
    if lead == "-":
        flag = _FLAG.match(text, place)
        if flag is None:
            return None
        value, is_password = _VALUE.match(text, flag.end()), flag["secret"] is None
        return _value_span(value, "password" if is_password else "secret", wordy=is_password)
    head = text[max(0, place - 41) : place - 1]
    low = head.lower()
    if not any(name in low for name in _NAMES):
        return None
    if lead == ":" and (scheme := _SCHEME.match(text, place)) and _AUTHORIZATION_END.search(head):
        is_secret = _looks_secret(scheme[1], wordy=False)
        return _Span(scheme.start(1), scheme.end(1), "authorization") if is_secret else None
    name = _NAME_END.search(head)
    if name is None:
        return None
    is_password = name["password"] is not None
    # An assignment of a shell or a .env file: nothing between the name, the sign and the value.
    is_environment = lead == "=" and not name["gap"] and head[-1].isupper() and text[place] != " "
    kind = "password" if is_password else "secret"
    return _value_span(_VALUE.match(text, place), kind, wordy=is_password and is_environment)


def _value_span(value: re.Match[str] | None, kind: str, *, wordy: bool) -> _Span | None:
    if value is None:
        return None
    group = "quoted" if value["quoted"] else "bare"
    secret = value[group].rstrip(".:!?") if group == "bare" else value[group]
    if not _looks_secret(secret, wordy=wordy):
        return None
    return _Span(value.start(group), value.start(group) + len(secret), kind)


def _looks_secret(value: str, *, wordy: bool) -> bool:
    """Whether `value` is no mere number, place or expression nor, unless `wordy`, made of words."""
    mark = _DIGIT_OR_SIGN if wordy else _DIGIT
    if len(value) < SHORTEST or not mark.search(value) or not _LETTER.search(value):
        return False
    if _PLACEHOLDER.fullmatch(value) or _LOCATION.fullmatch(value):
        return False
    if wordy:
        return True
    if _DOTTED.fullmatch(value) or _WORDS.fullmatch(value):
        return False
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= LEAST_ENTROPY
