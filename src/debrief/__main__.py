"""The command `debrief`, and `python -m debrief`: loads the rest, then runs it."""

import signal
import sys

from debrief.interrupts import raised_once


def main() -> None:
    """Run the command line. Ctrl-C while it loads, or once more while it ends, ends it without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from debrief import cli  # noqa: PLC0415 (what takes long to load is loaded here)

    try:
        cli.main(lambda: signal.signal(signal.SIGINT, raised_once))
    except BaseException as error:
        if not _is_interrupt(error):
            raise
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is what ended the command: tidying up that it cut short may raise something else."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False


if __name__ == "__main__":
    main()
