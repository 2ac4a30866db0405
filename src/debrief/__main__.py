"""The command `debrief`, and `python -m debrief`: loads the rest, then runs it."""

import signal
import sys


def main() -> None:
    """Run the command line. Ctrl-C while it loads, or once more while it ends, ends it without a word."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from debrief import cli  # noqa: PLC0415 (what takes long to load is loaded here)

    try:
        cli.main(lambda: signal.signal(signal.SIGINT, before))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
