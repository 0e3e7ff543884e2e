"""`secondsource eval`: our judgements on anybody's own labelled data.

What a command does stands in the module of its name in `evaluation` and is imported when it runs. Lines that cannot
be used are told of on standard error, one JSON object each, and make the exit code 1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secondsource.app.cli.output import FOUND, speak_utf8
from secondsource.app.evaluation.lines import Lines, answer, standard_lines
from secondsource.runtime.logs import escape as plain

if TYPE_CHECKING:
    from secondsource.app.evaluation.spikes import Rows

eval_app = typer.Typer(no_args_is_help=True, help="Measure a judgement on data of your own. See docs/eval.md.")

Languages = Annotated[
    str,
    typer.Option(help="Codes of the languages that occur, with commas. Fewer are told apart better.", metavar="CODES"),
]

Gazetteers = Annotated[
    list[Path] | None,
    typer.Option(
        "--gazetteer", help="A gazetteer of yours beside ours; may be given again.", metavar="FILE", show_default=False
    ),
]

ModelFolder = Annotated[
    Path | None, typer.Option(help="Folder of a sentence model in ONNX form. Without: none.", show_default=False)
]
Alike = Annotated[float, typer.Option(min=0, max=1, help="Cosine from which the model says that two are one.")]


@eval_app.command()
def language(languages: Languages = "") -> None:
    """{"text"} → {"language", "confidence"}: BCP 47 primary code, or "und" where the text does not tell."""
    from secondsource.app.evaluation.language import judge_language

    lines = standard_lines()
    judge_language(lines, sys.stdout, tuple(filter(None, languages.replace(",", " ").split())))
    _finish(lines)


@eval_app.command()
def entities(gazetteers: Gazetteers = None) -> None:
    """{"text", "language"?} → {"entities": [{"kind", "id", "text", "start", "end"}]}; places with lat and lon."""
    from secondsource.app.evaluation.entities import judge_entities

    lines = standard_lines()
    judge_entities(lines, sys.stdout, gazetteers=gazetteers or ())
    _finish(lines)


@eval_app.command()
def copies() -> None:
    """{"id", "text", "at"?} → {"id", "copy_of", "likeness", "kind"}: the earlier post that it copies, or null."""
    from secondsource.app.evaluation.copies import judge_copies

    lines = standard_lines()
    judge_copies(lines, sys.stdout)
    _finish(lines)


@eval_app.command()
def factchecks(
    most: Annotated[int, typer.Option(min=1, max=60, help="Matches of a query, at most.")] = 5,
    dated: Annotated[bool, typer.Option("--dated", help="Only claims of an earlier date than the query's.")] = False,
    model: ModelFolder = None,
    alike: Alike = 0.7,
) -> None:
    """{"claim", "id"} lines, then {"query", "id"} → {"id", "matches": [{"id", "score", "similar"}]}."""
    from secondsource.app.embedding import Named, understanding_of
    from secondsource.app.evaluation.factchecks import judge_factchecks

    lines = standard_lines()
    understanding = understanding_of(Named(model, alike=alike))
    answer(lines, judge_factchecks(most, dated=dated, understanding=understanding), sys.stdout)
    _finish(lines)


@eval_app.command()
def stance(
    model: Annotated[
        Path | None, typer.Option(help="A model made by `stance train`. Without: cues alone.", show_default=False)
    ] = None,
    cues: Annotated[Path | None, typer.Option(help="Folder of cues; ours if not given.", show_default=False)] = None,
) -> None:
    """{"text", "reply_to"?: {"text"}, "source"?: {"text"}} → {"label", "confidence", "cue", "attributed_to"?}."""
    from secondsource.app.evaluation.stance import judge_stance

    lines = standard_lines()
    answer(lines, judge_stance(model, cues), sys.stdout)
    _finish(lines)


@eval_app.command()
def coordination(
    window: Annotated[float, typer.Option(min=0, help="Seconds between two shares of a thing, at most.")] = 60,
    min_shares: Annotated[int, typer.Option(min=1, help="Shares of an account, at least.")] = 2,
) -> None:
    """{"object", "account", "at"} lines → an edge a line: "a", "b", "shares", "expected", "p", "q", "kept"; groups."""
    from secondsource.app.evaluation.coordination import judge_coordination

    lines = standard_lines()
    judge_coordination(lines, sys.stdout, window=window, min_shares=min_shares)
    _finish(lines)


@eval_app.command()
def forecast(
    ages: Annotated[str, typer.Option(help="Ages to forecast at, in seconds, with commas.", metavar="SECONDS")] = (
        "900,3600,21600"
    ),
    hours: Annotated[float, typer.Option(min=0.01, help="A story is over when it was silent for so long.")] = 48,
    history: Annotated[
        Path | None, typer.Option(help="Lines of stories that are over, to compare with.", show_default=False)
    ] = None,
) -> None:
    """{"id", "at", "account"?, "interactions"?} → {"id", "age", "interactions", "low", "middle", "high", "final"}."""
    from secondsource.app.evaluation.forecast import ages_of, judge_forecast, opened

    lines = standard_lines()
    earlier = Lines(opened(history), sys.stderr) if history is not None else None
    judge_forecast(lines, sys.stdout, ages=ages_of(ages), over_hours=hours, history=earlier)
    if earlier is not None:
        lines.bad += earlier.bad
    _finish(lines)


@eval_app.command()
def stories(
    gazetteers: Gazetteers = None,
    hours: Annotated[float, typer.Option(min=0.01, help="A story is over when it was silent for so long.")] = 72,
    model: ModelFolder = None,
    embedder: Annotated[
        str | None, typer.Option(help="In the place of a model: package.module:name of one.", show_default=False)
    ] = None,
    alike: Alike = 0.7,
) -> None:
    """{"id", "text", "at"?, "author"?, "language"?, "links"?} → {"id", "story", "tie", "to", "evidence"}."""
    from secondsource.app.embedding import Named, understanding_of
    from secondsource.app.evaluation.stories import judge_stories

    lines = standard_lines()
    understanding = understanding_of(Named(model, embedder, alike))
    judge_stories(lines, sys.stdout, story_hours=hours, gazetteers=gazetteers or (), understanding=understanding)
    _finish(lines)


@eval_app.command()
def spikes(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False)],
    every: Annotated[
        float | None, typer.Option(min=1, help="Seconds between rows. Without: as the first two.", show_default=False)
    ] = None,
) -> None:
    """A CSV file with columns timestamp,value → {"timestamp", "value", "expected", "score", "state"} for each row."""
    from secondsource.app.evaluation.spikes import Rows, judge_spikes

    with file.open(encoding="utf-8-sig", errors="replace", newline="") as source:
        rows = Rows(source, sys.stderr)
        judge_spikes(rows, sys.stdout, every)
    _finish(rows)


@eval_app.command("media")
def media(
    archive: Annotated[Path, typer.Option(help="Folder of the pictures that were there before.")],
    queries: Annotated[Path, typer.Option(help="Folder of the pictures to look for.")],
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 for one for each processor.")] = 0,
) -> None:
    """Look for each picture of one folder among those of another: JSON lines, one a match and one a query without any.

    Needs no configuration and no store. docs/eval.md says what the lines mean.

    For example:

      [b]secondsource eval media --archive originals --queries seen-lately > found.jsonl[/b]
    """
    from secondsource.app.evaluation import media as evaluate_media

    speak_utf8()
    for record in evaluate_media.media(archive, queries, jobs or evaluate_media.default_jobs()):
        if "archive" in record:
            typer.echo(f"{plain(record['archive'])} is not in the archive: {plain(record['reason'])}", err=True)
        else:
            typer.echo(plain(json.dumps(record, ensure_ascii=False)))


@eval_app.command("video")
def video(
    archive: Annotated[Path, typer.Option(help="Folder of clips that were seen before; all below it is read.")],
    queries: Annotated[Path, typer.Option(help="Folder of clips to look for in it.")],
) -> None:
    """Which clips of one folder show seconds of which of another: JSON lines, one for each match.

    A query without any has one line, with [b]match[/b] null.
    """
    from secondsource.app.evaluation import video as evaluate_video
    from secondsource.contracts.clock import SystemClock

    evaluate_video.evaluate(archive, queries, sys.stdout, sys.stderr, SystemClock())


def _finish(lines: Lines | Rows) -> None:
    if lines.bad:
        raise typer.Exit(FOUND)
