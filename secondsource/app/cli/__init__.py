"""The command line. What a command does stands in the module of `secondsource.app` named for it; here is how it is
asked and answered.

Exit codes: 0 done · 1 something to look at (records rejected, stopped before the end) · 2 settings or arguments that
cannot work · 3 a service is away · 4 a stage halted on bad records.

A command imports what it needs when it runs, so that --help and `config check` need not wait for language models.
"""

from __future__ import annotations

import errno
import signal
import sys

import typer
from rich.console import Console

from secondsource.app.cli.alerts import acts_app, alerts_app
from secondsource.app.cli.backtesting import backtest, tune, verdicts
from secondsource.app.cli.baselines import baselines_app
from secondsource.app.cli.configuration import config_app
from secondsource.app.cli.evaluating import eval_app
from secondsource.app.cli.keeping import compliance_app, forget, migrate, takedown
from secondsource.app.cli.letters import letters_app
from secondsource.app.cli.media import media_app
from secondsource.app.cli.options import Asked
from secondsource.app.cli.output import AWAY, FOUND, HALTED, WRONG, bear_any_terminal, pasteable
from secondsource.app.cli.stance import stance_app
from secondsource.app.cli.watching import demo, replay, run, status
from secondsource.contracts.errors import BadConfiguration, Halted, SecondSourceError, SourceAway
from secondsource.runtime.logs import escape as plain

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Watches social media when a story breaks. Behind every alert: has this picture lived before, and how many "
    "independent sources are there, really?\n\nStart with [b]secondsource demo[/b]; it needs no service and no key.",
    epilog="Exit codes: 0 done, 1 something to look at, 2 settings or arguments that cannot work, 3 a service is away, "
    "4 stopped because too many records in a row could not be handled.",
)
for command in (demo, run, replay, migrate, backtest, tune, verdicts, takedown, forget, status):
    app.command()(command)
app.add_typer(config_app, name="config")
app.add_typer(letters_app, name="dead-letters")
app.add_typer(baselines_app, name="baselines")
app.add_typer(alerts_app, name="alerts")
app.add_typer(acts_app, name="acts")
app.add_typer(compliance_app, name="compliance")
app.add_typer(media_app, name="media")
app.add_typer(eval_app, name="eval")
app.add_typer(stance_app, name="stance")


_INTERRUPTED = 128 + signal.SIGINT  # as shells say it, and Typer within a command


def main() -> None:
    """Run a command; our errors become one message and an exit code."""
    asked = Asked()
    bear_any_terminal()
    try:
        app(obj=asked)
    except BadConfiguration as error:
        _fail(pasteable(str(error), asked.config), WRONG)
    except SourceAway as error:
        _fail(pasteable(str(error), asked.config), AWAY)
    except Halted as error:
        _fail(pasteable(str(error), asked.config), HALTED)
    except SecondSourceError as error:
        _fail(pasteable(str(error), asked.config), FOUND)
    except KeyboardInterrupt:  # before a command began
        sys.exit(_INTERRUPTED)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail(f"{plain(str(error.filename or 'what is written'))}: no room is left for it: make some", WRONG)
        if error.filename is None:
            raise  # of no file that anybody named
        _fail(_of_a_place(error), WRONG)


_REMEDIES: dict[type[OSError], str] = {
    FileNotFoundError: "make its folder first, or name another place",
    FileExistsError: "a file stands where a folder should; name a folder",
    NotADirectoryError: "a file stands where a folder should; name a folder",
    IsADirectoryError: "a folder stands where a file should; name a file",
    PermissionError: "name a place that you may read and write, or ask for the right to",
}


def _of_a_place(error: OSError) -> str:
    """A path that somebody gave, what is wrong with it, and what to do."""
    remedy = next((said for kind, said in _REMEDIES.items() if isinstance(error, kind)), "name another place")
    return f"{plain(str(error.filename))}: {error.strerror}: {remedy}"


def _fail(message: str, code: int) -> None:
    """In one piece however wide the terminal is: it may hold a command to copy."""
    Console(stderr=True, highlight=False).print(message, style="red", markup=False, soft_wrap=True)
    sys.exit(code)
