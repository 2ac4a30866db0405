"""What a list is restricted to: the contract's filters, narrowed to what can pass; and the tally's scopes."""

from itertools import product
from typing import Final

from msgspec import Struct, structs

from debrief.store import tally
from debrief.store.tally import Kind, Scopes

MERGED: Final = 16
"""Lists of so many values are read one by one and merged; more are filtered out of the whole."""


class SessionFilter(Struct, frozen=True, kw_only=True):
    """What a list is restricted to. None restricts nothing, an empty tuple lets nothing through.

    Values of one field are alternatives, the fields are all to hold; the windows are half-open. `org_ids` is
    what the caller asks for, `only_org` the organization that the caller's key is bound to. `text` is a part
    of the title or of the id, in any case of letters. `snapshot_us` leaves out what arrived after it. `after`
    is the place of a session (`created_us`, id) behind which a page begins; the total does not know it.
    """

    enterprise_id: str
    only_org: str | None = None
    org_ids: tuple[str, ...] | None = None
    user_ids: tuple[str, ...] | None = None
    session_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    repo_names: tuple[str, ...] | None = None
    created_from_us: int | None = None
    created_to_us: int | None = None
    updated_from_us: int | None = None
    updated_to_us: int | None = None
    has_analysis: bool | None = None
    text: str | None = None
    snapshot_us: int | None = None
    after: tuple[int, str] | None = None

    @property
    def changes(self) -> bool:
        """Whether it asks for a window of changes."""
        return self.updated_from_us is not None or self.updated_to_us is not None

    @property
    def began(self) -> bool:
        """Whether it asks for a window of beginnings."""
        return self.created_from_us is not None or self.created_to_us is not None

    @property
    def is_short(self) -> bool:
        """Whether a page of it is short work, whatever it holds."""
        narrowed = narrow(self)
        if narrowed is None:
            return True
        if scopes_of(narrowed) is None or narrowed.changes or narrowed.snapshot_us is not None:
            return False
        several = [
            len(values) for values in (narrowed.org_ids, narrowed.statuses, narrowed.repo_names) if values
        ]
        # Several lists are merged, but not several organizations of a status: those are filtered out.
        is_mixed = narrowed.has_analysis is not None or len(several) > 1
        return max(several, default=1) <= (1 if is_mixed else MERGED)


def narrow(wanted: SessionFilter) -> SessionFilter | None:
    """`wanted` with what the key is bound to put into `org_ids`; None where nothing can pass."""
    orgs = None if wanted.org_ids is None else tuple(sorted(set(wanted.org_ids)))
    if wanted.only_org is not None:
        orgs = (wanted.only_org,) if orgs is None or wanted.only_org in orgs else ()
    lists = (orgs, wanted.user_ids, wanted.session_ids, wanted.tags, wanted.statuses, wanted.repo_names)
    if any(values is not None and not values for values in lists):
        return None
    for start, end in (
        (wanted.created_from_us, wanted.created_to_us),
        (wanted.updated_from_us, wanted.updated_to_us),
    ):
        if start is not None and end is not None and start >= end:
            return None
    return structs.replace(wanted, only_org=None, org_ids=orgs)


def scopes_of(wanted: SessionFilter) -> Scopes | None:
    """The scopes whose sum is the list, a window apart; None where the tally does not count it.

    It counts organizations, with one status or the like of each session, in one window. `wanted` is narrowed.
    """
    if wanted.user_ids is not None or wanted.session_ids is not None or wanted.text:
        return None
    given = [(kind, values) for kind, values in _values(wanted) if values is not None]
    if len(given) > 1 or (given and given[0][0] == "tag" and len(given[0][1]) > 1):
        return None
    kind, values = given[0] if given else ("created", ("",))
    if wanted.changes and (given or wanted.began or wanted.snapshot_us is not None):
        return None
    of_org = wanted.org_ids is not None
    levels = tally.levels(kind, of_org=of_org)
    if wanted.began and levels == (tally.TOTAL,):
        return None
    orgs: tuple[str | None, ...] = (None,) if wanted.org_ids is None else wanted.org_ids
    if len(orgs) * len(values) > tally.MANY:
        return None
    names = tuple(tally.scope_name(kind, value, org_id) for org_id, value in product(orgs, values))
    return Scopes(wanted.enterprise_id, kind, names, levels)


def changes_of(wanted: SessionFilter) -> Scopes:
    """The scopes of the same list by `updated_us`, where `scopes_of` has any."""
    orgs: tuple[str | None, ...] = (None,) if wanted.org_ids is None else wanted.org_ids
    names = tuple(tally.scope_name("updated", "", org_id) for org_id in orgs)
    return Scopes(wanted.enterprise_id, "updated", names, tally.levels("updated", of_org=False))


def _values(wanted: SessionFilter) -> list[tuple[Kind, tuple[str, ...] | None]]:
    """What is asked for of the kinds that the tally knows, each value once."""
    analysed = None if wanted.has_analysis is None else (str(int(wanted.has_analysis)),)
    return [
        ("status", _once(wanted.statuses)),
        ("analysed", analysed),
        ("repository", _once(wanted.repo_names)),
        ("tag", _once(wanted.tags)),
    ]


def _once(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(sorted(set(values)))
