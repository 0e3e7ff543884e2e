"""`python -m secondsource.app.cli`, where the command itself is not on the path."""

from secondsource.app.cli import main

main()
