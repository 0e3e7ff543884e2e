"""Language of real short posts: accuracy, and English apart from the rest; next to fastText and py3langid, each alone
and the one helped by the other.

Many of the posts labelled Hindi are plain English, or Hindi in Latin letters, which no model here has learnt: accuracy
is given without them as well, and of what was not called undetermined.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.report import Report, measured
from enrich.annotators.language import DEFAULT_LANGUAGES, LanguageAnnotator, lid_model

DATA = Path("../shared/data/langid")
_ADDRESS = re.compile(r"https?://\S+|@\w+")


def run(report: Report, scale: float) -> None:
    if not DATA.is_dir():
        report.add("language", "skipped: no data", 0, "")
        return
    lines = (DATA / "xlmt_dev.tsv").read_text("utf-8").splitlines()
    tweets = [(cells[0], cells[2]) for cells in (line.partition("\t") for line in lines)]
    tweets = tweets[:: max(1, round(1 / scale))]
    english: list[tuple[bool, str]] = []
    for line in (DATA / "global_english_dev.tsv").read_text("utf-8").splitlines()[1:]:
        cells = line.split("\t")
        if "1" in (cells[4], cells[6]):  # definitely English, definitely not
            english.append((cells[4] == "1", cells[3]))
    eight = sorted({code for code, _ in tweets})
    _judge(report, "ours", _ours(DEFAULT_LANGUAGES), tweets, english)
    _judge(report, "ours, told the eight", _ours(eight), tweets, english)
    _judge(report, "fastText alone", _each(_fasttext()), tweets, english)
    _judge(report, "py3langid alone", _each(_langid()), tweets, english)
    _judge(report, "fastText, py3langid where it is unsure", _each(_both(DEFAULT_LANGUAGES)), tweets, english)
    _judge(report, "the same, told the eight", _each(_both(eight)), tweets, english)


def _judge(
    report: Report,
    name: str,
    judge: Callable[[Sequence[str]], list[str]],
    tweets: list[tuple[str, str]],
    english: list[tuple[bool, str]],
) -> None:
    with measured() as spent:
        said = judge([text for _, text in tweets])
    there = Counter(code for code, _ in tweets)
    right = Counter(code for (code, _), found in zip(tweets, said, strict=True) if code == found)
    open_ = Counter(code for (code, _), found in zip(tweets, said, strict=True) if found == "und")
    note = ", ".join(f"{code} {right[code] / there[code]:.3f}" for code in sorted(there))
    target = "≥ .985" if name.startswith("ours") else ""
    report.add("language", f"accuracy, {name}", sum(right.values()) / len(tweets), "", target=target, note=note)
    others = sum(there.values()) - there["hi"]
    apart = sum(right.values()) - right["hi"]
    report.add("language", f"accuracy without those labelled Hindi, {name}", apart / max(1, others), "")
    undetermined = sum(open_.values()) - open_["hi"]
    note = f"{undetermined} are not: " + ", ".join(f"{code} {open_[code]}" for code in sorted(there) if open_[code])
    report.add(
        "language", f"of these, what was determined, {name}", apart / max(1, others - undetermined), "", note=note
    )
    speed_target = "≥ 20,000" if name.startswith("ours") else ""
    report.add("language", f"speed, {name}", len(tweets) / spent.cpu, "posts/s/core", target=speed_target)
    found = [code == "en" for code in judge([text for _, text in english])]
    both = sum(one and is_ for one, (is_, _) in zip(found, english, strict=True))
    report.add("language", f"English precision, {name}", both / max(1, sum(found)), "")
    report.add("language", f"English recall, {name}", both / max(1, sum(is_ for is_, _ in english)), "")


def _ours(languages: Sequence[str]) -> Callable[[Sequence[str]], list[str]]:
    annotator = LanguageAnnotator(languages, remembered=1)

    def judge(texts: Sequence[str]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(texts), 1_000):  # a batch of the stream
            asked = [(text, "") for text in texts[start : start + 1_000]]
            found += [language.code for language in annotator.identify_all(asked)]
        return found

    return judge


def _each(judge: Callable[[str], str]) -> Callable[[Sequence[str]], list[str]]:
    return lambda texts: [judge(text) for text in texts]


def _bare(text: str) -> str:
    return " ".join(_ADDRESS.sub(" ", text).lower().split())


def _fasttext() -> Callable[[str], str]:
    import fasttext

    model = fasttext.load_model(str(lid_model()))

    def judge(text: str) -> str:
        found = model.f.predict(_bare(text) + "\n", 1, 0.0, "strict")
        return str(found[0][1]).removeprefix("__label__") if found else "und"

    return judge


def _langid(among: Sequence[str] | None = None) -> Callable[[str], str]:
    from py3langid.langid import LanguageIdentifier

    model = LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
    if among is not None:
        model.set_languages(sorted(set(among).intersection(model.labels)))
    return lambda text: str(model.classify(_bare(text))[0])


def _both(among: Sequence[str]) -> Callable[[str], str]:
    """The best of these languages by fastText, by its share among them, py3langid's where that is under .8."""
    import fasttext

    model, second = fasttext.load_model(str(lid_model())), _langid(among)
    labels = {f"__label__{code}": code for code in among}

    def judge(text: str) -> str:
        found = model.f.predict(_bare(text) + "\n", 200, 0.0, "strict")
        ours = [(chance, labels[label]) for chance, label in found if label in labels]
        best = max(ours, default=(0.0, ""))
        return best[1] if best[0] >= 0.8 * sum(chance for chance, _ in ours) > 0 else second(text)

    return judge
