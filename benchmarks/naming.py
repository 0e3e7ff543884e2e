"""Names in real noisy text: how many are found and how many that are found are right, by the gazetteers that come with
us; and what a hundred thousand names cost inside spaCy, next to its own PhraseMatcher.

Scored as the shared tasks do: a name counts where its words and its kind are both right (CoNLL F1). Kinds that we do
not look for (products, works) are left out of the gold; companies and groups are organisations.
"""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import spacy
from spacy.language import Language as Pipeline
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc
from spacy.util import filter_spans

from benchmarks.report import Report, Spent, measured, resident_megabytes
from config.loader import GAZETTEERS
from enrich.names.gazetteer import Gazetteer, each_term
from enrich.names.pipelines import TextPipeline, blank_pipeline, in_pipeline, trained_pipelines

DATA = Path("../shared/data/ner")
FILES = {
    "WNUT-17 dev": ("emerging.dev",),
    "WNUT-17 train": ("wnut17train",),
    "Broad Twitter Corpus a, f, g, h": ("a", "f", "g", "h"),
}
TRAINED = "en_core_web_sm"
NAMES = 100_000
_SAID = ("they", "say", "that", "the", "bridge", "over", "river", "has", "fallen", "and", "many", "people", "are", "on")
_KINDS = {
    "person": "person", "PER": "person", "location": "place", "LOC": "place", "ORG": "organisation",
    "corporation": "organisation", "group": "organisation",
}  # fmt: skip


class Named(NamedTuple):
    first: int  # token
    last: int
    kind: str


class Sentence(NamedTuple):
    tokens: list[str]
    gold: set[Named]


def sentences(path: Path) -> Iterator[Sentence]:
    """Of a CoNLL file: a token and its tag (B-kind, I-kind, O) a line, a blank line between sentences."""
    tokens: list[str] = []
    tags: list[str] = []
    for line in [*path.read_text("utf-8").splitlines(), ""]:
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) >= 2:
            tokens.append(cells[0].strip() or "-")
            tags.append(cells[-1])
        elif tokens:
            yield Sentence(tokens, _gold(tags))
            tokens, tags = [], []


def _gold(tags: list[str]) -> set[Named]:
    found: set[Named] = set()
    place = 0
    while place < len(tags):
        if tags[place].startswith("B-"):
            kind, last = tags[place][2:], place
            while last + 1 < len(tags) and tags[last + 1] == f"I-{kind}":
                last += 1
            if kind in _KINDS:
                found.add(Named(place, last, _KINDS[kind]))
            place = last
        place += 1
    return found


def run(report: Report, scale: float) -> None:
    gazetteer = Gazetteer(each_term(GAZETTEERS))
    if DATA.is_dir():
        _score(report, "gazetteer only", blank_pipeline("en", gazetteer))
        trained, _ = trained_pipelines({"en": TRAINED}, gazetteer)
        if trained:
            _score(report, TRAINED, trained["en"])
        else:
            report.add("entities", f"with {TRAINED}", 0, "", note="skipped: not installed")
    else:
        report.add("entities", "skipped: no data", 0, "")
    del gazetteer
    _cost(report, scale)


def _score(report: Report, name: str, pipeline: TextPipeline) -> None:
    for corpus, files in FILES.items():
        right = found = there = 0
        by_kind: dict[str, list[int]] = {}
        read = [one for file in files for one in _read(file)]
        texts = [" ".join(one.tokens) for one in read]
        for sentence, matches in zip(read, pipeline.entities(texts), strict=True):
            ours = {_in_tokens(sentence.tokens, match.start, match.end, match.kind) for match in matches}
            ours = {one for one in ours if one.kind != "event"}
            right, found, there = right + len(ours & sentence.gold), found + len(ours), there + len(sentence.gold)
            for kind in _KINDS.values():
                counts = by_kind.setdefault(kind, [0, 0, 0])
                of_kind = {one for one in ours if one.kind == kind}, {one for one in sentence.gold if one.kind == kind}
                for place, size in enumerate((len(of_kind[0] & of_kind[1]), len(of_kind[0]), len(of_kind[1]))):
                    counts[place] += size
        note = f"precision {right / max(1, found):.3f}, recall {right / max(1, there):.3f}; " + ", ".join(
            f"{kind} {_f1(*counts):.3f}" for kind, counts in by_kind.items()
        )
        report.add("entities", f"F1, {corpus}, {name}", _f1(right, found, there), "", note=note)


def _f1(right: int, found: int, there: int) -> float:
    return 2 * right / max(1, found + there)


def _in_tokens(tokens: list[str], start: int, end: int, kind: str) -> Named:
    position, first, last = 0, 0, 0
    for place, token in enumerate(tokens):
        if position <= start:
            first = place
        if position < end:
            last = place
        position += len(token) + 1
    return Named(first, last, kind)


def _cost(report: Report, scale: float) -> None:
    """Each in a process of its own, so that its memory is its own."""
    spent = {}
    for what in ("ours", "theirs"):
        command = [sys.executable, "-m", "benchmarks.naming", what, str(scale)]
        spent[what] = _Cost(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    ours, theirs = spent["ours"], spent["theirs"]
    bare = (ours.tokens + theirs.tokens) / 2
    report.add("entities", f"loading {NAMES:,} names", ours.load, "s", target="< 2")
    report.add("entities", "spaCy PhraseMatcher, loading", theirs.load, "s")
    report.add("entities", "memory", ours.memory, "MB")
    report.add("entities", "spaCy PhraseMatcher, memory", theirs.memory, "MB")
    report.add("entities", "memory against PhraseMatcher", ours.memory / theirs.memory, "times", target="≤ 0.1")
    texts = "real posts, a name put into each other one" if DATA.is_dir() else "invented posts"
    note = f"nlp.pipe from text to doc.ents; {texts}; {ours.found:,} names found"
    report.add("entities", "inside spaCy", ours.inside, "posts/s/core", target="≥ 5,000", note=note)
    note = f"the same; {theirs.found:,} names found"
    report.add("entities", "spaCy PhraseMatcher, inside spaCy", theirs.inside, "posts/s/core", note=note)
    report.add("entities", "spaCy's tokens alone, which both need", bare, "posts/s/core")
    note = f"no more than {bare / theirs.inside:.2f} is possible: the tokens take the rest"
    times = ours.inside / theirs.inside
    report.add("entities", "inside spaCy against PhraseMatcher", times, "times", target="≥ 10", note=note)
    report.add("entities", "the component alone, Doc to doc.ents", ours.component, "posts/s/core")
    report.add("entities", "spaCy PhraseMatcher, the component alone", theirs.component, "posts/s/core")
    report.add("entities", "spaCy PhraseMatcher, the search alone", theirs.search, "posts/s/core", note="in tokens")
    note = "as enrichment asks for a language without a trained pipeline"
    report.add("entities", "names from a text, without tokens", ours.search, "posts/s/core", note=note)
    note = "from text to names: PhraseMatcher cannot do without the tokens"
    times = ours.search / theirs.inside
    report.add("entities", "names from a text against PhraseMatcher", times, "times", target="≥ 10", note=note)


class _Cost(NamedTuple):
    """Seconds and MB of loading; posts a second of each part."""

    load: float
    memory: float
    tokens: float
    inside: float
    component: float
    search: float
    found: int


def _invented(count: int) -> list[str]:
    """Names of one to three words, which is what lists of places have."""
    dice = random.Random(11)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en")]
    names: dict[str, None] = {}
    while len(names) < count:
        words = [
            "".join(dice.choices(syllables, k=dice.randint(2, 4))).title() for _ in range(dice.choice((1, 1, 1, 2, 3)))
        ]
        names[" ".join(words)] = None
    return list(names)


def _posts(names: list[str], count: int) -> list[str]:
    """Every other one names something."""
    dice = random.Random(12)
    texts = [" ".join(dice.choices(_SAID, k=dice.randint(8, 22))) for _ in range(count)]
    if DATA.is_dir():
        read = (" ".join(one.tokens) for files in FILES.values() for file in files for one in _read(file))
        texts = list(islice(read, count))
    for at in range(0, len(texts), 2):
        words = texts[at].split()
        words.insert(dice.randint(0, len(words)), dice.choice(names))
        texts[at] = " ".join(words)
    return texts


def _read(file: str) -> Iterator[Sentence]:
    return sentences(DATA / f"{file}.conll")


def _each(what: Callable[[], object], count: int) -> float:
    """How many a second, the best of three."""
    best = 0.0
    for _ in range(3):
        with measured() as spent:
            what()
        best = max(best, count / spent.cpu)
    return best


def _measure(
    load: Spent, memory: float, nlp: Pipeline, texts: list[str], search: Callable[[str, Doc], object]
) -> _Cost:
    """Of a blank pipeline with one component; and of the search in it, which may take the text or its tokens."""
    component = nlp.pipeline[-1][1]
    bare = spacy.blank("en")
    found = sum(len(doc.ents) for doc in nlp.pipe(texts, batch_size=256))  # and all is warm
    docs = [nlp.make_doc(text) for text in texts]
    return _Cost(
        load=load.cpu,
        memory=memory,
        tokens=_each(lambda: [None for _ in bare.pipe(texts, batch_size=256)], len(texts)),
        inside=_each(lambda: [None for _ in nlp.pipe(texts, batch_size=256)], len(texts)),
        component=_each(lambda: [component(doc) for doc in docs], len(texts)),
        search=_each(lambda: [search(text, doc) for text, doc in zip(texts, docs, strict=True)], len(texts)),
        found=found,
    )


def _ours(scale: float) -> _Cost:
    names = _invented(NAMES)
    texts = _posts(names, int(10_000 * scale))
    nlp = spacy.blank("en")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "places.tsv"
        lines = (f"place-{at}\tplace\t{'|'.join(names[at : at + 4])}\n" for at in range(0, len(names), 4))
        file.write_text("".join(lines), "utf-8")
        gc.collect()
        before = resident_megabytes()
        with measured() as load:
            gazetteer = Gazetteer(each_term([file]))
    gc.collect()
    memory = resident_megabytes() - before
    in_pipeline(nlp, gazetteer)
    return _measure(load, memory, nlp, texts, lambda text, _: gazetteer.find(text, "en"))


def _theirs(scale: float) -> _Cost:
    names = _invented(NAMES)
    texts = _posts(names, int(10_000 * scale))
    nlp = spacy.blank("en")
    gc.collect()
    before = resident_megabytes()
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    with measured() as load:
        matcher.add("place", [nlp.make_doc(name) for name in names])
    gc.collect()
    memory = resident_megabytes() - before

    @Pipeline.component("phrases")
    def phrases(doc: Doc) -> Doc:
        doc.ents = filter_spans(matcher(doc, as_spans=True))
        return doc

    nlp.add_pipe("phrases")
    return _measure(load, memory, nlp, texts, lambda _, doc: matcher(doc))


if __name__ == "__main__":
    print(json.dumps((_ours if sys.argv[1] == "ours" else _theirs)(float(sys.argv[2]))._asdict()))
