"""`python -m debrief` is `debrief`."""

from debrief.cli import main

if __name__ == "__main__":
    main()
