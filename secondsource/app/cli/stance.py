"""`secondsource stance train`: a model of stance from posts that people have labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

stance_app = typer.Typer(no_args_is_help=True, help="Train the model that judges a post's stance beside the cues.")


@stance_app.callback()
def _several() -> None:
    """Keep `train` a command of its own, so that others can stand beside it."""


@stance_app.command()
def train(
    data: Annotated[Path, typer.Argument(help="Labelled posts: .jsonl, or RumourEval 2017 as a folder or .tar.gz.")],
    out: Annotated[Path, typer.Option(help="Where the model goes (.npz).")],
    cues: Annotated[Path | None, typer.Option(help="Folder of cues; ours if not given.", show_default=False)] = None,
) -> None:
    r"""Train a model of posts that answer others, and write it for `enrich: stance_model`.

    Needs scikit-learn (pip install 'secondsource\[stance]'); using the model does not.

    For example:

      [b]secondsource stance train rumoureval-2017.tar.gz --out stance.npz[/b]
    """
    from config.cues import load_cues
    from config.loader import BUILT_IN
    from enrich.stance.cues import CueReader
    from enrich.stance.training import train as fit
    from secondsource.app.evaluation.labelled_stance import read_labelled

    examples = read_labelled(data)
    model = fit(examples, CueReader(load_cues(cues or BUILT_IN / "cues")), tell=lambda line: typer.echo(line, err=True))
    model.save(out)
    typer.echo(f"{out}: trained on {model.about['examples']:,} of {len(examples):,} labelled posts")
