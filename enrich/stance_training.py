"""Training of a stance model with scikit-learn, which is needed here and nowhere else.

One linear model a label against the rest (logistic regression, L2, rare labels weighing more). How strongly, and how
much it is regularised, is chosen by cross-validation that keeps each event whole: posts of one event share their words,
and a model that has seen some of them would be praised for knowing the rest.

Rare labels stay too rare or become too common whatever their weight, so each label's bias is shifted: by what gives
the best macro-F1 over the same folds, one label after the other. The shift becomes part of the bias.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.stance_cues import CueReader, Reading
from enrich.stance_features import Thread, features
from enrich.stance_model import LABELS, StanceModel, Weights
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import StanceLabel

Floats = NDArray[np.float64]

_FEWEST_POSTS = 3  # in which a feature must stand
_FEWEST_OF_LABEL = 5
_FOLDS = 3
_STRENGTHS = (0.01, 0.03, 0.1)
_BALANCES = (0.5, 0.8, 1.0)  # exponents of a label's rarity in its weight
_SHIFTS = np.linspace(-1.2, 1.2, 25)
_ROUNDS = 3


class Example(NamedTuple):
    """A labelled post. `group` is its event. `parent` and `source` are texts, None where it answers nothing."""

    text: str
    label: StanceLabel
    group: str
    parent: str | None = None
    source: str | None = None
    shows: bool = False


class Chosen(NamedTuple):
    """`score` is the macro-F1 over the folds that chose them; `shifts` of each label's bias."""

    strength: float
    balance: float
    score: float
    shifts: tuple[float, ...] = (0.0,) * len(LABELS)


class _Sample(NamedTuple):
    names: Sequence[str]
    label: int
    group: str


def train(
    examples: Sequence[Example],
    reader: CueReader,
    *,
    cues: bool = True,
    views: Sequence[str] = ("thread", "alone"),
    tell: Callable[[str], None] = lambda _: None,
) -> StanceModel:
    """A model of the examples that answer something; of the others cues judge alone. The same examples give the same
    model. Of a single view, it has that one for both.

    Raises:
        BadConfiguration: scikit-learn is not installed, or there are too few examples of a label.
    """
    answers = [example for example in examples if example.parent is not None or example.source is not None]
    _check(answers)
    readings: dict[str, Reading] = {}
    samples_of = {
        view: [_sample(example, reader, readings, cues=cues, threaded=view == "thread") for example in answers]
        for view in views
    }
    weights: dict[str, Weights] = {}
    about: dict[str, Any] = {"examples": len(answers), "cues": cues}
    for view, samples in samples_of.items():
        chosen = _choose(samples)
        tell(f"{view}: strength {chosen.strength}, balance {chosen.balance}, macro-F1 {chosen.score:.3f} in the folds")
        fitted = _fit(samples, chosen.strength, chosen.balance)
        weights[view] = fitted._replace(bias=fitted.bias + np.array(chosen.shifts, np.float32))
        shifts = [round(each, 4) for each in chosen.shifts]
        about[view] = {"strength": chosen.strength, "balance": chosen.balance, "shifts": shifts}
        about[view]["macro_f1"] = round(chosen.score, 4)
    return StanceModel(weights[views[0]], weights[views[-1]], about)


def _check(answers: Sequence[Example]) -> None:
    counts = Counter(example.label for example in answers)
    few = [f"{label} ({counts[label]})" for label in LABELS if counts[label] < _FEWEST_OF_LABEL]
    if few:
        raise BadConfiguration(
            f"too few examples that answer another post to train on: {', '.join(few)}; at least {_FEWEST_OF_LABEL} each"
        )


def _sample(
    example: Example, reader: CueReader, readings: dict[str, Reading], *, cues: bool, threaded: bool
) -> _Sample:
    def read(text: str | None) -> Reading | None:
        if text is None:
            return None
        if text not in readings:
            readings[text] = reader.read(text)
        return readings[text]

    thread = Thread(read(example.parent), read(example.source)) if threaded else None
    reading = read(example.text)
    assert reading is not None
    names = features(reading, example.shows, thread, cues=cues)
    return _Sample(sorted(set(names)), LABELS.index(example.label), example.group)


def _choose(samples: Sequence[_Sample]) -> Chosen:
    """By macro-F1 over folds of whole groups; where there is one group only, over folds of posts."""
    sizes = Counter(sample.group for sample in samples)
    loads = [0] * _FOLDS
    fold_of: dict[str, int] = {}
    for group in sorted(sizes, key=lambda each: (-sizes[each], each)):
        fold_of[group] = loads.index(min(loads))
        loads[fold_of[group]] += sizes[group]
    folds = [
        fold_of[sample.group] if len(sizes) >= _FOLDS else number % _FOLDS for number, sample in enumerate(samples)
    ]
    best = Chosen(_STRENGTHS[1], _BALANCES[-1], -1.0)
    labels = np.array([sample.label for sample in samples])
    for strength, balance in product(_STRENGTHS, _BALANCES):
        sums = np.zeros((len(samples), len(LABELS)))
        for fold in range(_FOLDS):
            fitted = _fit([sample for sample, at in zip(samples, folds, strict=True) if at != fold], strength, balance)
            table = {name: row for row, name in enumerate(fitted.names)}
            for number, (sample, at) in enumerate(zip(samples, folds, strict=True)):
                if at == fold:
                    rows = [row for row in map(table.get, sample.names) if row is not None]
                    sums[number] = fitted.rows[rows].sum(axis=0, dtype=np.float64) + fitted.bias
        shifts, score = _shifted(sums, labels)
        if score > best.score + 1e-9:
            best = Chosen(strength, balance, score, tuple(shifts.tolist()))
    return best


def _shifted(sums: Floats, labels: NDArray[np.int64]) -> tuple[Floats, float]:
    """Shifts of the labels' sums, and the macro-F1 with them; the last label, the commonest, is not shifted."""
    shifts = np.zeros(len(LABELS))
    score = _quick_macro_f1(labels, (sums + shifts).argmax(axis=1))
    for _ in range(_ROUNDS):
        for label in range(len(LABELS) - 1):
            for shift in _SHIFTS.tolist():
                tried = shifts.copy()
                tried[label] = shift
                reached = _quick_macro_f1(labels, (sums + tried).argmax(axis=1))
                if reached > score + 1e-9:
                    score, shifts = reached, tried
    return shifts, score


def _quick_macro_f1(truth: NDArray[np.int64], guesses: NDArray[np.int64]) -> float:
    hits = np.bincount(truth[truth == guesses], minlength=len(LABELS))
    total = np.bincount(truth, minlength=len(LABELS)) + np.bincount(guesses, minlength=len(LABELS))
    return float(np.mean(2 * hits / np.maximum(total, 1)))


def _fit(samples: Sequence[_Sample], strength: float, balance: float) -> Weights:
    try:
        from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415 - an extra, for training only
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above
    except ImportError as error:
        raise BadConfiguration(
            "training a stance model needs scikit-learn; install it with: pip install 'secondsource[stance]'"
        ) from error
    counts = Counter(name for sample in samples for name in sample.names)
    names = tuple(sorted(name for name, count in counts.items() if count >= _FEWEST_POSTS)) or ("^",)
    columns = {name: column for column, name in enumerate(names)}
    reading = CountVectorizer(analyzer=list, vocabulary=columns, dtype=np.float64)
    matrix = reading.transform([sample.names for sample in samples])
    labels = np.array([sample.label for sample in samples])
    rows = np.zeros((len(names), len(LABELS)), np.float32)
    bias = np.full(len(LABELS), -30.0, np.float32)
    for label in range(len(LABELS)):
        truth = labels == label
        if not truth.any() or truth.all():
            continue
        rarity = float((~truth).sum() / truth.sum())
        model = LogisticRegression(
            C=strength, class_weight={True: rarity**balance, False: 1.0}, solver="liblinear", random_state=0
        )
        model.fit(matrix, truth)
        rows[:, label] = model.coef_[0]
        bias[label] = model.intercept_[0]
    return Weights(names, rows, bias)


def f1_by_label(truth: Iterable[int], guesses: Iterable[int]) -> list[float]:
    """F1 of each of LABELS; 0 where a label is neither there nor guessed."""
    hits: Counter[int] = Counter()
    total: Counter[int] = Counter()
    for true, guess in zip(truth, guesses, strict=True):
        total[true] += 1
        total[guess] += 1
        hits[true] += true == guess
    return [2 * hits[label] / total[label] if total[label] else 0.0 for label in range(len(LABELS))]


def macro_f1(truth: Iterable[int], guesses: Iterable[int]) -> float:
    return float(np.mean(f1_by_label(truth, guesses)))
