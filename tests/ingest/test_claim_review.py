"""Fact-checkers' markup, in every shape in which pages carry it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.claim_review import published, reviews_in, score
from secondsource.contracts.messages import Review

PAGE = "https://checks.example/velgrad-bridge"
CHECK: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "ClaimReview",
    "claimReviewed": "A picture shows the bridge of Velgrad after its fall",
    "datePublished": "2030-03-04T10:00:00+02:00",
    "url": PAGE,
    "author": {"@type": "Organization", "name": "Velgrad Checks", "url": "https://checks.example"},
    "reviewRating": {
        "@type": "Rating",
        "ratingValue": 2,
        "bestRating": "5",
        "worstRating": 1,
        "alternateName": "Taken elsewhere",
    },
    "itemReviewed": {
        "@type": "Claim",
        "author": {"@type": "Person", "name": "someone"},
        "appearance": [{"@type": "CreativeWork", "url": "https://plaza.example/1"}, "https://plaza.example/2"],
        "firstAppearance": {"url": "https://plaza.example/1"},
    },
}
REVIEW = Review(
    claim="A picture shows the bridge of Velgrad after its fall",
    publisher="Velgrad Checks",
    url=PAGE,
    reviewed_at=datetime(2030, 3, 4, 8, tzinfo=UTC),
    rating="Taken elsewhere",
    score=0.25,
    appearances=("https://plaza.example/1", "https://plaza.example/2"),
)
OTHER = {**CHECK, "claimReviewed": "The mayor has resigned"}


def page(*scripts: str, attributes: str = ' type="application/ld+json"') -> str:
    said = "".join(f"<script{attributes}>{script}</script>" for script in scripts)
    return f"<!doctype html><html><head><title>Check</title>{said}</head><body><p>Text</p></body></html>"


def changed(**fields: Any) -> str:
    return page(json.dumps({**CHECK, **fields}))


def prefixed(value: object) -> object:
    """The same, where the vocabulary has a prefix of its own."""
    if isinstance(value, dict):
        return {key if key[0] == "@" else f"schema:{key}": prefixed(one) for key, one in value.items()}
    return [prefixed(one) for one in value] if isinstance(value, list) else value


AS_JSON = json.dumps(CHECK)
NAMED = {
    **CHECK,
    "author": {"@id": "#us"},
    "reviewRating": {"@id": f"{PAGE}#rating"},
    "itemReviewed": {"@id": "#claim"},
}
MEANT = [
    {**CHECK["author"], "@id": "#us"},
    {**CHECK["reviewRating"], "@id": "#rating"},
    {**CHECK["itemReviewed"], "@id": f"{PAGE}#claim", "author": {"@id": "#us"}},
]


@pytest.mark.parametrize(
    "html",
    [
        page(AS_JSON),
        page(json.dumps([{"@type": "WebSite"}, CHECK])),
        page(json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "NewsArticle"}, CHECK]})),
        page(json.dumps({"@type": "NewsArticle", "review": CHECK})),
        page(json.dumps({"@type": "WebPage", "mainEntity": {"@type": "Article", "hasPart": [[CHECK]]}})),
        page(json.dumps({"@type": "NewsArticle", "about": AS_JSON})),
        page(json.dumps({"data": json.dumps({"more": AS_JSON})})),
        page(AS_JSON.replace('"', "&quot;")),
        page("<!--" + AS_JSON + "-->"),
        page("\n//<![CDATA[\n" + AS_JSON + "\n//]]>\n"),
        page("/*<![CDATA[*/" + AS_JSON + "/*]]>*/"),
        page(AS_JSON + ";"),
        page('{"@type": "WebSite"', '{"@type": "ClaimReview", broken', AS_JSON),
        page(AS_JSON, AS_JSON),
        page(AS_JSON, attributes=" type=application/ld+json"),
        page(AS_JSON, attributes=" data-x='1'\n TYPE='application/ld+json; charset=utf-8' id=a"),
        page(json.dumps({**CHECK, "@type": ["ClaimReview", "Review"]})),
        page(json.dumps({**CHECK, "@type": "http://schema.org/ClaimReview"})),
        page(AS_JSON.replace("after its", "after\n\tits")),
        page(json.dumps({**CHECK, "claimReviewed": "<p>A picture shows the bridge of Velgrad after its fall</p>"})),
        page(json.dumps({**CHECK, "author": [{"name": "Velgrad Checks"}, {"name": "another"}]})),
        page(json.dumps({**CHECK, "author": "Velgrad Checks"})),
        page(json.dumps({**CHECK, "url": "/velgrad-bridge"})),
        page(json.dumps({key: value for key, value in CHECK.items() if key != "url"})),
        page(json.dumps({**CHECK, "reviewRating": [CHECK["reviewRating"]]})),
        page(json.dumps({**CHECK, "itemReviewed": [CHECK["itemReviewed"]]})),
        page(json.dumps({"@graph": [NAMED, *MEANT]})),
        page(json.dumps(MEANT), json.dumps(NAMED)),
        page(json.dumps(prefixed({**CHECK, "@type": "schema:ClaimReview"}))),
        page(json.dumps({**CHECK, "datePublished": {"@type": "DateTime", "@value": CHECK["datePublished"]}})),
        page(AS_JSON, attributes=' type="application/ld&#x2B;json"'),
    ],
)
def test_every_shape(html: str) -> None:
    assert reviews_in(html, PAGE) == [REVIEW]
    assert reviews_in(html.encode(), PAGE) == [REVIEW]


def test_several_in_their_order() -> None:
    html = page(json.dumps({"@graph": [OTHER, CHECK]}), json.dumps({**CHECK, "claimReviewed": "A third"}))
    assert [review.claim for review in reviews_in(html, PAGE)] == ["The mayor has resigned", REVIEW.claim, "A third"]


@pytest.mark.parametrize(
    ("rating", "said", "scored"),
    [
        ({"ratingValue": "5", "bestRating": "5", "worstRating": "1", "alternateName": "So it is"}, "So it is", 1.0),
        ({"ratingValue": 1, "bestRating": 1, "worstRating": 5}, "1", 1.0),
        ({"ratingValue": "3,5", "bestRating": 5, "worstRating": 1}, "3,5", 0.625),
        ({"ratingValue": 1, "alternateName": "Wrong place"}, "Wrong place", None),
        ({"ratingValue": 1, "bestRating": 5}, "1", None),
        ({"ratingValue": -1, "bestRating": 5, "worstRating": 1}, "-1", None),
        ({"ratingValue": "mixed", "bestRating": 5, "worstRating": 1}, "mixed", None),
        ({"ratingValue": 3, "bestRating": 3, "worstRating": 3}, "3", None),
        ({"ratingValue": True, "bestRating": 5, "worstRating": 0}, "", None),
        ({"ratingValue": float("nan"), "bestRating": 5, "worstRating": 1}, "", None),
        ({"ratingValue": 10**400, "bestRating": 5, "worstRating": 1, "alternateName": "x"}, "x", None),
        ({"name": "خارج السياق"}, "خارج السياق", None),
        ("Out of context", "Out of context", None),
        (None, "", None),
    ],
)
def test_the_rating_is_kept_and_scored_on_its_own_scale_only(rating: object, said: str, scored: float | None) -> None:
    (review,) = reviews_in(changed(reviewRating=rating), PAGE)
    assert (review.rating, review.score) == (said, scored)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"author": None, "publisher": {"name": "The Publisher"}}, {"publisher": "The Publisher"}),
        ({"author": {}, "url": "https://www.checks.example/2"}, {"publisher": "checks.example"}),
        ({"datePublished": "2030-03-04"}, {"reviewed_at": datetime(2030, 3, 4, tzinfo=UTC)}),
        ({"datePublished": "yesterday"}, {"reviewed_at": None}),
        ({"datePublished": "0001-01-01T00:00:00+14:00"}, {"reviewed_at": None}),
        ({"datePublished": 20300304}, {"reviewed_at": None}),
        ({"claimReviewed": "", "itemReviewed": {"name": "The claim"}}, {"claim": "The claim"}),
        ({"url": "javascript:alert(1)"}, {"url": PAGE}),
        ({"url": "http://[broken"}, {"url": PAGE}),
        ({"itemReviewed": {"appearance": ["file:///etc/passwd", 7, None, {"url": []}]}}, {"appearances": ()}),
        ({"itemReviewed": "text"}, {"appearances": ()}),
        ({"@id": "#a", "author": {"@id": "#a"}}, {"publisher": "checks.example"}),
        ({"author": {"@id": "#nowhere"}, "publisher": {"@id": ["#a"]}}, {"publisher": "checks.example"}),
    ],
)
def test_what_is_missing_or_odd(fields: dict[str, Any], kept: dict[str, object]) -> None:
    (review,) = reviews_in(changed(**fields), PAGE)
    assert {key: getattr(review, key) for key in kept} == kept


@pytest.mark.parametrize(
    "html",
    [
        "",
        "no page at all",
        page(""),
        page("null", "7", '"ClaimReview"', '["ClaimReview"]'),
        page(json.dumps({"@type": "Review", "about": "ClaimReview"})),
        changed(claimReviewed=None, itemReviewed=None),
        changed(claimReviewed={"a": 1}, itemReviewed=[]),
        page('{"@type":"ClaimReview","claimReviewed":"' + "a" * 3_000_000 + '"}'),
        page('["ClaimReview",' + "[" * 100_000),
        page('{"@type":"ClaimReview","n":' + "9" * 100_000 + "}"),
        f'<script type="application/ld+json">{AS_JSON}',
        f"<script>{AS_JSON}</script>",
        '<script type="application/ld+json">' * 20_000,
        "<script " * 20_000,
        page("ClaimReview &#" + "9" * 5_000 + ";"),
        page(f"ClaimReview {' ' * 1_000_000}x"),
        page(f"ClaimReview -->{' ' * 1_000_000}x"),
        changed(claimReviewed=10**400, itemReviewed=None),
        "\ud800",
    ],
)
def test_pages_without_a_review(html: str) -> None:
    assert reviews_in(html, PAGE) == []


def test_a_page_in_another_encoding() -> None:
    html = '<meta charset="windows-1251">' + page(json.dumps({**CHECK, "claimReviewed": "Мост"}, ensure_ascii=False))
    assert reviews_in(html.encode("windows-1251"), PAGE)[0].claim == "Мост"
    assert reviews_in(html.replace("windows-1251", "no-such").encode(), PAGE)[0].claim == "Мост"
    silent = html.partition(">")[2].encode("windows-1251")
    assert reviews_in(silent, PAGE, 'text/html; charset="Windows-1251"')[0].claim == "Мост"
    assert reviews_in(html.encode("windows-1251"), PAGE, "text/html; charset=utf-8")[0].claim == "Мост"
    assert reviews_in(b"\xff\xfe" + page(AS_JSON).encode(), PAGE) == [REVIEW]


def test_no_encoding_takes_the_square_of_a_pages_length() -> None:
    body = page(AS_JSON).encode() + b"-" + b"a" * 2_000_000  # as "punycode", hours
    assert reviews_in(body, PAGE, "text/html; charset=punycode") == [REVIEW]
    assert reviews_in(b"<meta charset=punycode>" + body, PAGE) == [REVIEW]
    assert reviews_in(body, PAGE, f"text/html; charset={' ' * 1_000_000}!") == [REVIEW]


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"claimReviewed": "half \ud800 a pair"}, {"claim": "half \ufffd a pair"}),
        ({"url": f"{PAGE}/\udfff"}, {"url": PAGE}),
        ({"author": {"name": "\ud83d"}, "datePublished": "\ud83d"}, {"publisher": "\ufffd", "reviewed_at": None}),
        ({"reviewRating": {"ratingValue": 10**400, "bestRating": 5, "worstRating": 1}}, {"rating": "", "score": None}),
        ({"reviewRating": {"alternateName": "&#" + "9" * 5_000 + ";"}}, {"rating": "\ufffd"}),
    ],
)
def test_what_no_message_could_hold_is_left_out(fields: dict[str, Any], kept: dict[str, object]) -> None:
    (review,) = reviews_in(changed(**fields), PAGE)
    assert {key: getattr(review, key) for key in kept} == kept
    msgspec.json.encode(review)


def test_what_is_read_is_bounded() -> None:
    many = [json.dumps({**CHECK, "claimReviewed": f"Claim {number}"}) for number in range(200)]
    assert len(reviews_in(page("[" + ",".join(many) + "]"), PAGE)) == 50
    (review,) = reviews_in(changed(claimReviewed="a" * 50_000), PAGE)
    assert len(review.claim) == 2_000


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.just("ClaimReview"),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["@type", "claimReviewed", "reviewRating", "ratingValue", "author", "url", "itemReviewed"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_read(data: object) -> None:
    for review in reviews_in(page(json.dumps({"@type": "ClaimReview", "claimReviewed": "a", "review": data})), PAGE):
        assert review.claim
        assert review.score is None or 0 <= review.score <= 1


@given(st.floats(), st.floats(), st.floats())
def test_a_score_is_a_share_of_its_scale(value: float, worst: float, best: float) -> None:
    found = score(value, worst, best)
    assert found is None or 0 <= found <= 1


@given(st.text())
def test_any_text_is_a_date_or_none(text: str) -> None:
    found = published(text)
    assert found is None or found.tzinfo is UTC
