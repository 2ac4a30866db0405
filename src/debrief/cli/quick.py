"""`debrief import` with nothing but paths, where nothing is new: answered in a moment.

A timer may run it every few minutes, and the command line's own library alone takes longer to load. All else
is left to the command.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from debrief.cli import outcomes
from debrief.config import Settings, rules_of, settings_from, word_of
from debrief.errors import DebriefError, SettingsError
from debrief.pipeline import forks, retention
from debrief.pipeline.discover import Found, discover, on_this_machine
from debrief.pipeline.glance import unchanged
from debrief.pipeline.identity import Identity
from debrief.store.glance import file_of


def answer(paths: Sequence[str]) -> int | None:
    """Say that nothing is new, and return the exit code; None where the command is to look itself."""
    if not all(paths) or any(path.startswith("-") for path in paths):
        return None
    with suppress(DebriefError):
        settings = settings_from(os.environ)
        found = list(discover(map(Path, paths))) if paths else on_this_machine(os.environ)
        begin_workers(settings, found)
        identity = identity_of(settings, user=None, tags=[], here=not paths)
        summary = unchanged(settings.database_url, identity, found, settings.usd_per_acu) if found else None
        if summary is not None:
            sys.stdout.writelines(f"{line}\n" for line in outcomes.import_text(summary))
            if not paths:
                warn_of_deletion(found)
            return int(summary.is_in_vain)
    return None


def begin_workers(settings: Settings, found: list[Found]) -> None:
    """Where all is new, and much, have what workers need loaded beside what this process needs."""
    file = file_of(settings.database_url)
    if file is not None and not file.exists() and forks.worker_count(found) > 1:
        forks.begin()


def identity_of(settings: Settings, *, user: str | None, tags: list[str], here: bool) -> Identity:
    """Whose sessions they are by settings, options and rules; `here`: they are this machine's own."""
    login = login_name() if here else None
    return Identity(
        enterprise_id=settings.enterprise_id,
        org_id=settings.org_id,
        user_id=login if user is None else word_of("the user", user),
        tags=tuple(sorted({word_of("the tag", one) for one in tags})),
        rules=rules_of(settings),
    )


def login_name() -> str | None:
    """The name that this machine's user has here; None where it could not be asked for."""
    with suppress(SettingsError):
        return word_of("the login", os.environ.get("USER") or os.environ.get("USERNAME") or "")
    return None


def warn_of_deletion(found: list[Found]) -> None:
    """Say where an agent is about to delete what was found here."""
    for one in retention.expiring(found, os.environ):
        sys.stderr.write(
            f"{one.agent} deletes transcripts after {one.days} days: {one.soon} of {one.total} here are gone "
            f"within {retention.SOON_DAYS} days. Debrief has kept them; to keep the agent's own, raise "
            f"{one.key} in {one.settings}.\n"
        )
