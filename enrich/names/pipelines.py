"""spaCy pipelines: blank with our gazetteer in them, or trained ones with it behind their own entity recogniser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import spacy
from spacy.language import Language as Pipeline
from spacy.tokens import Doc, Span
from spacy.util import filter_spans, is_package

from enrich.names.gazetteer import Gazetteer, Kind, Match
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.folding import fold

COMPONENT = "secondsource_gazetteer"

#: Entity labels of spaCy's trained pipelines (OntoNotes, WikiNER) and ours. What is not here is not an entity to us.
_KINDS: Mapping[str, Kind] = {
    "PERSON": "person",
    "PER": "person",
    "GPE": "place",
    "LOC": "place",
    "FAC": "place",
    "ORG": "organisation",
    "EVENT": "event",
}


class GazetteerComponent:
    """Writes the gazetteer's names into `doc.ents`, over what stood there.

    spaCy's entities begin and end with tokens, ours need not ("بحلب", "#SaveAleppo"): `doc.ents` gets the tokens that
    hold the name, with the canonical id as `kb_id`, and `doc.user_data` the exact places.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._gazetteer = Gazetteer(())

    def use(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def __call__(self, doc: Doc) -> Doc:
        matches = self._gazetteer.find(doc.text, self._language)
        doc.user_data[COMPONENT] = matches
        if not matches:
            return doc
        spans = [_span(doc, match) for match in matches]
        others = doc.ents
        chosen = filter_spans(spans)
        doc.ents = filter_spans([*chosen, *(ent for ent in others if not _overlaps(ent, spans))]) if others else chosen
        return doc


def _span(doc: Doc, match: Match) -> Span:
    span = doc.char_span(match.start, match.end, match.kind.upper(), kb_id=match.id, alignment_mode="expand")
    assert span is not None, "offsets of a match lie within the text"
    return span


def _overlaps(ent: Span, spans: Sequence[Span]) -> bool:
    return any(ent.start < span.end and span.start < ent.end for span in spans)


@Pipeline.factory(COMPONENT)
def _make_component(nlp: Pipeline, name: str) -> GazetteerComponent:  # noqa: ARG001 -- spaCy passes the name by keyword
    return GazetteerComponent(nlp.lang or "und")


def entities_of(doc: Doc) -> list[Match]:
    """The document's names: the gazetteer's at their exact places, then what else the pipeline recognised."""
    matches: list[Match] = list(doc.user_data[COMPONENT])
    known = [(match.start, match.end) for match in matches]
    for ent in doc.ents:
        kind = _KINDS.get(ent.label_)
        if kind is None or ent.kb_id_ or any(a < ent.end_char and ent.start_char < b for a, b in known):
            continue
        canonical = " ".join(fold(ent.text).split())
        if canonical:
            matches.append(Match(ent.start_char, ent.end_char, kind, canonical))
    return sorted(matches)


def in_pipeline(nlp: Pipeline, gazetteer: Gazetteer) -> Pipeline:
    """The pipeline with the gazetteer as its last component."""
    component = nlp.add_pipe(COMPONENT, last=True)
    assert isinstance(component, GazetteerComponent)
    component.use(gazetteer)
    return nlp


class TextPipeline:
    """One language's pipeline. `texts` go through it in batches."""

    def __init__(self, nlp: Pipeline, gazetteer: Gazetteer) -> None:
        self._nlp = in_pipeline(nlp, gazetteer)

    def entities(self, texts: Sequence[str]) -> Iterator[list[Match]]:
        for doc in self._nlp.pipe(texts, batch_size=256):
            yield entities_of(doc)


def blank_pipeline(language: str, gazetteer: Gazetteer) -> TextPipeline:
    """The frame without training; multi-language where spaCy needs a further package to cut the language into words."""
    try:
        nlp = spacy.blank(language)
    except (ImportError, ValueError):
        nlp = spacy.blank("xx")
    return TextPipeline(nlp, gazetteer)


class PipelineReport(NamedTuple):
    """Whether a language's trained pipeline is on, and if not, how to turn it on."""

    language: str
    on: bool
    detail: str


def trained_pipelines(
    packages: Mapping[str, str], gazetteer: Gazetteer
) -> tuple[dict[str, TextPipeline], list[PipelineReport]]:
    """The installed ones of the trained pipelines asked for, by language ("blank" asks for none).

    Raises:
        BadConfiguration: a package is installed but cannot be loaded by this spaCy.
    """
    loaded: dict[str, TextPipeline] = {}
    report: list[PipelineReport] = []
    for language, package in sorted(packages.items()):
        if package == "blank":
            report.append(PipelineReport(language, on=False, detail="blank by configuration: gazetteer only"))
        elif not is_package(package):
            advice = f"{package} is not installed: gazetteer only; turn on with: python -m spacy download {package}"
            report.append(PipelineReport(language, on=False, detail=advice))
        else:
            try:
                # Only what the entity recogniser needs: the parser and the lemmatiser would triple the time.
                nlp = spacy.load(
                    package, exclude=["parser", "lemmatizer", "attribute_ruler", "tagger", "morphologizer"]
                )
            except (OSError, ValueError) as error:
                msg = f"pipelines.{language}: {package} is installed but does not load: {error}; install it again"
                raise BadConfiguration(msg) from error
            loaded[language] = TextPipeline(nlp, gazetteer)
            report.append(PipelineReport(language, on=True, detail=package))
    return loaded, report
