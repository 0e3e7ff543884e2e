"""Which language texts are in, as enrichment sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from enrich.annotators.language import DEFAULT_LANGUAGES, LanguageAnnotator
from secondsource.app.evaluation.lines import Line, Lines, answer_together, text_of


def judge_language(lines: Lines, out: TextIO, languages: tuple[str, ...] = ()) -> None:
    """From {"text"} to {"language", "confidence"}; `languages` are all by default that a deployment gets.

    Raises:
        BadConfiguration: a language that nobody can recognise.
    """
    annotator = LanguageAnnotator(languages or DEFAULT_LANGUAGES)

    def judge(texts: Sequence[str]) -> list[Line]:
        told = annotator.identify_all([(text, "") for text in texts])
        return [{"language": found.code, "confidence": found.confidence} for found in told]

    answer_together(lines, text_of, judge, out)
