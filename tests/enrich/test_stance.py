from __future__ import annotations

from typing import Any

import pytest

from enrich.annotators.stance import StanceAnnotator
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import MediaRef, Review, Stance
from tests.enrich.makers import cues, post


@pytest.fixture(scope="module")
def annotator() -> StanceAnnotator:
    return StanceAnnotator(cues())


def stance(annotator: StanceAnnotator, text: str, **fields: Any) -> Stance:
    return annotator.annotate([post(text, **fields)], {})[0]


@pytest.mark.parametrize(
    "text",
    [
        "Old photo! Please stop",
        "This picture is not from Velgrad",
        "The #Velgrad pic is from 2014, people",
        "FACT CHECK: the bridge stands",
        "fact-check: the bridge stands",
        "There is no evidence that it fell",
        "That isn't true.",
        "That isn’t true.",
        "This has been debunked",
        "Misleading. The bridge in the video is another one, far from Velgrad",
        "Police deny that the bridge fell",
        "RT @ana: this is an old picture of another town",
        "C'est une vieille photo, rien à voir avec Velgrad",
        "La foto es de 2012, no es de Velgrad",
        "الصورة قديمة وليست من فلغراد",
        "لا صِحّة لهذا الخبر",
    ],
)
def test_denials(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "denies"


@pytest.mark.parametrize(
    "text",
    [
        "Is this real?",
        "Is this an old photo of Velgrad?",
        "Can anyone confirm the bridge fell in Velgrad",
        "really???",
        "?",
        "هل هذا صحيح؟",
        "source? #velgrad http://velgrad.example/1",
        "What is happening in Velgrad?",
        "¿Alguien puede confirmar?",
    ],
)
def test_questions(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "asks"


@pytest.mark.parametrize(
    "text",
    [
        "The bridge in Velgrad fell this morning",
        "This is not an old photo, it is Velgrad today",
        "Never debunked: the bridge fell",
        "The old photographs hang in Velgrad's museum",
        "This is from 2016, I was there",
        "Where is the world? Velgrad is burning. Share it",
        "Fakenham is far from Velgrad",
    ],
)
def test_assertions(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "asserts"


@pytest.mark.parametrize("text", ["so sad", "😭😭", "@ana @ben thank you", "", "wow http://velgrad.example/1"])
def test_short_replies_comment(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text, reply_to="x:9").label == "comments"


def test_a_reply_that_shows_or_names_its_source_asserts(annotator: StanceAnnotator) -> None:
    picture = (MediaRef(url="http://pictures.example/a.jpg"),)
    assert stance(annotator, "so sad", reply_to="x:9", media=picture).label == "asserts"
    assert stance(annotator, "I saw it fall", reply_to="x:9") == Stance(label="asserts", cue="i saw")


def test_a_picture_without_words_asserts_and_nothing_at_all_comments(annotator: StanceAnnotator) -> None:
    assert stance(annotator, "", media=(MediaRef(url="http://pictures.example/a.jpg"),)).label == "asserts"
    assert stance(annotator, "").label == "comments"


def test_a_repost_takes_the_stance_of_the_words_it_carries(annotator: StanceAnnotator) -> None:
    for text, label in (
        ("Old photo, not Velgrad", "denies"),
        ("The bridge fell", "asserts"),
        ("Is this real?", "asks"),
    ):
        assert stance(annotator, text, repost_of="x:9", reply_to="x:8").label == label


def test_the_cue_says_what_told(annotator: StanceAnnotator) -> None:
    assert stance(annotator, "This photo is from 2011!").cue == "is from 2011"


@pytest.mark.parametrize(
    "bad", [{"en": {"doubts": ("hm",)}}, {"en": {"denies": ("?!",)}}, {"en": {"asks": ("{year}",)}}]
)
def test_lists_and_cues_that_cannot_work_are_refused(bad: dict[str, dict[str, tuple[str, ...]]]) -> None:
    with pytest.raises(BadConfiguration, match=r"cues\.en\."):
        StanceAnnotator(bad)


def test_without_cues_all_is_assertion_or_question() -> None:
    bare = StanceAnnotator({})
    assert stance(bare, "Old photo").label == "asserts"
    assert stance(bare, "really?").label == "asks"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("?" + "! " * 2_400 + "end", "asserts"),
        ("?" + "#a" * 2_400 + "?a", "asserts"),
        ("one two three four five six seven " + "!" * 4_800 + "a?", "asks"),
    ],
)
def test_texts_made_to_be_slow_to_read_are_read_once(text: str, label: str) -> None:
    assert StanceAnnotator({}).annotate([post(text)], {})[0].label == label


@pytest.mark.parametrize(
    ("scores", "label", "cue"),
    [
        ((0.0,), "denies", "rated 0.0"),
        ((0.39,), "denies", "rated 0.39"),
        ((None,), "denies", "rated None"),
        ((0.4,), "comments", "rated 0.4"),
        ((0.79,), "comments", "rated 0.79"),
        ((0.8,), "asserts", "rated 0.8"),
        ((1.0, 0.9), "asserts", "rated 0.9"),
        ((1.0, 0.5), "comments", "rated 0.5"),
        ((1.0, 0.5, None), "denies", "rated None"),
    ],
)
def test_a_post_with_reviews_takes_the_stance_of_their_ratings(
    annotator: StanceAnnotator, scores: tuple[float | None, ...], label: str, cue: str
) -> None:
    reviews = tuple(
        Review(
            claim="The bridge fell",
            publisher="Checks",
            url="https://checks.example/1",
            rating=f"rated {score}",
            score=score,
        )
        for score in scores
    )
    assert stance(annotator, "Is this an old photo of Velgrad?", reviews=reviews) == Stance(label=label, cue=cue)  # type: ignore[arg-type] # a label
