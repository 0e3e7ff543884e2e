"""Stance on posts that people have labelled, each event judged by what the other events taught.

Leave one event out: trained on all events but one (the model's own settings too), judged on that one, all of it
together scored. The judge is that of `secondsource eval stance`. Baselines of the same run: always the commonest label,
and a question mark asks while everything else comments.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Report, measured
from config.cues import load_cues
from enrich.annotators.stance import StanceAnnotator
from enrich.stance.cues import CueReader
from enrich.stance.features import Thread, features
from enrich.stance.model import LABELS, StanceModel
from enrich.stance.training import Example, f1_by_label, train
from secondsource.app.evaluation.labelled_stance import FIELD, read_labelled
from secondsource.app.evaluation.stance import judge_stance
from secondsource.contracts.messages import StanceLabel

DATA = Path("../shared/data/rumoureval2017_train")
CUES = Path("config/cues")
Judge = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def run(report: Report, scale: float) -> None:
    if not DATA.is_dir():
        print("  skipped: no data")
        return
    examples = read_labelled(DATA)
    events = sorted({example.group for example in examples})[: max(2, round(8 * scale))]
    examples = [example for example in examples if example.group in events]
    report.add("stance", "posts", len(examples), "posts", note=f"of {len(events)} events")
    _tell(report, "always a comment", examples, ["comments"] * len(examples))
    _tell(report, "a question mark asks", examples, ["asks" if "?" in each.text else "comments" for each in examples])
    cues_alone = judge_stance()
    _tell(report, "cues alone", examples, [_label(cues_alone, example) for example in examples])
    reader = CueReader(load_cues(CUES))
    both: dict[int, StanceLabel] = {}
    textual: dict[int, StanceLabel] = {}
    alone: dict[int, StanceLabel] = {}
    model: StanceModel | None = None
    with tempfile.TemporaryDirectory() as folder:
        for event in events:
            others = [example for example in examples if example.group != event]
            here = [number for number, example in enumerate(examples) if example.group == event]
            model = train(others, reader)
            model.save(Path(folder) / "stance.npz")
            judge = judge_stance(Path(folder) / "stance.npz")
            bare = train(others, reader, cues=False, views=("thread",))
            for number in here:
                both[number] = _label(judge, examples[number])
                textual[number] = _label(judge, examples[number], threads=False)
                alone[number] = _by_words(bare, reader, examples[number])
    _tell(report, "classifier alone", examples, [alone[number] for number in range(len(examples))])
    _tell(report, "cues and classifier", examples, [both[number] for number in range(len(examples))], asked=True)
    _tell(
        report, "cues and classifier, texts answered unknown", examples,
        [textual[number] for number in range(len(examples))],
    )  # fmt: skip
    assert model is not None
    _speed(report, examples, model)


def _label(judge: Judge, example: Example, *, threads: bool = True) -> StanceLabel:
    line: dict[str, Any] = {"text": example.text, "links": example.shows}
    if example.source is not None and example.parent is not None:
        line |= {"reply_to": {"text": example.parent}, "source": {"text": example.source}}
        if not threads:
            line |= {"reply_to": {"text": ""}, "source": None}
    label: StanceLabel = judge(line)["stance"]
    return label


def _by_words(model: StanceModel, reader: CueReader, example: Example) -> StanceLabel:
    """By the model without cues; it was not trained on posts that answer nothing, which assert."""
    if example.parent is None or example.source is None:
        return "asserts"
    thread = Thread(reader.read(example.parent), reader.read(example.source))
    seen = features(reader.read(example.text), example.shows, thread, cues=False)
    chances = model.chances(seen, with_thread=True)
    return LABELS[max(range(len(LABELS)), key=chances.__getitem__)]


def _tell(
    report: Report, name: str, examples: Sequence[Example], labels: Sequence[StanceLabel], *, asked: bool = False
) -> None:
    each = f1_by_label([LABELS.index(example.label) for example in examples], [LABELS.index(label) for label in labels])
    scores = dict(zip((FIELD[label] for label in LABELS), each, strict=True))
    right = sum(example.label == label for example, label in zip(examples, labels, strict=True)) / len(examples)
    note = " · ".join(f"{label} {score:.3f}" for label, score in scores.items()) + f" · accuracy {right:.3f}"
    report.add("stance", f"{name}: macro-F1", sum(each) / len(each), "", target="> .45" if asked else "", note=note)
    if asked:
        report.add("stance", f"{name}: deny F1", scores["deny"], "", target="> .30")
        report.add("stance", f"{name}: query F1", scores["query"], "", target="> .45")


def _speed(report: Report, examples: Sequence[Example], model: StanceModel) -> None:
    from benchmarks.stream import posts

    stream = list(posts(len(examples), places=1_000))
    answers = [_replying(post) for post in stream]
    cues = load_cues(CUES)
    for name, annotator, stream_of in (
        ("cues", StanceAnnotator(cues, remembered=0), stream),
        ("cues and classifier, all of them replies", StanceAnnotator(cues, model, remembered=0), answers),
    ):
        with measured() as spent:
            annotator.annotate(stream_of, {})
        report.add("stance", f"a post by {name}", 1e6 * spent.cpu / len(stream_of), "µs")


def _replying(post: Any) -> Any:
    from msgspec.structs import replace

    return replace(post, reply_to="x:1", repost_of="")
