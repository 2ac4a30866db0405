"""Every setting once: read from the environment, overridden by flags, checked here.

| variable | meaning | default |
|---|---|---|
| DEBRIEF_DATA | folder for database and transcripts | `$XDG_DATA_HOME/debrief`, `~/.local/share/debrief` |
| DEBRIEF_DATABASE_URL | `sqlite:///path` or `postgresql://...` | `sqlite:///<data>/debrief.db` |
| DEBRIEF_REPLICA_URL | a PostgreSQL replica that lists are read from | none |
| DEBRIEF_POOL | connections to PostgreSQL for lists, of each process | 8 |
| DEBRIEF_STATEMENT_TIMEOUT_MS | after which PostgreSQL ends a statement | 30000 |
| DEBRIEF_WORKERS | server processes | 1 |
| DEBRIEF_HOST, DEBRIEF_PORT | where to serve | 127.0.0.1, 8000 |
| DEBRIEF_PUBLIC_URL | the address that people reach it at; for links | the served address |
| DEBRIEF_ENTERPRISE | id of the enterprise that a local import belongs to | `default` |
| DEBRIEF_ORG | id of the organization that a local import belongs to | `local` |
| DEBRIEF_RULES | a TOML file of rules that give sessions an organization and tags | `<data>/rules.toml` |
| DEBRIEF_KEEP_RAW | how raw transcripts are kept: `sealed`, `redacted` or `no` | `sealed` |
| DEBRIEF_USD_PER_ACU | dollars of one ACU | 2.0 |
| DEBRIEF_LLM | `openai:MODEL` or `anthropic:MODEL`: a language model reads what is imported too | none |
| DEBRIEF_LLM_BASE_URL | a compatible server's address | the provider's own |
| DEBRIEF_LLM_API_KEY | the key for it; secret | OPENAI_API_KEY, ANTHROPIC_API_KEY |
| DEBRIEF_LLM_TOKENS_PER_RUN, DEBRIEF_LLM_TOKENS_PER_DAY | tokens that may be spent | 2000000, 10000000 |
| DEBRIEF_LLM_USD_PER_RUN, DEBRIEF_LLM_USD_PER_DAY | dollars that may be spent | 5, 20 |
| DEBRIEF_LLM_PART_TOKENS | tokens of a session in one request, about | 48000 |
| DEBRIEF_LLM_ANSWER_TOKENS | tokens that an answer may have | 8000 |
| DEBRIEF_LLM_AT_ONCE | sessions that are read at the same time | 4 |
| DEBRIEF_LLM_TIMEOUT_S | seconds after which a request is given up | 180 |
"""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from msgspec import Struct

from debrief.errors import SettingsError
from debrief.llm.settings import LlmSettings, llm_settings
from debrief.pipeline.identity import Rules, read_rules
from debrief.pipeline.keep import KeepRaw

if TYPE_CHECKING:
    from debrief.store import Store

HIGHEST_PORT = 65_535
SECRET_BYTES = 32

SERVED = "served.url"
"""The file in the data folder that says where the store was last served."""

LONGEST_STATEMENT_MS = 3_600_000
LONGEST_ID = 100
LONGEST_NAME = 200

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""What a terminal or a database would choke on; a lone surrogate stands for bytes that are no UTF-8."""


class Settings(Struct, frozen=True, kw_only=True):
    """See the module. `public_url` is None while it is to follow the served address."""

    data: Path
    database_url: str
    replica_url: str | None = None
    pool: int = 8
    statement_timeout_ms: int = 30_000
    workers: int = 1
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    enterprise_id: str = "default"
    org_id: str = "local"
    keep_raw: KeepRaw = "sealed"
    usd_per_acu: float = 2.0
    rules_file: Path | None = None
    llm: LlmSettings | None = None

    @property
    def rules(self) -> Path:
        """The file of rules that give sessions an organization and tags."""
        return self.rules_file or self.data / "rules.toml"

    @property
    def llm_folder(self) -> Path:
        """Where a language model's answers and the books of what they cost lie."""
        return self.data / "llm"

    @property
    def blob_folder(self) -> Path:
        """Where raw transcripts lie."""
        return self.data / "blobs"

    def address(self, port: int | None = None) -> str:
        """The public URL, or the address that is served at `port`."""
        if self.public_url:
            return self.public_url
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 (compared, not bound)
        return f"http://{f'[{host}]' if ':' in host else host}:{port or self.port}"

    def secret(self) -> bytes:
        """The installation's own key for cookies and placeholders: made once, kept in the data folder."""
        path = self.data / "secret.key"
        if path.exists():
            return _secret_in(path)
        self.data.mkdir(parents=True, exist_ok=True)
        fresh = secrets.token_bytes(SECRET_BYTES)
        temporary = self.data / f"secret.key.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(fresh.hex() + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return _secret_in(path)
        finally:
            temporary.unlink()
        return fresh


def name_of(what: str, text: str, longest: int = LONGEST_NAME) -> str:
    """`text`, a name that a person gave to `what`. Raises `SettingsError` where it cannot be one."""
    if not text.strip():
        raise SettingsError(f"{what} is {text[:LONGEST_NAME]!r}; it must not be blank")
    if len(text) > longest:
        raise SettingsError(f"{what} has {len(text)} characters; it may have {longest}")
    if _CONTROL.search(text):
        raise SettingsError(f"{what} is {text!r}; it must be text without control characters")
    return text


def word_of(what: str, text: str, longest: int = LONGEST_NAME) -> str:
    """`text`, a name that requests ask for in lists: a tag, a user. Raises `SettingsError`."""
    if "," in name_of(what, text, longest) or text != text.strip():
        raise SettingsError(
            f"{what} is {text!r}; as requests ask for it in lists, it must hold no comma, "
            "and neither begin nor end with a blank"
        )
    return text


def rules_of(settings: "Settings") -> Rules:
    """The rules that `settings` name, with words that can be asked for; raises `SettingsError`."""
    if settings.rules_file is not None and not settings.rules_file.exists():
        raise SettingsError(f"DEBRIEF_RULES names {settings.rules_file}, which does not exist")
    rules = read_rules(settings.rules)
    for number, rule in enumerate(rules.rule, 1):
        try:
            if rule.org is not None:
                organization_of(rule.org)
            for tag in rule.tags:
                word_of("the tag", tag)
        except SettingsError as error:
            raise SettingsError(f"{settings.rules}: rule {number}: {error}") from error
    return rules


def organization_of(text: str) -> str:
    """`text`, the id of an organization: stands in lists and in the paths of URLs. Raises `SettingsError`."""
    if "/" in word_of("the organization", text, LONGEST_ID) or text in {".", ".."}:
        raise SettingsError(
            f"the organization is {text!r}; as its id stands in addresses, it must hold no slash, "
            "and be neither . nor .."
        )
    return text


def settings_from(environment: Mapping[str, str], **overrides: str | float | Path | None) -> Settings:
    """Read the settings; an override that is None changes nothing. Raises `SettingsError`."""
    given = {name: value for name, value in overrides.items() if value is not None}

    def value(name: str, default: str | float) -> str | float | Path:
        return given.get(name) or environment.get(f"DEBRIEF_{name.upper()}") or default

    data_home = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    data = Path(str(value("data", str(Path(data_home) / "debrief")))).expanduser().absolute()
    public_url = given.get("public_url") or environment.get("DEBRIEF_PUBLIC_URL")
    if public_url and not str(public_url).startswith(("http://", "https://")):
        raise SettingsError(f"DEBRIEF_PUBLIC_URL is {public_url!r}; it must begin with http:// or https://")
    return Settings(
        data=data,
        rules_file=Path(environment["DEBRIEF_RULES"]).expanduser()
        if environment.get("DEBRIEF_RULES")
        else None,
        database_url=str(value("database_url", f"sqlite:///{data / 'debrief.db'}")),
        replica_url=environment.get("DEBRIEF_REPLICA_URL") or None,
        pool=_count("DEBRIEF_POOL", environment.get("DEBRIEF_POOL") or 8, 1000),
        statement_timeout_ms=_count(
            "DEBRIEF_STATEMENT_TIMEOUT_MS",
            environment.get("DEBRIEF_STATEMENT_TIMEOUT_MS") or 30_000,
            LONGEST_STATEMENT_MS,
        ),
        workers=_count("the number of workers", value("workers", 1), 256),
        host=str(value("host", "127.0.0.1")),
        port=_port(given["port"] if "port" in given else environment.get("DEBRIEF_PORT") or 8000),
        public_url=str(public_url).rstrip("/") if public_url else None,
        enterprise_id=name_of("DEBRIEF_ENTERPRISE", str(value("enterprise", "default")), LONGEST_ID),
        org_id=organization_of(str(given["org"] if "org" in given else value("org", "local"))),
        keep_raw=_keep_raw(environment.get("DEBRIEF_KEEP_RAW") or "sealed"),
        usd_per_acu=_dollars(value("usd_per_acu", 2.0)),
        llm=llm_settings(environment, prefix="DEBRIEF_LLM"),
    )


def open_store(settings: Settings, *, migrate: bool = True) -> "Store":
    """The store that the settings name."""
    from debrief.store import Store  # noqa: PLC0415 (takes long to load, and not all that read settings need it)

    return Store(
        settings.database_url,
        replica_url=settings.replica_url,
        pool_size=settings.pool,
        statement_timeout_ms=settings.statement_timeout_ms,
        migrate=migrate,
    )


def address_of_links(settings: Settings) -> str:
    """What an import makes links of: the public URL, else the address that was last served."""
    if settings.public_url:
        return settings.public_url
    with suppress(OSError, UnicodeDecodeError):
        served = (settings.data / SERVED).read_text().strip()
        if served.startswith(("http://", "https://")):
            return served
    return settings.address()


def _secret_in(path: Path) -> bytes:
    """The key in `path`. An empty or cut file is refused: a short key would let anybody sign a login."""
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise SettingsError(f"{path} does not hold a key in hex; move it away to have a new one made")
    return secret


def _port(text: object) -> int:
    try:
        port = int(str(text))
    except ValueError:
        port = -1
    if not 0 <= port <= HIGHEST_PORT:
        raise SettingsError(f"the port is {text!r}; it must be a number from 0 to 65535 (0: any free one)")
    return port


def _count(name: str, text: object, most: int) -> int:
    try:
        number = int(str(text))
    except ValueError:
        number = 0
    if not 1 <= number <= most:
        raise SettingsError(f"{name} is {text!r}; it must be a number from 1 to {most}")
    return number


def _keep_raw(text: str) -> KeepRaw:
    for way in get_args(KeepRaw):
        if text == way:
            return way  # type: ignore[no-any-return]  # one of the literal's words
    raise SettingsError(f"DEBRIEF_KEEP_RAW is {text!r}; it must be sealed, redacted or no")


def _dollars(text: object) -> float:
    try:
        dollars = float(str(text))
    except ValueError:
        dollars = 0.0
    if not 0 < dollars < float("inf"):
        raise SettingsError(f"DEBRIEF_USD_PER_ACU is {text!r}; it must be a number above 0")
    return dollars
