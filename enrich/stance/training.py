"""Training of a stance model with scikit-learn, which is needed here and nowhere else.

Linear models of one label against the rest (logistic regression, L2, rare labels weighing more): one of the runs of
letters and one of the signs, each fitted apart, and the mean of both kept; docs/stance.md says what that gains. How
strongly, and how much it is regularised, is chosen by cross-validation that keeps each event whole: posts of one event
share their words, and a model that has seen some of them would be praised for knowing the rest.

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

from enrich.stance.cues import CueReader, Reading
from enrich.stance.features import Seen, Thread, features
from enrich.stance.model import LABELS, StanceModel, Weights, counting
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import StanceLabel

Floats = NDArray[np.float64]

_FEWEST_POSTS = 3  # in which a feature must stand
_FEWEST_OF_LABEL = 5
_FOLDS = 3
_STRENGTHS = (0.1, 0.3)  # of letters
_SIGNS_STRENGTH = 10.0  # times that: there are few, and each is of many posts
_BALANCES = (0.8, 1.0)  # exponents of a label's rarity in its weight
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
    seen: Seen
    label: int
    group: str


class _Known(NamedTuple):
    """The features of all samples: their names, what runs of letters count by, and a sparse row for each sample."""

    names: tuple[str, ...]
    scale: NDArray[np.float32]
    matrix: Any
    labels: NDArray[np.int64]


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
        known = _known(samples)
        chosen = _choose(samples, known)
        tell(f"{view}: strength {chosen.strength}, balance {chosen.balance}, macro-F1 {chosen.score:.3f} in the folds")
        fitted = _fit(known, np.ones(len(samples), np.bool_), chosen)
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
    return _Sample(features(reading, example.shows, thread, cues=cues), LABELS.index(example.label), example.group)


def _choose(samples: Sequence[_Sample], known: _Known) -> Chosen:
    """By macro-F1 over folds of whole groups; where there is one group only, over folds of posts."""
    sizes = Counter(sample.group for sample in samples)
    loads = [0] * _FOLDS
    fold_of: dict[str, int] = {}
    for group in sorted(sizes, key=lambda each: (-sizes[each], each)):
        fold_of[group] = loads.index(min(loads))
        loads[fold_of[group]] += sizes[group]
    folds = np.array(
        [fold_of[sample.group] if len(sizes) >= _FOLDS else number % _FOLDS for number, sample in enumerate(samples)]
    )
    best = Chosen(_STRENGTHS[0], _BALANCES[-1], -1.0)
    for strength, balance in product(_STRENGTHS, _BALANCES):
        tried = Chosen(strength, balance, 0.0)
        sums = np.zeros((len(samples), len(LABELS)))
        for fold in range(_FOLDS):
            fitted = _fit(known, folds != fold, tried)
            sums[folds == fold] = known.matrix[folds == fold] @ fitted.rows + fitted.bias
        shifts, score = _shifted(sums, known.labels)
        if score > best.score + 1e-9:
            best = tried._replace(score=score, shifts=tuple(shifts.tolist()))
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


def _known(samples: Sequence[_Sample]) -> _Known:
    try:
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - comes with scikit-learn
    except ImportError as error:
        raise _missing() from error
    counts = Counter(name for sample in samples for name in (*sample.seen.signs, *sample.seen.letters))
    names = tuple(sorted(name for name, count in counts.items() if count >= _FEWEST_POSTS)) or ("^",)
    table = {name: row for row, name in enumerate(names)}
    of = [(1 + len(samples)) / (1 + counts[name]) for name in names]
    scale = (np.log(of) + 1.0).astype(np.float32)
    each = [counting(sample.seen, table, scale) for sample in samples]
    starts = np.cumsum([0, *(len(rows) for rows, _ in each)])
    columns = np.array([row for rows, _ in each for row in rows], np.int64)
    values = np.array([value for _, values in each for value in values])
    matrix = csr_matrix((values, columns, starts), shape=(len(samples), len(names)))
    return _Known(names, scale, matrix, np.array([sample.label for sample in samples]))


def _fit(known: _Known, those: NDArray[np.bool_], by: Chosen) -> Weights:
    """The weights that `those` samples teach."""
    try:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - an extra, for training only
    except ImportError as error:
        raise _missing() from error
    labels = known.labels[those]
    rows = np.zeros((len(known.names), len(LABELS)), np.float32)
    bias = np.full(len(LABELS), -30.0, np.float32)
    letters = np.array([name.startswith("~") for name in known.names])
    apart = [
        (kind, known.matrix[those][:, kind], strength)
        for kind, strength in ((letters, by.strength), (~letters, by.strength * _SIGNS_STRENGTH))
        if kind.any()
    ]
    for label in range(len(LABELS)):
        truth = labels == label
        if not truth.any() or truth.all():
            continue
        rarity = float((~truth).sum() / truth.sum())
        bias[label] = 0.0
        for kind, matrix, strength in apart:
            model = LogisticRegression(
                C=strength, class_weight={True: rarity**by.balance, False: 1.0}, solver="liblinear", random_state=0
            )
            model.fit(matrix, truth)
            rows[kind, label] = model.coef_[0] / len(apart)
            bias[label] += model.intercept_[0] / len(apart)
    return Weights(known.names, rows, known.scale, bias)


def _missing() -> BadConfiguration:
    return BadConfiguration(
        "training a stance model needs scikit-learn; install it with: pip install 'secondsource[stance]'"
    )


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
