"""`secondsource eval`: our judgements on anybody's own labelled data.

What a command does stands in the module named for it (`evaluate_language.py`, …) and is imported when it runs. Lines
that cannot be used are told of on standard error, one JSON object each, and make the exit code 1.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from secondsource.app.evaluation_lines import Lines, answer, standard_lines

eval_app = typer.Typer(no_args_is_help=True, help="Measure a judgement on data of your own. See docs/eval.md.")

_FOUND = 1

Languages = Annotated[
    str,
    typer.Option(help="Codes of the languages that occur, with commas. Fewer are told apart better.", metavar="CODES"),
]


@eval_app.command()
def language(languages: Languages = "") -> None:
    """{"text"} → {"language", "confidence"}: BCP 47 primary code, or "und" where the text does not tell."""
    from secondsource.app.evaluate_language import judge_language

    lines = standard_lines()
    answer(lines, judge_language(tuple(filter(None, languages.replace(",", " ").split()))), sys.stdout)
    _finish(lines)


@eval_app.command()
def entities() -> None:
    """{"text", "language"?} → {"entities": [{"kind", "id", "text", "start", "end"}]}; places with lat and lon."""
    from secondsource.app.evaluate_entities import judge_entities

    lines = standard_lines()
    answer(lines, judge_entities(), sys.stdout)
    _finish(lines)


@eval_app.command()
def copies() -> None:
    """{"id", "text", "at"?} → {"id", "copy_of", "likeness", "kind"}: the earlier post that it copies, or null."""
    from secondsource.app.evaluate_copies import judge_copies

    lines = standard_lines()
    answer(lines, judge_copies(), sys.stdout)
    _finish(lines)


def _finish(lines: Lines) -> None:
    if lines.bad:
        raise typer.Exit(_FOUND)
