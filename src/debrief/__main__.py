"""`python -m debrief` is `debrief`."""

from debrief.cli import main

main()
