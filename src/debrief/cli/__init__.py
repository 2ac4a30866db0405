"""The commands: what a person types, and the words that come back. All work is done by the stations."""

import sys

from debrief.cli import app, bringing  # noqa: F401 (a module of commands adds them to the app)


def main() -> None:
    """Run the command line. `import` is known already; all other commands take longer to load."""
    if sys.argv[1:2] != ["import"]:
        from debrief.cli import importing, keys, looking, serving  # noqa: F401, PLC0415 (see above)
    app.main()
