"""What every annotator promises, asked of each one in the explicit tuple."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from enrich.annotator import Annotator, Tags
from enrich.annotators import (
    ANNOTATORS,
    CopyAnnotator,
    EntityAnnotator,
    LanguageAnnotator,
    MediaAnnotator,
    StanceAnnotator,
)
from enrich.media.fetch import Fetcher, FetchLimits
from enrich.names.gazetteer import Gazetteer
from secondsource.contracts.messages import Enriched, Language, MediaRef, Post
from tests.enrich.makers import HOSTILE, SCRIPTS, cues, post, saved, scene, terms
from tests.fakes.clock import ManualClock
from tests.fakes.web import FakeWeb, answer, fake_web

_SAMPLE = [
    *(post(text, uid=f"x:h{place}") for place, text in enumerate(HOSTILE)),
    *(post(text, uid=f"x:s{place}", hashtags=("Velgrad",), lang_hint="en") for place, text in enumerate(SCRIPTS)),
    post("", reply_to="x:1", hashtags=("", "\ud800"), mentions=("", "@Ana")),
    post("look", media=(MediaRef(url="http://pictures.example/a.jpg"), MediaRef(url="http://pictures.example/no.jpg"))),
    post("look", media=(MediaRef(url="\ud800"), MediaRef(url="http://\0/"), MediaRef(url="", kind="video"))),
]


@pytest.fixture(scope="module")
def web() -> Iterator[FakeWeb]:
    with fake_web() as running:
        running.on("/a.jpg", answer(saved(scene())))
        yield running


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer(terms())


@pytest.fixture(params=ANNOTATORS, ids=lambda kind: kind.__name__)
def annotator(request: pytest.FixtureRequest, web: FakeWeb, gazetteer: Gazetteer) -> Iterator[Annotator]:
    clock = ManualClock()
    network = web.network()
    fetcher = Fetcher(clock, FetchLimits(tries=1), resolver=network.resolver, connector=network.connector)
    media = MediaAnnotator(fetcher, clock)
    built: dict[type, Annotator] = {
        LanguageAnnotator: LanguageAnnotator(),
        EntityAnnotator: EntityAnnotator(gazetteer),
        CopyAnnotator: CopyAnnotator(),
        StanceAnnotator: StanceAnnotator(cues()),
        MediaAnnotator: media,
    }
    yield built[request.param]
    media.close()


def tags(posts: list[Post]) -> Tags:
    return {"language": [Language(code="en", confidence=1.0)] * len(posts)}


def test_it_fills_a_field_of_enriched(annotator: Annotator) -> None:
    assert annotator.fills in Enriched.__struct_fields__


def test_hostile_posts_get_a_value_like_all_others(annotator: Annotator) -> None:
    assert len(annotator.annotate(_SAMPLE, tags(_SAMPLE))) == len(_SAMPLE)


def test_no_posts_no_values(annotator: Annotator) -> None:
    assert list(annotator.annotate([], tags([]))) == []


def test_a_post_gets_the_same_value_in_any_batch_and_any_order(annotator: Annotator) -> None:
    whole = list(annotator.annotate(_SAMPLE, tags(_SAMPLE)))
    singly = [annotator.annotate([one], tags([one]))[0] for one in _SAMPLE]
    backwards = list(annotator.annotate(_SAMPLE[::-1], tags(_SAMPLE)))[::-1]
    assert whole == singly == backwards
