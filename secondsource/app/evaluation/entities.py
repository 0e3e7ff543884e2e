"""Which people, places, organisations and events texts name, by the gazetteers that come with us and others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from config.loader import GAZETTEERS
from enrich.annotators.entities import EntityAnnotator
from enrich.annotators.language import LanguageAnnotator, primary_code
from enrich.names.gazetteer import Gazetteer, each_term
from secondsource.app.evaluation.lines import Line, Lines, answer_together, optional_text, text_of
from secondsource.contracts.messages import Entity

_Asked = tuple[str, str]  # a text and its language, "" where nobody said


def entity_annotator(own: Sequence[Path] = ()) -> EntityAnnotator:
    """By our gazetteers, and by the files of `own`, whose names win.

    Raises:
        BadConfiguration: a file that cannot be read, or a line in it.
    """
    return EntityAnnotator(Gazetteer(each_term((*GAZETTEERS, *own))))


def judge_entities(lines: Lines, out: TextIO, *, gazetteers: Sequence[Path] = ()) -> None:
    """From {"text", "language"?} to {"entities": [{"kind", "id", "text", "start", "end"}]}.

    Offsets are in characters (code points). A place whose position is known has `lat` and `lon`, degrees.
    """
    annotator, languages = entity_annotator(gazetteers), LanguageAnnotator()

    def judge(asked: Sequence[_Asked]) -> list[Line]:
        told = iter(languages.identify_all([(text, "") for text, language in asked if not language]))
        named = (annotator.named(text, language or next(told).code) for text, language in asked)
        return [{"entities": [_said(entity) for entity in entities]} for entities in named]

    answer_together(lines, _ask, judge, out)


def _ask(line: Line) -> _Asked:
    return text_of(line), primary_code(optional_text(line, "language"))


def _said(entity: Entity) -> Line:
    said = {name: getattr(entity, name) for name in ("kind", "id", "text", "start", "end")}
    if entity.lat is not None:
        said |= {"lat": entity.lat, "lon": entity.lon}
    return said
