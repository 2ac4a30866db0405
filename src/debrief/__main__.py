"""The command `debrief`, and `python -m debrief`: loads the rest, then runs it."""

import signal


def main() -> None:
    """Run the command line. Ctrl-C while it is loading ends it without a word."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from debrief import cli  # noqa: PLC0415 (what takes long to load is loaded here)

    signal.signal(signal.SIGINT, before)
    cli.main()


if __name__ == "__main__":
    main()
