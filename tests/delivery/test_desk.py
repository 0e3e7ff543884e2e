"""The desk's pages: what they show, and what they keep from acting."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.desk import create_desk
from alerts.desk.app import MOST_CLOSED
from alerts.desk.pages import Pages, alert_path
from secondsource.contracts.evidence import Blind, Overview
from secondsource.contracts.messages import AlertEvent, Merge
from tests.delivery import hostile
from tests.delivery.stories import CLAIM, HEADLINE, START, earlier, event, finding, life, story_post
from tests.fakes.clock import ManualClock
from tests.fakes.evidence import FakeEvidence

ARABIC = "انهيار الجسر القديم في فيلغراد"
ELEMENTS = frozenset(
    (
        "html",
        "head",
        "meta",
        "title",
        "link",
        "body",
        "a",
        "header",
        "span",
        "main",
        "section",
        "article",
        "h1",
        "h2",
        "p",
        "ol",
        "li",
        "dl",
        "div",
        "dt",
        "dd",
        "b",
        "small",
        "strong",
        "s",
        "q",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "time",
        "bdi",
        "code",
        "progress",
        "footer",
        "ul",
        "details",
        "summary",
    )
)


@pytest.fixture
def evidence() -> FakeEvidence:
    told = [
        story_post(100),
        story_post(101, ARABIC, tie="text", tied_to="x:100", evidence="98 % of its words", handle="riverside_9"),
        story_post(111, "It stands, I see it.", stance="denies", tie="reply", tied_to="x:100", handle="harbour_watch"),
        story_post(119, tie="repost", tied_to="x:55"),
    ]
    lives = [life(), life("velgrad/2 #?")[:2], [event("expired", alert_id="velgrad-3")]]
    return FakeEvidence(lives, {"story-velgrad-1": told})


@pytest.fixture
def desk(evidence: FakeEvidence) -> TestClient:
    return TestClient(create_desk(evidence, ManualClock(START)), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8380", 200),
        ("localhost:8380", 200),
        ("[::1]:8380", 200),
        ("Desk.Example.org", 200),
        ("rebound.example", 421),
        ("127.0.0.1.rebound.example", 421),
        ("rebound.example@127.0.0.2", 421),
    ],
)
def test_who_asks_by_a_name_that_is_not_ours_reads_nothing(evidence: FakeEvidence, host: str, status: int) -> None:
    desk = TestClient(create_desk(evidence, ManualClock(START), hosts=["127.0.0.1", "desk.example.org"]))
    for path in ("/", "/alerts/velgrad-3"):
        answer = desk.get(path, headers={"host": host})
        assert answer.status_code == status
        assert ("desk.public_url" in answer.text) == (status == 421)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


class Outline(HTMLParser):
    """Elements and attributes of a page, and its visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag == "a"]


def words(page: str) -> str:
    return re.sub(r"\s+", " ", Outline(page).text)


def test_lists_what_stands_before_what_is_over(desk: TestClient) -> None:
    text = words(desk.get("/").text)
    assert "1 open alert" in text
    assert text.index("Updated") < text.index("Recalled or over") < text.index("Over velgrad")
    for told in ("700 interactions in 38 min", "21.4 expected", "1 origin", "57 posts by 49 accounts", CLAIM):
        assert told in text


class TestNothingOpen:
    """It says what was seen until when: that nothing spreads is more than anybody can know."""

    def page(self, sight: Overview) -> str:
        evidence = FakeEvidence([], {})
        evidence.sight = sight
        return words(TestClient(create_desk(evidence, ManualClock(START))).get("/").text)

    def test_before_anything_was_seen(self) -> None:
        page = self.page(Overview())
        assert "No open alert No post has been seen yet; no collector has been heard from." in page
        assert "independent confirmation" not in page

    def test_says_until_when_and_who_is_blind(self) -> None:
        blind = Blind("bluesky", "velgrad", START - timedelta(hours=2), START - timedelta(hours=1), "429 <b>")
        page = self.page(Overview(last_post=START - timedelta(minutes=5), told_until=START, blind=(blind,)))
        assert "Last post seen at 2030-03-04 02:05 UTC (5 min ago)" in page
        assert "collectors last heard from at 2030-03-04 02:10 UTC (0 s ago)" in page
        assert (
            "Blind: bluesky to the watch velgrad since 2030-03-04 00:10 UTC (2 h 00 min ago), "
            "last told of 2030-03-04 01:10 UTC (1 h 00 min ago): 429 <b>"
        ) in page
        assert "not to say that nothing spreads" in page


def test_an_open_alert_is_listed_however_many_came_after_it() -> None:
    lives = [[event(alert_id="old")], *([event("expired", 2, alert_id=f"over-{n}")] for n in range(MOST_CLOSED + 9))]
    text = TestClient(create_desk(FakeEvidence(lives, {}), ManualClock(START))).get("/").text
    assert "1 open alert" in text
    assert alert_path("old") in text
    assert text.count('class="whole"') == 1 + MOST_CLOSED


def test_says_how_many_open_ones_are_not_listed(pages: Pages) -> None:
    page = words(pages.alerts(Overview(open=(event(),), open_in_all=3), START))
    assert "3 open alerts The newest 1 of them are shown." in page


def test_shows_what_an_alert_rests_on(desk: TestClient) -> None:
    text = words(desk.get("/alerts/velgrad-1").text)
    for told in (
        "Corroborated: now 2 independent origins",
        f"It said: {HEADLINE}",
        CLAIM,
        "900",
        "21.4 expected at that age, from 120 earlier stories; chance of this many or more: 1 in 3,200,000",
        "57 posts trace back to one origin, @mira_k.",
        "2014-03-02 14:05 UTC, 16 y before @osmar_daily in archive: river floods Flood takes the bridge at Osmar",
        "12 of 256 bits differ",
        "@harbour_watch 2030-03-04 02:27 UTC 3 posts by 1 account",
        "has the same text as @mira_k (98 % of its words)",
        "disputes it",
        "reposts x:55",
        "4 of 57 posts, oldest first. The others are not here: they were taken down, were let go of, or are not stored",
        ARABIC,
    ):
        assert told in text


def test_what_is_asked_first_comes_first(desk: TestClient) -> None:
    """What, from how many, the earlier picture, what clears it; then why and the rest."""
    page = desk.get(alert_path("velgrad/2 #?")).text
    order = ("claim", "Sources", "earlier", "What would clear it", "why", "origins", "life", "posts")
    places = [page.index(f'id="{part}"' if part.islower() else part) for part in order]
    assert places == sorted(places)


def test_where_a_name_was_taken_out_nobody_is_named(pages: Pages) -> None:
    told = event()
    origins = (replace(told.story.origins[0], first_handle="[removed at the source]"),)
    page = pages.alert([replace(told, story=replace(told.story, origins=origins))], [], START)
    assert ">[removed at the source]<" in page


def test_how_many_posts_are_shown_is_said_as_it_is(pages: Pages) -> None:
    """Neither that those which were taken down come later, nor that a full page is all there is."""
    told = event()

    def said(posts: int, shown: int) -> str:
        page = pages.alert([replace(told, story=replace(told.story, posts=posts))], [story_post()] * shown, START)
        return page.partition('id="posts"')[2].partition('<p class="quiet">')[2].partition("</p>")[0]

    assert said(60, 0).startswith("0 of 60 posts, oldest first. The others are not here: ")
    assert said(3, 3) == "All 3 posts, oldest first."
    then = "The numbers above are of 2030-03-04 02:49 UTC, when there were 2."
    assert said(2, 3) == f"All 3 posts, oldest first. {then}"
    assert said(280, 300) == "The first 300 of 300 posts or more, oldest first."
    assert said(2_000, 300) == "The first 300 of 2,000 posts or more, oldest first."


def test_a_dispute_that_came_after_the_last_step_is_not_passed_over(pages: Pages) -> None:
    """Of an alert that was recalled nothing more is told, but its page is read later."""
    recalled = event("corroborated", 3)
    before, since = story_post(110, stance="denies"), story_post(159, "No, it stands", stance="denies")
    assert "no dispute seen</small>" in pages.alert([recalled], [story_post()], START)
    assert "no dispute seen</small>" in pages.alert([recalled], [story_post(), before], START)
    page = pages.alert([recalled], [story_post(), since], START)
    assert "no dispute seen until 2030-03-04 02:51 UTC; 1 post has disputed it since</small>" in page
    assert "1 origin disputes it" in pages.alert([event("contested", 2)], [story_post(), since], START)


def test_a_claim_that_was_edited_is_shown_as_that(pages: Pages) -> None:
    first = event()
    edited = replace(first, story=replace(first.story, claim_edited=True))
    later = event("updated", 2)
    another = replace(later, story=replace(later.story, claim_uid="x:7"))
    told = "edited since it was first posted"
    assert told in pages.alert([edited, later], [], START)
    assert told not in pages.alert([first, later], [story_post()], START)
    assert told not in pages.alert([edited, another], [], START)
    post = story_post()
    assert told in pages.alert([first], [post._replace(post=replace(post.post, edit_of="x:99"))], START)


def test_the_reasons_of_an_origin_stand_below_it(pages: Pages) -> None:
    told = event()
    merge = Merge(kind="same text", ties=3, confidence=0.987, evidence="<b>nearly the same words")
    origins = (replace(told.story.origins[0], weight=0.5, merges=(merge, merge)),)
    page = pages.alert([replace(told, story=replace(told.story, origins=origins))], [], START)
    below = page[page.index('<ul class="merges">') :]
    assert below.index("</ul>") < below.index("</ol>")
    assert below.count("same text (3 ties, 0.99 sure): <bdi>&lt;b&gt;nearly the same words</bdi>") == 2
    assert "weighs 0.5" in below


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_words_and_edges_stand_out_from_their_ground(desk: TestClient, mode: int) -> None:
    """WCAG 2.2: 4.5 to 1 for words (1.4.3), 3 to 1 for the edges of what can be pressed or filled (1.4.11)."""
    rules = re.findall(r":root {(.*?)}", desk.get("/desk.css").text, re.DOTALL)
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rules[mode]))
    least = {"edge": 3.0} | dict.fromkeys(("ink", "soft", "link", "amber", "green", "violet", "grey"), 4.5)
    for name, ratio in least.items():
        for ground in ("paper", "sheet", *({f"{name}-wash"} & colour.keys())):
            light, dark = sorted((_luminance(colour[name]), _luminance(colour[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= ratio, (name, ground)


def test_says_what_would_clear_it_while_it_stands(desk: TestClient) -> None:
    path = alert_path("velgrad/2 #?")
    assert path in [link["href"] for link in Outline(desk.get("/").text).links()]
    assert "What would clear it: One more independent origin." in words(desk.get(path).text)


def test_every_direction_is_the_writers_own(desk: TestClient) -> None:
    outline = Outline(desk.get("/alerts/velgrad-1").text)
    quotes = [attributes for tag, attributes in outline.elements if tag in {"blockquote", "q", "h1"}]
    assert quotes
    assert all(attributes.get("dir") == "auto" for attributes in quotes)


def test_links_out_carry_nothing_with_them(desk: TestClient) -> None:
    for link in Outline(desk.get("/alerts/velgrad-1").text).links():
        if not link["href"].startswith(("/", "#")):
            assert link["href"].startswith("https://")
            assert set(link["rel"].split()) == {"noopener", "noreferrer", "nofollow"}


@pytest.mark.parametrize("path", ["/", "/alerts/velgrad-1", "/alerts/none", "/nothing", "/desk.css", "/healthz"])
def test_nothing_may_be_loaded_run_or_framed(desk: TestClient, path: str) -> None:
    headers = desk.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/alerts/velgrad-1"])
def test_nothing_comes_from_elsewhere(desk: TestClient, path: str) -> None:
    page = desk.get(path)
    loaded = [a.get("src") or a.get("href") for tag, a in Outline(page.text).elements if tag != "a"]
    assert all(source is None or source == "/desk.css" or source.startswith("data:") for source in loaded)
    assert "url(" not in desk.get("/desk.css").text
    assert "style=" not in page.text


def test_unknown_alerts_and_pages_say_so(desk: TestClient) -> None:
    for path in ("/alerts/none", "/nothing"):
        page = desk.get(path)
        assert page.status_code == 404
        assert "All alerts" in page.text


def test_a_store_that_is_away_is_said_and_not_fatal(desk: TestClient, evidence: FakeEvidence) -> None:
    assert desk.get("/healthz").text == "ok\n"
    evidence.away = True
    for path in ("/", "/alerts/velgrad-1", "/healthz"):
        page = desk.get(path)
        assert page.status_code == 503
        assert page.headers["content-security-policy"]
    evidence.away = False
    assert desk.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_frameworks_own_pages_are_off(desk: TestClient, path: str) -> None:
    assert desk.get(path).status_code == 404


def test_answers_heads_and_refuses_writes(desk: TestClient) -> None:
    assert desk.head("/").status_code == 200
    assert desk.post("/alerts/velgrad-1").status_code == 405


def test_the_headline_struck_through_is_the_first_one(desk: TestClient) -> None:
    page = desk.get("/alerts/velgrad-1").text
    assert f'<s dir="auto">{HEADLINE}</s>' in page
    assert f'<s dir="auto">{CLAIM}' not in page


@settings(max_examples=40, deadline=None)
@given(hostile.events(), st.lists(hostile.text, max_size=6))
def test_no_words_become_markup(pages: Pages, of: AlertEvent, wrote: list[str]) -> None:
    shown = [
        story_post(100 + n, text, handle=text, evidence=text, tied_to=text, url=text) for n, text in enumerate(wrote)
    ]
    for page in (
        pages.alert([of], shown, START),
        pages.alerts(Overview(open=(of,), open_in_all=1, closed=(of,)), START),
    ):
        page.encode()
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", page)
        for tag, attributes in Outline(page).elements:
            assert tag in ELEMENTS
            assert not any(name.startswith("on") for name in attributes)
            if tag == "a":
                assert re.match(r"/|#|https?://", attributes["href"])


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


def test_a_text_of_any_length_is_cut(pages: Pages) -> None:
    page = pages.alert(
        [event(found=finding("h" * 100_000), claim="c" * 100_000)], [story_post(text="p" * 100_000)], START
    )
    assert len(page) < 30_000


class TestThumbnails:
    PICTURE = "0f" * 32

    def desk(self) -> TestClient:
        class Kept:
            def thumbnail(self, picture: str) -> bytes | None:
                return b"\xff\xd8\xff small" if picture == TestThumbnails.PICTURE else None

        return TestClient(create_desk(FakeEvidence([], {}), ManualClock(START), Kept()))

    def test_one_is_a_picture_and_nothing_else(self) -> None:
        answer = self.desk().get(f"/thumbnails/{self.PICTURE}")
        assert answer.content == b"\xff\xd8\xff small"
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        "name",
        ["", "f" * 64, "0F" * 32, "..%2fdesk.css", "%2e%2e%2fdesk.css", f"{PICTURE}.jpg", f"{PICTURE}%0a", "0f" * 31],
    )
    def test_nothing_else_leads_to_one(self, name: str) -> None:
        answer = self.desk().get(f"/thumbnails/{name}")
        assert answer.status_code == 404
        assert b"small" not in answer.content

    def test_without_a_place_there_are_none(self, desk: TestClient) -> None:
        assert desk.get(f"/thumbnails/{self.PICTURE}").status_code == 404

    def test_one_is_told_to_who_cannot_see_it(self) -> None:
        seen = replace(earlier(), picture=self.PICTURE, shown="1e" * 32, handle='osmar"><b>')
        told = event(found=replace(finding(), earlier=(seen, replace(seen, shown=self.PICTURE))))
        page = Pages(thumbnails=True).alert([told], [], START)
        then = 'The picture as seen 2014-03-02, @osmar"><b> in archive: river floods'
        alts = [attributes["alt"] for tag, attributes in Outline(page).elements if tag == "img"]
        assert alts == [then, "The picture as this story shows it", then]

    def test_pages_may_show_them(self, desk: TestClient) -> None:
        assert "img-src 'self' data:;" in desk.get("/").headers["Content-Security-Policy"]
