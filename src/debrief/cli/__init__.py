"""The commands: what a person types, and the words that come back. All work is done by the stations."""

import sys
from collections.abc import Callable


def main(loaded: Callable[[], object] = lambda: None) -> None:
    """Run the command line; `loaded` is called when what it needs is loaded."""
    # Each module is loaded when it is needed: the quickest answer comes from the fewest.
    if sys.argv[1:2] == ["import"]:
        from debrief.cli import quick  # noqa: PLC0415 (see above)

        code = quick.answer(sys.argv[2:])
        if code is not None:
            sys.exit(code)
    from debrief.cli import app, bringing  # noqa: F401, PLC0415 (a module of commands adds them to the app)

    if sys.argv[1:2] != ["import"]:
        from debrief.cli import importing, keys, looking, serving  # noqa: F401, PLC0415 (the same)
    loaded()
    app.main()
