"""Reaching a PostgreSQL server: a URL in, what either driver needs to connect out; what their errors mean.

pg8000 serves SQLAlchemy: schema, migrations, writes, rare reads. asyncpg serves the hot lists (`direct`).
Both get the same address, the same TLS and the same settings of their sessions.
"""

import getpass
import os
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import URL

from debrief.errors import SettingsError, StoreError, Unavailable

CONNECT_SECONDS: Final = 10
"""How long connecting may take, its handshakes included."""

MARGIN_SECONDS: Final = 10
"""So long after the server's own time limit a silent server counts as gone."""

IDLE_TRANSACTION_MS: Final = 60_000
"""Of a writer that stopped in the middle the server lets go after this."""

STATEMENTS: Final = 256
"""Prepared statements that a connection keeps."""

PARAMETERS: Final = ("host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey")
TLS_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

EXTRA_MISSING: Final = "PostgreSQL needs two drivers that are not installed: pip install 'debrief[postgres]'"

# By class, the first two characters, or whole: what passes by itself or once somebody has mended the server.
PASSING_CLASSES: Final = frozenset({"08", "53", "57", "58"})
PASSING_CODES: Final = frozenset(
    {
        "25006",  # read-only: a standby, or an administrator's hand
        "25P03",  # idle in a transaction for too long
        "40001",  # another writer was first
        "40P01",  # deadlock
        "55006",  # the database is being renamed, restored or dropped
        "55P03",  # a lock was not to be had in time
    }
)


class Address(Struct, frozen=True):
    """A server and a database in it. `host` is a name, or the folder of a Unix socket."""

    host: str
    port: int
    user: str
    password: str | None
    database: str
    tls: ssl.SSLContext | bool | None
    """A context: TLS or nothing; None: TLS where the server has it; False: none."""

    @property
    def socket_path(self) -> str | None:
        """The Unix socket, where `host` is a folder."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else None

    def __str__(self) -> str:
        return self.socket_path or f"{self.host}:{self.port}"


def address_of(url: URL) -> Address:
    """What `url` says, in the words of libpq. Raises `SettingsError`."""
    unknown = sorted(set(url.query) - set(PARAMETERS))
    if unknown:
        raise SettingsError(
            f"the database URL has the parameter {unknown[0]!r}; Debrief knows {', '.join(PARAMETERS)}"
        )
    query = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    host = query.get("host") or url.host or "localhost"
    if "," in host:
        raise SettingsError("the database URL names several hosts; name one, or an address that follows it")
    return Address(
        host=host,
        port=_port(query.get("port") or url.port or 5432),
        user=url.username or getpass.getuser(),
        password=str(url.password) if url.password else os.environ.get("PGPASSWORD"),
        database=url.database or url.username or getpass.getuser(),
        tls=False if host.startswith("/") else _tls(query),
    )


def session_settings(*, read_only: bool, statement_timeout_ms: int) -> dict[str, str]:
    """The settings that every session starts with, on either driver."""
    settings = {
        "application_name": "debrief",
        "timezone": "UTC",
        "statement_timeout": str(statement_timeout_ms),
        "idle_in_transaction_session_timeout": str(IDLE_TRANSACTION_MS),
        # Compiling a plan takes longer than any of ours should run.
        "jit": "off",
    }
    if read_only:
        settings |= {
            "default_transaction_read_only": "on",
            "default_transaction_isolation": "repeatable read",
        }
    return settings


def connect(address: Address, *, read_only: bool, statement_timeout_ms: int) -> Any:  # noqa: ANN401 (pg8000 has no types)
    """A connection of pg8000. Its errors are DB-API errors, those of the network too."""
    import pg8000  # noqa: PLC0415 (an extra: who runs SQLite has none)

    class Connection(pg8000.Connection):  # type: ignore[misc]
        """Says by an error of pg8000's own that the network broke in the middle of an answer."""

        def close(self) -> None:
            # Whom the server refused says goodbye too: that this fails is not to hide the refusal.
            with suppress(pg8000.InterfaceError):
                super().close()

        def handle_messages(self, context: object) -> None:
            try:
                super().handle_messages(context)
            except OSError as error:
                raise pg8000.InterfaceError("network error") from error

    settings = session_settings(read_only=read_only, statement_timeout_ms=statement_timeout_ms)
    try:
        made = Connection(
            address.user,
            host=address.host,
            port=address.port,
            unix_sock=address.socket_path,
            database=address.database,
            password=address.password or "",
            ssl_context=address.tls,
            timeout=CONNECT_SECONDS,
            application_name=settings.pop("application_name"),
            startup_params=settings,
        )
    except OSError as error:
        raise pg8000.InterfaceError(f"cannot connect to {address}: {error}") from error
    line = made._usock  # noqa: SLF001 (pg8000 shows its socket nowhere else)
    line.settimeout(statement_timeout_ms / 1000 + MARGIN_SECONDS)
    if address.socket_path is None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def asyncpg_arguments(address: Address, *, statement_timeout_ms: int) -> dict[str, Any]:
    """What `asyncpg.connect` needs for a connection that reads."""
    return {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password or "",
        "database": address.database,
        "ssl": "prefer" if address.tls is None else address.tls,
        "timeout": CONNECT_SECONDS,
        "command_timeout": statement_timeout_ms / 1000 + MARGIN_SECONDS,
        # The same few statements for as long as we serve.
        "statement_cache_size": STATEMENTS,
        "max_cached_statement_lifetime": 0,
        "server_settings": session_settings(read_only=True, statement_timeout_ms=statement_timeout_ms),
    }


def error_of(sqlstate: str | None, text: str) -> StoreError:
    """The error of ours for an SQLSTATE; None is the network's."""
    if sqlstate is None or sqlstate[:2] in PASSING_CLASSES or sqlstate in PASSING_CODES:
        return Unavailable(f"the database cannot be used now: {text}")
    if sqlstate in {"42P01", "42703"}:
        return StoreError(f"the database does not hold Debrief's tables: {text}")
    if sqlstate[:2] in {"28", "3D"}:
        return StoreError(f"the database does not let Debrief in: {text}")
    return StoreError(f"the database refused: {text}")


def has_ended(error: BaseException) -> bool:
    """Whether an exception of pg8000 says that its connection is of no more use."""
    said = error.args[0] if error.args else ""
    return isinstance(said, dict) and str(said.get("C", "")) in {"57P01", "57P02", "57P05", "25P03"}


def driver_error(error: BaseException) -> StoreError:
    """The same for an exception of pg8000, whose only argument is a dictionary where the server spoke."""
    said = error.args[0] if error.args else ""
    if isinstance(said, dict):
        return error_of(said.get("C", "XX000"), str(said.get("M", "")))
    return error_of(None, str(said) or type(error).__name__)


def _port(text: object) -> int:
    try:
        return int(str(text))
    except ValueError:
        raise SettingsError(f"the database URL has the port {text!r}; it must be a number") from None


def _tls(query: dict[str, str]) -> ssl.SSLContext | bool | None:
    mode = query.get("sslmode", "prefer")
    if mode not in TLS_MODES:
        raise SettingsError(f"the database URL has sslmode={mode}; it must be one of {', '.join(TLS_MODES)}")
    authority = query.get("sslrootcert")
    if mode == "disable":
        return False
    if mode in {"allow", "prefer"}:
        return None
    try:
        context = ssl.create_default_context(cafile=authority and str(Path(authority).expanduser()))
        if "sslcert" in query:
            context.load_cert_chain(query["sslcert"], query.get("sslkey"))
    except OSError as error:
        raise SettingsError(f"the certificates in the database URL cannot be read: {error}") from error
    context.check_hostname = mode == "verify-full"
    # As libpq does it: who names an authority with `require` wants it to be asked.
    if mode == "require" and authority is None:
        context.verify_mode = ssl.CERT_NONE
    return context
