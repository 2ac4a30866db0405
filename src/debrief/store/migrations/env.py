"""Alembic's entry for `alembic revision --autogenerate` by developers; the product migrates in `store.py`."""

from alembic import context
from sqlalchemy import create_engine

from debrief.store.schema import metadata

url = context.config.get_main_option("sqlalchemy.url")
if url:
    with create_engine(url).begin() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        context.run_migrations()
