"""Which language texts are in, as enrichment sees them."""

from __future__ import annotations

from collections.abc import Callable

from enrich.annotators.language import DEFAULT_LANGUAGES, LanguageAnnotator
from secondsource.app.evaluation_lines import Line, text_of


def judge_language(languages: tuple[str, ...] = ()) -> Callable[[Line], Line]:
    """From {"text"} to {"language", "confidence"}; `languages` are all by default that a deployment gets.

    Raises:
        BadConfiguration: a language that nobody can recognise.
    """
    annotator = LanguageAnnotator(languages or DEFAULT_LANGUAGES)

    def judge(line: Line) -> Line:
        found = annotator.identify(text_of(line))
        return {"language": found.code, "confidence": found.confidence}

    return judge
