"""Secrets that are known by their shape: the tokens of issuers, which begin as nothing else does.

A place in a text comes in, the token around it goes out. A token is looked for at the last sign of its
prefix, or where it has none at a letter of it that is rare in ordinary text.
"""

import re
from collections import defaultdict
from typing import Any, NamedTuple

from detect_secrets.plugins.aws import AWSKeyDetector
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

from debrief.redaction.spans import Span


def _library(detector: Any, *numbers: int) -> tuple[str, ...]:  # noqa: ANN401  # it has no types
    """The patterns of a detect-secrets plugin: all of them, or those with these numbers."""
    patterns = tuple(pattern.pattern for pattern in detector.denylist)
    return tuple(patterns[number] for number in numbers) if numbers else patterns


_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

# Kind, prefixes, and what follows the prefix; or whole patterns of detect-secrets where it knows the token.
# Every repetition is bounded, or begins at a place that no other match of the rule can begin in: a hostile
# string costs as many steps as it has characters. Rules of the library that are not so are not used (JSON web
# tokens, OpenAI, npm), nor those whose shape ordinary words share (Artifactory, public addresses).
_BY_LIBRARY: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", _library(GitHubTokenDetector)),
    ("gitlab-token", "glpat- gldt- glft- glsoat- glrt- glcbt-", _library(GitLabTokenDetector)),
    ("gitlab-token", "glimt- glptt- glagent- gloas-", _library(GitLabTokenDetector)),
    ("slack-token", "xoxa- xoxb- xoxp- xoxo- xoxs- xoxr-", _library(SlackDetector, 0)),
    ("stripe-key", "sk_live_ rk_live_", _library(StripeDetector)),
    ("sendgrid-key", "SG.", _library(SendGridDetector)),
    ("pypi-token", "pypi-", _library(PypiTokenDetector)),
)
_BY_PREFIX: tuple[tuple[str, str, str], ...] = (
    ("github-token", "github_pat_", r"\w{22,255}"),
    ("gitlab-token", "glffct-", r"[\w-]{20,128}"),
    ("slack-token", "xapp-", r"\d-[A-Z0-9]{8,16}-\d{8,16}-[a-f0-9]{32,128}"),
    ("slack-token", "xoxe- xoxe.xoxp- xoxe.xoxb- xoxc- xoxd-", r"[\w-]{24,512}"),
    ("stripe-key", "sk_test_ rk_test_ sk_prod_ rk_prod_", r"[0-9a-zA-Z]{16,255}"),
    ("stripe-key", "whsec_", r"[\w+/=-]{32,128}"),
    ("npm-token", "npm_", r"[A-Za-z0-9]{36}"),
    ("anthropic-key", "sk-ant-", r"[\w-]{16,256}"),
    ("openai-key", "sk-proj- sk-svcacct- sk-admin- sk-None-", r"(?=[\w-]{0,64}\d)[\w-]{16,256}"),
    ("openai-key", "sk- sk-or-v1-", r"(?=[A-Za-z]{0,64}\d)[A-Za-z0-9]{20,256}"),
    ("provider-key", "hf_ gsk_ xai- pplx- api_org_ fw_", r"[A-Za-z0-9]{24,256}"),
    (
        "provider-key",
        "tvly- tvly-dev- fc- csk- jina_ r8_ tgp_v1_ e2b_ pcsk_",
        r"(?=[\w-]{0,40}\d)[\w-]{24,256}",
    ),
    ("provider-key", "nvapi- sk-lf- pk-lf- pa-", r"(?=[\w-]{0,32}\d)[\w-]{36,256}"),
    ("provider-key", "lsv2_pt_ lsv2_sk_", r"[0-9a-f]{32}_[0-9a-f]{10}"),
    ("google-token", "ya29.", r"[\w-]{20,1024}"),
    ("google-secret", "GOCSPX-", r"[\w-]{28}"),
    ("debrief-key", "apk_ dbk_", r"(?=[\w-]{0,60}\d)[\w-]{20,128}"),
    ("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"[a-f0-9]{64}"),
    ("shopify-token", "shpat_ shpss_ shpca_ shppa_", r"[a-fA-F0-9]{32}"),
    ("square-token", "sq0atp- sq0csp- sq0idp-", r"[\w-]{22,60}"),
    (
        "doppler-token",
        "dp.pt. dp.st. dp.st.prd. dp.st.stg. dp.st.dev. dp.ct. dp.sa. dp.scim. dp.audit.",
        r"[\w.-]{40,80}",
    ),
    ("dynatrace-token", "dt0c01. dt0s01. dt0s16.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("grafana-token", "glsa_", r"[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
    ("grafana-token", "glc_", r"[A-Za-z0-9+/]{32,400}={0,2}"),
    ("linear-key", "lin_api_ lin_oauth_", r"[A-Za-z0-9]{32,64}"),
    ("notion-token", "ntn_ secret_", r"(?=[A-Za-z]{0,42}\d)[A-Za-z0-9]{40,50}"),
    ("planetscale-token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w=.-]{32,64}"),
    ("postman-key", "PMAK-", r"[a-fA-F0-9]{24}-[a-fA-F0-9]{34}"),
    ("prefect-key", "pnu_ pnb_", r"[A-Za-z0-9]{36}"),
    ("pulumi-token", "pul-", r"[a-f0-9]{40}"),
    ("rubygems-key", "rubygems_", r"[a-f0-9]{48}"),
    ("sentry-token", "sntryu_", r"[a-f0-9]{64}"),
    ("sentry-token", "sntrys_", r"eyJ[\w+/=-]{40,400}"),
    ("brevo-key", "xkeysib- xsmtpsib-", r"[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    ("typeform-token", "tfp_", r"[\w.=-]{44,60}"),
    ("vault-token", "hvs. hvb. hvr.", r"[\w-]{24,300}"),
    ("newrelic-key", "NRAK- NRJS- NRII- NRRA-", r"[A-Za-z0-9_-]{19,42}"),
    ("clojars-token", "CLOJARS_", r"[a-z0-9]{60}"),
    ("cloudflare-key", "v1.0-", r"[a-f0-9]{24}-[a-f0-9]{146}"),
    ("contentful-token", "CFPAT-", r"[\w-]{43}"),
    ("docker-token", "dckr_pat_ dckr_oat_", r"[\w-]{27,40}"),
    ("duffel-token", "duffel_live_ duffel_test_", r"[\w=-]{43}"),
    ("figma-token", "figd_ figu_", r"[\w-]{36,64}"),
    ("flutterwave-key", "FLWSECK- FLWSECK_TEST- FLWPUBK_TEST-", r"[a-f0-9]{32}-X"),
    ("frameio-token", "fio-u-", r"[\w=-]{64}"),
    ("fly-token", "fo1_ fm1_ fm2_ fm1r_", r"[\w+/=-]{40,600}"),
    ("heroku-key", "HRKU-", rf"{_UUID}|AA[\w-]{{58}}"),
    ("hubspot-token", "pat-na1- pat-eu1- pat-na2-", _UUID),
    ("netlify-token", "nfp_ nfc_ nfo_ nfu_", r"[A-Za-z0-9_]{36}"),
    ("plaid-token", "access-sandbox- access-production- access-development-", _UUID),
    ("posthog-key", "phx_ phs_", r"[A-Za-z0-9]{43,60}"),
    ("readme-key", "rdme_", r"[a-z0-9]{70}"),
    ("scalingo-token", "tk-us-", r"[\w-]{48}"),
    ("shippo-token", "shippo_live_ shippo_test_", r"[a-f0-9]{40}"),
    ("sonar-token", "sqp_ sqa_ squ_", r"[a-f0-9]{40}"),
    ("sourcegraph-token", "sgp_ sgd_", r"(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}"),
    ("supabase-key", "sbp_", r"[a-f0-9]{40}"),
    ("supabase-key", "sb_secret_", r"[\w-]{31,60}"),
    ("tailscale-key", "tskey-", r"[a-z]{2,16}-[A-Za-z0-9]{8,24}(?:-[A-Za-z0-9]{20,48})?"),
    ("yandex-key", "y0_ t1.", r"[A-Za-z0-9][\w=-]{39,220}"),
    ("onepassword-token", "ops_", r"eyJ[\w+/=-]{100,2048}"),
    ("onepassword-key", "A3-", r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    ("adobe-secret", "p8e-", r"(?i:[a-z0-9]{32})"),
    ("harness-token", "pat. sat.", r"[\w-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}"),
    ("infracost-key", "ico-", r"[A-Za-z0-9]{32}"),
    ("mailgun-key", "key- pubkey-", r"[a-f0-9]{32}(?:-[a-f0-9]{8}-[a-f0-9]{8})?"),
    ("resend-key", "re_", r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),
    ("render-key", "rnd_", r"[A-Za-z0-9]{28,32}"),
    ("circleci-token", "CCIPAT_ CCIPRJ_", r"[A-Za-z0-9]{16,32}_[a-f0-9]{40}"),
    ("buildkite-token", "bkua_ bkat_", r"[a-z0-9]{40}"),
    ("launchdarkly-key", "sdk-", _UUID),
    ("cursor-key", "key_", r"[a-f0-9]{64}"),
    ("neon-key", "napi_", r"[a-z0-9]{64}"),
    ("wandb-key", "wandb_v1_", r"[\w-]{40,120}"),
)


_BY_BEGINNING: tuple[tuple[str, str, int, str], ...] = (
    # Kind, lead, how many characters stand before it, the whole token; the lead is the token's own.
    ("aws-key", "A", 3, _library(AWSKeyDetector, 0)[0]),
    ("alibaba-key", "A", 2, r"LTAI[A-Za-z0-9]{16,20}"),
    ("atlassian-token", "A", 0, r"AT(?:[AC]TT3xFf|BB)[\w=-]{28,250}"),
    ("trello-token", "A", 0, r"ATTA[a-f0-9]{64}"),
    ("easypost-key", "A", 2, r"EZAK[A-Za-z0-9]{54}"),
    ("facebook-token", "A", 2, r"(?<![+/])EAA[BCGM](?=[A-Za-z]{0,80}\d)[A-Za-z0-9]{80,400}(?![+/=\w])"),
    ("jfrog-token", "A", 0, r"AKCp[A-Za-z0-9]{69,73}"),
    ("yandex-key", "A", 0, r"AQVN[\w-]{35,38}"),
    ("age-key", "A", 0, r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    ("twilio-key", "K", 1, _library(TwilioKeyDetector, 1)[0]),
    ("google-key", "A", 0, r"AIza[\w-]{35}"),
    ("jwt", "J", 2, r"(?<![_-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
    *(
        ("discord-token", ".", before, _library(DiscordBotTokenDetector)[0] + "[\\w-]{0,16}")
        for before in (24, 25, 26)
    ),
    ("terraform-token", ".", 22, r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}"),
    ("airtable-token", ".", 17, r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    *(
        ("telegram-token", ":", before, _library(TelegramBotTokenDetector)[0] + r"(?![\w-])")
        for before in (8, 9, 10)
    ),
    ("mailchimp-key", "-", 32, _library(MailchimpDetector)[0] + r"(?![\w-])"),
    ("openshift-token", "~", 6, r"sha256~[\w-]{43}"),
    ("azure-secret", "~", 5, r"[\w.~-]{3}\dQ~[\w.~-]{31,34}"),
)
# What a gate asks for around a lead that stands alone: not all that the token needs, but cheap.
_AROUND: dict[str, tuple[str, ...]] = {
    "A": (
        r"(?<=AKIA|ASIA|ABIA|ACCA)(?=[0-9A-Z]{16})",
        r"(?<=LTA)(?=I[A-Za-z0-9]{16})",
        r"(?<=EZA)(?=K[A-Za-z0-9]{54})",
        r"(?=T(?:[AC]TT3xFf|BB[\w=-]{28}|TA[a-f0-9]{64})|KCp[A-Za-z0-9]{69}|QVN[\w-]{35}|Iza[\w-]{35}|GE-SECRET-KEY-1)",
        r"(?<=EAA)(?=[BCGM][A-Za-z0-9]{80})",
    ),
    "J": (r"(?<=eyJ)(?=[\w-]{8})",),
    "K": (r"(?<=SK)(?=[0-9a-z]{32})",),
    ".": (r"(?=[\w-]{6}\.[\w-]{27})", r"(?<=asv1\.)(?=[\w=-]{60})", r"(?=[a-f0-9]{64})"),
    ":": (r"(?<=\d{8}:)(?=[\w-]{35}(?![\w-]))",),
    "-": (r"(?=us\d{1,2}(?![\w-]))(?<=[0-9a-z]{32}-)",),
    "~": (r"(?<=\dQ~|56~)(?=[\w.~-]{31})",),
}
# What has to follow a prefix at least. Most dashes before something long are those of a UUID.
_AHEAD_OF_PREFIXED = {"_": r"[\w+/=.-]{16}", "-": r"(?![0-9a-f]{4}-)[\w%=.-]{16}", ".": r"[\w-]{20}"}


class _Rule(NamedTuple):
    """One shape of a token: `before` characters of it stand before its lead."""

    kind: str
    before: int
    pattern: re.Pattern[str]


def _prefixed() -> dict[str, tuple[_Rule, ...]]:
    """The rules of tokens that begin with a prefix, by it."""
    found: defaultdict[str, list[_Rule]] = defaultdict(list)
    for kind, prefixes, wholes in _BY_LIBRARY:
        for prefix in prefixes.split():
            found[prefix] += [_Rule(kind, len(prefix) - 1, re.compile(whole, re.ASCII)) for whole in wholes]
    for kind, prefixes, tail in _BY_PREFIX:
        for prefix in prefixes.split():
            pattern = re.compile(f"{re.escape(prefix)}(?:{tail})", re.ASCII)
            found[prefix].append(_Rule(kind, len(prefix) - 1, pattern))
    return {prefix: tuple(rules) for prefix, rules in found.items()}


RULES = _prefixed()
_WIDTHS = {
    lead: sorted({len(prefix) for prefix in RULES if prefix[-1] == lead}, reverse=True)
    for lead in _AHEAD_OF_PREFIXED
}
BY_LEAD: dict[str, tuple[_Rule, ...]] = {
    lead: tuple(
        _Rule(kind, before, re.compile(whole, re.ASCII))
        for kind, other, before, whole in _BY_BEGINNING
        if other == lead
    )
    for _, lead, _, _ in _BY_BEGINNING
}


def _gates() -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for lead, ahead in _AHEAD_OF_PREFIXED.items():
        # Python wants all branches of a look behind to be equally wide.
        behind = [
            "|".join(re.escape(prefix) for prefix in RULES if prefix[-1] == lead and len(prefix) == width)
            for width in _WIDTHS[lead]
        ]
        found[lead].append(f"(?={ahead})(?:{'|'.join(f'(?<={several})' for several in behind)})")
    for lead, several in _AROUND.items():
        found[lead] += several
    # Most full stops end a sentence or stand before a short word: one look tells.
    found["."] = [r"(?=[\w-]{6})(?:" + "|".join(found["."]) + ")"]
    return {lead: tuple(several) for lead, several in found.items()}


GATES = _gates()
"""By lead, what has to stand around it; see `gates`."""

# What an escape leaves before a word: a line end as JSON writes it, a character by its number, a colour of
# the terminal, a percent sign of a URL.
_ESCAPED = re.compile(
    r"(?:\\(?:[nrtbfv0]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|(?:u001[bB]|x1[bB]|033|e)\[[\d;]{0,12}m)"
    r"|%[0-9A-Fa-f]{2})\Z",
    re.ASCII,
)
_STANDS_FOR_ONE = re.compile(r"(\w)\1{11}", re.ASCII)
_TAIL = re.compile(r"\w*", re.ASCII)


def token_at(text: str, place: int, end: int) -> Span | None:
    """The token whose lead ends at `place`; `end` is where the last one ended."""
    lead = text[place - 1]
    for width in _WIDTHS.get(lead, ()):
        start = place - width
        for rule in RULES.get(text[start:place], ()) if start >= end else ():
            if span := _match(text, start, end, rule):
                return span
    if lead == ":" and not text[place - 2 : place - 1].isdigit():
        return None
    for rule in BY_LEAD.get(lead, ()):
        start = place - 1 - rule.before
        if start >= end and (span := _match(text, start, end, rule)):
            return span
    return None


def _match(text: str, start: int, end: int, rule: _Rule) -> Span | None:
    """The token at `start`, to the end of its word: issuers make theirs longer over the years."""
    if start > end and text[start - 1].isalnum() and not _ESCAPED.search(text, max(0, start - 24), start):
        return None
    match = rule.pattern.match(text, start)
    if match is None:
        return None
    if _STANDS_FOR_ONE.search(match[0]):
        return None
    stop = _TAIL.match(text, match.end()).end()  # type: ignore[union-attr]  # an empty tail matches too
    return Span(start, stop, rule.kind)
