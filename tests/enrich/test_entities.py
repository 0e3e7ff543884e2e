"""Names, hashtags and mentions are found where they stand, each once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from enrich.annotators.entities import EntityAnnotator
from enrich.names.gazetteer import Gazetteer, Match, Term
from secondsource.contracts.messages import Entity, Language, Post
from tests.enrich.makers import post

GAZETTEER = Gazetteer([Term("velgrad", "place", "Velgrad", False, "", "t:1")])


def entities(one: Post, language: str = "en", annotator: EntityAnnotator | None = None) -> tuple[Entity, ...]:
    tags = {"language": [Language(code=language, confidence=1.0)]}
    return (annotator or EntityAnnotator(GAZETTEER)).annotate([one], tags)[0]


def test_names_tags_and_mentions_with_their_places() -> None:
    text = "#Velgrad: bridge in VELGRAD fell, says @Ana.B"
    found = entities(post(text))
    assert [(entity.kind, entity.id, entity.text) for entity in found] == [
        ("place", "velgrad", "Velgrad"),
        ("place", "velgrad", "VELGRAD"),
        ("hashtag", "velgrad", "#Velgrad"),
        ("mention", "ana.b", "@Ana.B"),
    ]
    assert all(text[entity.start : entity.end] == entity.text for entity in found)


def test_tags_the_platform_names_are_not_lost_nor_counted_twice() -> None:
    found = entities(post("the bridge #Flood", hashtags=("flood", "Velgrad"), mentions=("@Ana", "ana")))
    assert [(entity.kind, entity.id, entity.start) for entity in found] == [
        ("hashtag", "flood", 11),
        ("hashtag", "velgrad", 0),
        ("mention", "ana", 0),
    ]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("#حَلَب #حلب", ["حلب", "حلب"]),
        ("#pray_for_Velgrad", ["pray_for_velgrad"]),
        ("#1 a#b ana@velgrad.example", []),
        ("@ana@velgrad.example @ben.velgrad.example.", ["ana@velgrad.example", "ben.velgrad.example"]),
        ("＃Flood", ["flood"]),
    ],
)
def test_tags_and_mentions_as_people_write_them(text: str, ids: list[str]) -> None:
    assert [entity.id for entity in entities(post(text)) if entity.kind in ("hashtag", "mention")] == ids


class FakePipeline:
    """Recognises one person in every text, as long as the text may be sent to spaCy at all."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def entities(self, texts: Sequence[str]) -> list[list[Match]]:
        self.batches.append(len(texts))
        for text in texts:
            text.encode()
        return [[Match(0, 3, "person", "ana")] for _ in texts]


def test_a_trained_pipeline_is_asked_for_its_own_language_in_one_batch() -> None:
    pipeline = FakePipeline()
    annotator = EntityAnnotator(GAZETTEER, {"en": pipeline})
    posts = [post("Ana in Velgrad"), post("Ana à Velgrad"), post("Ana \ud800"), post("Ana " * 5_000)]
    languages = [Language(code=code, confidence=1.0) for code in ("en", "fr", "en", "en")]
    found = annotator.annotate(posts, {"language": languages})
    assert pipeline.batches == [2]
    assert [[entity.kind for entity in each] for each in found] == [["person"], ["place"], ["person"], []]
