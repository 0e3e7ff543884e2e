"""Copies of texts: how many of real posts' changed copies are found, how many strangers are taken for copies, and what
it costs with a million posts alive; next to datasketch doing the same job in the same run.

The changes are written here, and share nothing with the matcher.
"""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Callable
from pathlib import Path

from alerts.text.copies import CopyIndex
from benchmarks.report import Report, measured, resident_megabytes
from enrich.sketching.sketch import sketch_copied
from secondsource.contracts.copied import copied_text

DATA = Path("../shared/data")
_MANY, _FALSE = 2_000, 20_000
_FEWEST = 8  # words, cut at blanks

_TWINS = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "i": "і", "E": "Е", "T": "Т", "H": "Н", "B": "В"}
_LEET = {"a": "4", "e": "3", "o": "0", "i": "1", "s": "5"}
_ENCLOSED = {chr(ord("A") + place): chr(0x1F150 + place) for place in range(26)}
_MARKS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652"
_FORMS = {"ا": "أ", "ه": "ة", "ي": "ى", "ك": "ک", "أ": "ا", "إ": "ا", "ة": "ه", "ى": "ي", "آ": "ا"}


def _arabic(text: str) -> bool:
    return sum("\u0621" <= letter <= "\u064a" for letter in text) > 20


def _swapped(text: str, pairs: dict[str, str], share: float, dice: random.Random) -> str:
    return "".join(pairs[letter] if letter in pairs and dice.random() < share else letter for letter in text)


def _cut(text: str, dice: random.Random) -> str:
    return text[: max(60, int(len(text) * dice.uniform(0.55, 0.85)))].rstrip() + "…"


def _scattered(text: str, marks: str, share: float, dice: random.Random) -> str:
    return "".join(
        letter + (dice.choice(marks) if letter.isalpha() and dice.random() < share else "") for letter in text
    )


def _between_words(text: str, things: list[str], times: int, dice: random.Random) -> str:
    words = text.split(" ")
    for _ in range(times):
        words.insert(dice.randrange(len(words) + 1), dice.choice(things))
    return " ".join(words)


def _chatter(dice: random.Random) -> str:
    said = (
        "I you they we saw heard this that message morning evening street house friend never always told asked why who"
    )
    return " ".join(dice.choices(said.split(), k=dice.randint(6, 14)))


def _typos(text: str, dice: random.Random) -> str:
    letters = list(text)
    for _ in range(3):
        place = dice.randrange(1, len(letters) - 1)
        letters[place], letters[place - 1] = letters[place - 1], letters[place]
    return "".join(letters)


def _addresses(word: str) -> bool:
    return word.startswith(("http", "@", "RT"))


def _each_word(text: str, change: Callable[[str], str]) -> str:
    return " ".join(word if _addresses(word) else change(word) for word in text.split(" "))


def _changes() -> dict[str, Callable[[str, random.Random], str]]:
    people = [f"@somebody{number}" for number in range(50)]
    return {
        "retweet prefix": lambda text, dice: f"RT {dice.choice(people)}: {text}",
        "cut short with …": _cut,
        "mentions added": lambda text, dice: (
            f"{dice.choice(people)} {dice.choice(people)} {text} {dice.choice(people)}"
        ),
        "links changed": lambda text, dice: (
            " ".join(word for word in text.split(" ") if not word.startswith("http"))
            + f" https://example.org/{dice.randrange(10**6)}"
        ),
        "emoji": lambda text, dice: _between_words(text, ["😱", "🔥🔥", "🙏", "‼️", "👉🏽"], 4, dice),
        "letter tricks": lambda text, dice: _swapped(text, _LEET, 0.3, dice),
        "spaced letters": lambda text, dice: " ".join(
            " ".join(word) if len(word) > 5 and word.isalpha() and dice.random() < 0.3 else word
            for word in text.split(" ")
        ),
        "homoglyphs": lambda text, dice: _swapped(text, _TWINS, 0.4, dice),
        "zero-width characters": lambda text, dice: _scattered(text, "\u200b\u200c\u200d\u2060\ufeff", 0.3, dice),
        "capitals": lambda text, _: text.upper(),
        "typing errors": _typos,
        "Arabic diacritics": lambda text, dice: _scattered(text, _MARKS, 0.4, dice),
        "Arabic letter forms": lambda text, dice: _swapped(text, _FORMS, 0.6, dice),
        "contained": lambda text, dice: f"{_chatter(dice)}: “{text}” {_chatter(dice)}",
        "written backwards": lambda text, _: text[::-1],
        "words backwards": lambda text, _: " ".join(text.split(" ")[::-1]),
        "letters drawn out": lambda text, dice: _each_word(
            text, lambda word: "".join(letter * (dice.randint(2, 5) if dice.random() < 0.1 else 1) for letter in word)
        ),
        "enclosed letters": lambda text, _: _each_word(
            text, lambda word: "".join(_ENCLOSED.get(letter, letter) for letter in word.upper())
        ),
    }


def real_texts() -> list[str]:
    """Texts of eight words and more, each once; empty where there is no data."""
    found: list[str] = []
    langid, posts = DATA / "langid", DATA / "mediaeval2016_dev" / "posts.tsv"
    if (langid / "xlmt_dev.tsv").is_file():
        found += [line.partition("\t")[2] for line in (langid / "xlmt_dev.tsv").read_text("utf-8").splitlines()]
        english = (langid / "global_english_dev.tsv").read_text("utf-8").splitlines()[1:]
        found += [line.split("\t")[3] for line in english]
    if posts.is_file():
        with posts.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = next(reader)
            place = next((at for at, name in enumerate(header) if "text" in name.lower()), 1)
            found += [row[place] for row in reader if len(row) > place]
    return [text for text in dict.fromkeys(found) if len(text.split()) >= _FEWEST]


def run(report: Report, scale: float) -> None:
    texts = real_texts()
    if texts:
        _recall(report, texts, scale)
        _strangers(report, texts, scale)
    else:
        report.add("copies", "skipped: no data", 0, "")
    _speed(report, scale)


def _recall(report: Report, texts: list[str], scale: float) -> None:
    dice = random.Random(1_871)
    sample = _unlike(dice.sample(texts, min(len(texts), int(2 * _MANY * scale))))
    index = CopyIndex()
    _take(index, sample, 0)
    at_hand = {text: place for place, text in enumerate(sample)}
    for name, change in _changes().items():
        chosen = (
            [text for text in sample if _arabic(text)] if name.startswith("Arabic") else sample[: int(_MANY * scale)]
        )
        found = counted = 0
        for text in chosen:
            changed = change(text, dice)
            kept = copied_text(changed)
            (sketch,) = sketch_copied([kept])
            if sketch.words < _FEWEST:
                continue  # so few words need more than themselves to match
            counted += 1
            copy = index.find(kept, sketch)
            found += copy is not None and copy.of == str(at_hand[text])
        report.add("copies", f"recall, {name}", found / max(1, counted), "", target="> .95", note=f"{counted} posts")


def _unlike(texts: list[str]) -> list[str]:
    """Without those that share most words with one before: a copy's copy would count as missed."""
    kept: list[str] = []
    known: dict[str, list[set[str]]] = {}
    for text in texts:
        words = {word.lower() for word in text.split() if not word.startswith(("http", "@", "#"))}
        words -= {"rt"}
        if len(words) < _FEWEST:
            continue
        near = [other for word in words for other in known.get(word, ())[:200]]
        if any(len(words & other) > 0.5 * min(len(words), len(other)) for other in near):
            continue
        kept.append(text)
        for word in words:
            known.setdefault(word, []).append(words)
    return kept


def _words(text: str) -> set[str]:
    """Without what a copy may change: links, mentions, marks around a word."""
    kept = (word.lower() for word in text.split() if not word.lstrip("\\\"“‘'(").startswith(("http", "@", "#")))
    return {word.strip("\\\"“”‘’'().,:;!?…") for word in kept} - {"rt", ""}


def _strangers(report: Report, texts: list[str], scale: float) -> None:
    """Posts taken for copies that share fewer than half of the shorter one's words, over all pairs there are."""
    sample = random.Random(7).sample(texts, min(len(texts), int(_FALSE * scale)))
    index = CopyIndex()
    found = wrong = 0
    for place, copy in enumerate(_take(index, sample, 0)):
        if copy is not None:
            found += 1
            one, other = (_words(sample[at]) for at in (place, int(copy.of)))
            wrong += len(one & other) < 0.5 * min(len(one), len(other))
    pairs = len(sample) * (len(sample) - 1) / 2
    note = f"{wrong} of {found} pairs found in {len(sample):,} real posts share under half of their words"
    report.add("copies", "false pairs", wrong / pairs, "of all pairs", target="< 1e-6", note=note)


def _take(index: CopyIndex, texts: list[str], first: int) -> list:  # type: ignore[type-arg]
    found = []
    for start in range(0, len(texts), 1_000):
        kept = [copied_text(text) for text in texts[start : start + 1_000]]
        for offset, (copied, sketch) in enumerate(zip(kept, sketch_copied(kept), strict=True)):
            found.append(index.take(str(first + start + offset), copied, sketch, 0.0))
    return found


def invented(count: int, seed: int = 3) -> list[str]:
    """Posts of 8 to 30 words of an invented language with Zipf's frequencies; one in five copies an earlier one."""
    dice = random.Random(seed)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    words = ["".join(dice.choices(syllables, k=dice.randint(1, 4))) for _ in range(50_000)]
    weights = [1 / (rank + 10) for rank in range(len(words))]
    stock = dice.choices(words, weights, k=2_000_000)
    texts: list[str] = []
    for number in range(count):
        if number > 100 and dice.random() < 0.2:
            texts.append(f"RT @a{number % 977}: {texts[-dice.randint(1, 100)]} https://t.co/{number}")
        else:
            start = dice.randrange(len(stock) - 30)
            picked = stock[start : start + dice.randint(8, 30)]
            dice.shuffle(picked)
            texts.append(" ".join(picked))
    return texts


def _speed(report: Report, scale: float) -> None:
    live, more = int(1_000_000 * scale), int(20_000 * scale)
    index = CopyIndex(most=live)
    before = resident_megabytes()
    seed = 0
    began = time.process_time()
    while len(index) < live:
        _take(index, invented(min(live, 200_000), seed), seed * 1_000_000)
        seed += 1
    filled = time.process_time() - began
    fresh = invented(more, 99)
    with measured() as spent:
        _take(index, fresh, 10**9)
    ours = more / spent.cpu
    note = f"{len(index):,} texts alive; filling it took {filled:,.0f} s, making up the texts included"
    report.add("copies", "copies, from the text on", ours, "posts/s/core", target="≥ 25,000", note=note)
    report.add("copies", "memory", resident_megabytes() - before, "MB", target="< 1,500")
    peer = _datasketch(fresh[: int(6_000 * scale)])
    note = "of small letters alone: nothing is folded, and nothing that is found compared"
    report.add("copies", "datasketch (64 permutations), with an empty index", peer, "posts/s/core", note=note)
    report.add("copies", "copies against datasketch", ours / peer, "times", target="≥ 10")


def _datasketch(texts: list[str]) -> float:
    from itertools import pairwise

    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.5, num_perm=64)
    with measured() as spent:
        for number, text in enumerate(texts):
            sketch = MinHash(num_perm=64, seed=1)
            sketch.update_batch([f"{a} {b}".encode() for a, b in pairwise(text.lower().split())])
            if not index.query(sketch):
                index.insert(number, sketch)
    return len(texts) / spent.cpu
