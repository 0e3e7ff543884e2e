"""Language of real short posts: accuracy, and English apart from the rest, next to fastText and py3langid alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import Report, measured
from enrich.annotators.language import LanguageAnnotator

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
    for name, annotator in (
        ("ours", LanguageAnnotator(remembered=0)),
        ("ours, told the eight", LanguageAnnotator(eight, remembered=0)),
    ):
        _judge(report, name, lambda text, asked=annotator: asked.identify(text).code, tweets, english)  # type: ignore[misc]
    _judge(report, "fastText alone", _fasttext(), tweets, english)
    _judge(report, "py3langid alone", _langid(), tweets, english)


def _judge(
    report: Report,
    name: str,
    judge: Callable[[str], str],
    tweets: list[tuple[str, str]],
    english: list[tuple[bool, str]],
) -> None:
    with measured() as spent:
        said = [judge(text) for _, text in tweets]
    there = Counter(code for code, _ in tweets)
    right = Counter(code for (code, _), found in zip(tweets, said, strict=True) if code == found)
    note = ", ".join(f"{code} {right[code] / there[code]:.3f}" for code in sorted(there))
    target = "≥ .985" if name.startswith("ours") else ""
    report.add("language", f"accuracy, {name}", sum(right.values()) / len(tweets), "", target=target, note=note)
    others = sum(there.values()) - there["hi"]
    apart = (sum(right.values()) - right["hi"]) / max(1, others)
    report.add("language", f"accuracy without those labelled Hindi, {name}", apart, "")
    speed_target = "≥ 20,000" if name.startswith("ours") else ""
    report.add("language", f"speed, {name}", len(tweets) / spent.cpu, "posts/s/core", target=speed_target)
    found = [judge(text) == "en" for _, text in english]
    both = sum(one and is_ for one, (is_, _) in zip(found, english, strict=True))
    report.add("language", f"English precision, {name}", both / max(1, sum(found)), "")
    report.add("language", f"English recall, {name}", both / max(1, sum(is_ for is_, _ in english)), "")


def _fasttext() -> Callable[[str], str]:
    import fasttext

    from enrich.annotators.language import lid_model

    model = fasttext.load_model(str(lid_model()))

    def judge(text: str) -> str:
        found = model.f.predict(" ".join(_ADDRESS.sub(" ", text).lower().split()) + "\n", 1, 0.0, "strict")
        return str(found[0][1]).removeprefix("__label__") if found else "und"

    return judge


def _langid() -> Callable[[str], str]:
    from py3langid.langid import LanguageIdentifier

    model = LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
    return lambda text: str(model.classify(_ADDRESS.sub(" ", text).lower())[0])
