"""Which people, places, organisations and events texts name, by the gazetteers that come with us."""

from __future__ import annotations

from collections.abc import Callable

from config.loader import BUILT_IN
from enrich.annotators.entities import EntityAnnotator
from enrich.annotators.language import LanguageAnnotator
from enrich.gazetteer import Gazetteer, each_term
from secondsource.app.evaluation_lines import Line, text_of
from secondsource.contracts.errors import BadRecord


def judge_entities() -> Callable[[Line], Line]:
    """From {"text", "language"?} to {"entities": [{"kind", "id", "text", "start", "end"}]}.

    Offsets are in characters (code points). A place whose position is known has `lat` and `lon`, degrees.
    """
    gazetteer = Gazetteer(each_term(sorted((BUILT_IN / "gazetteer").glob("*.tsv"))))
    annotator, languages = EntityAnnotator(gazetteer), LanguageAnnotator()

    def judge(line: Line) -> Line:
        text, language = text_of(line), line.get("language", "")
        if not isinstance(language, str):
            msg = f"language: expected text, got {type(language).__name__}"
            raise BadRecord(msg)
        found = []
        for entity in annotator.named(text, language or languages.identify(text).code):
            said = {name: getattr(entity, name) for name in ("kind", "id", "text", "start", "end")}
            if entity.lat is not None:
                said |= {"lat": entity.lat, "lon": entity.lon}
            found.append(said)
        return {"entities": found}

    return judge
