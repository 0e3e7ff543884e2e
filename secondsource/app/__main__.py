"""What the installed `secondsource` starts, and `python -m secondsource.app`, where that is not on the path."""

from __future__ import annotations

import signal


def main() -> None:
    """Run a command. Ctrl-C ends it without a word also while its modules are still being read in."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:  # else whoever started us wants it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from secondsource.app import cli

    signal.signal(signal.SIGINT, heard)
    cli.main()


if __name__ == "__main__":
    main()
