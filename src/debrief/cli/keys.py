"""The commands of API keys: create, list, revoke."""

import json
import sys
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from debrief import report
from debrief.cli.app import Data, Database, Json, app, out, print_table, settings_of
from debrief.cli.importing import open_here
from debrief.config import name_of, organization_of
from debrief.store import keys
from debrief.wire import v2

keys_app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    org: Annotated[str | None, typer.Option(help="Bind the key to this organization.")] = None,
    data: Data = None,
    database_url: Database = None,
) -> None:
    """Make a key and print it, alone; it is not shown again."""
    settings = settings_of(data=data, database_url=database_url)
    name = name_of("the key's name", name)
    org_id = None if org is None else organization_of(org)
    with open_here(settings) as store:
        _, secret = keys.create_key(store, settings.enterprise_id, name, org_id)
    sys.stdout.write(secret + "\n")


@keys_app.command("list")
def keys_list(data: Data = None, database_url: Database = None, as_json: Json = False) -> None:
    """List the keys, without their secrets."""
    settings = settings_of(data=data, database_url=database_url)
    with open_here(settings) as store:
        found = keys.list_keys(store, settings.enterprise_id)
    if as_json:
        out.print_json(json.dumps([report.key_json(key) for key in found]))
        return
    table = Table("id", "name", "organization", "key", "created", "state", box=None)
    for key in found:
        state = "revoked" if key.revoked_us else "good"
        created = v2.wire_time(key.created_us)[:16].replace("T", " ")
        table.add_row(key.key_id, escape(key.name), escape(key.org_id or "all"), key.hint, created, state)
    print_table(table)


@keys_app.command("revoke")
def keys_revoke(
    key_id: Annotated[str, typer.Argument(help="The id that `debrief keys list` shows.")],
    data: Data = None,
    database_url: Database = None,
) -> None:
    """Refuse a key from now on."""
    settings = settings_of(data=data, database_url=database_url)
    with open_here(settings) as store:
        keys.revoke_key(store, settings.enterprise_id, key_id)
    out.print(f"Revoked {key_id}.", markup=False)
