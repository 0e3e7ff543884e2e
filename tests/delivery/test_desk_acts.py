"""Acting on an alert from its page, and what keeps other pages from doing it."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from alerts.desk import Acting, Forms, create_desk
from alerts.desk.acting import DOINGS, Turned
from alerts.desk.chart import HEIGHT, WIDTH, draw
from alerts.desk.charts import Charts
from secondsource.contracts.acts import Act, ActKind, Verdict
from secondsource.contracts.evidence import StoryTrail
from secondsource.contracts.messages import Forecast
from tests.delivery.stories import START, event, life, story_post
from tests.delivery.test_desk import ELEMENTS, Outline, words
from tests.delivery.test_slack_acts import TRAIL, Trails
from tests.fakes.acts import FakeActs
from tests.fakes.clock import ManualClock
from tests.fakes.evidence import FakeEvidence

ALERT = event().alert_id
HERE = "http://127.0.0.1:8380"
SAME = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}


def desk(acts: FakeActs, *hosts: str, forms: bool = True, away: bool = False) -> TestClient:
    evidence = FakeEvidence([life(), [event(alert_id="velgrad-2")]], {"story-velgrad-1": [story_post()]})
    acting = Acting(acts, Forms(hosts) if forms else None)
    return TestClient(create_desk(evidence, ManualClock(START), None, acting, Trails(TRAIL)), HERE,
                      raise_server_exceptions=False, follow_redirects=False)  # fmt: skip


@pytest.fixture
def acts() -> FakeActs:
    return FakeActs([ALERT, "velgrad-2"])


def fields(page: str) -> dict[str, str]:
    inputs = [attributes for tag, attributes in Outline(page).elements if tag == "input"]
    return {each["name"]: each.get("value", "") for each in inputs}


def offered(page: str) -> list[str]:
    return [attributes["value"] for tag, attributes in Outline(page).elements if tag == "button"]


def filled(browser: TestClient, alert: str = ALERT, **more: str) -> dict[str, str]:
    return fields(browser.get(f"/alerts/{alert}").text) | {"by": "Ana", "do": "acknowledged"} | more


def test_a_form_sent_is_an_act_and_leads_back_to_the_page(acts: FakeActs) -> None:
    browser = desk(acts)
    answer = browser.post("/acts", data=filled(browser, note="  our own\tpicture "), headers=SAME)
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts/velgrad-1#acts")
    (act,) = acts.recorded
    assert (act.kind, act.by, act.via, act.at, act.note) == ("acknowledged", "Ana", "desk", START, "our own picture")
    page = browser.get("/alerts/velgrad-1").text
    assert "Acknowledged by Ana, 2030-03-04 02:10 UTC our own picture" in words(page)
    assert fields(page)["by"] == "Ana"


def test_the_form_stands_below_what_would_clear_it_and_above_the_reasons(acts: FakeActs) -> None:
    page = desk(acts).get("/alerts/velgrad-2").text
    places = [page.index(part) for part in ('id="claim"', "What would clear it", "<form", 'id="why"')]
    assert places == sorted(places)


def test_the_page_says_at_its_top_who_took_it(acts: FakeActs) -> None:
    acts.record(Act(id="1", alert_id="velgrad-2", kind="acknowledged", by="<i>Ana", at=START, via="slack"))
    text = words(desk(acts).get("/alerts/velgrad-2").text)
    assert text.index("Acknowledged by <i>Ana") < text.index("The claim")


@pytest.mark.parametrize("doing", DOINGS)
def test_all_that_is_offered_can_be_done(acts: FakeActs, doing: str) -> None:
    browser = desk(acts)
    assert browser.post("/acts", data=filled(browser, do=doing), headers=SAME).status_code == 303
    (act,) = acts.recorded
    kind, _, more = doing.partition(":")
    assert act.kind == kind
    assert more in {"", act.verdict} or act.until is not None


def test_a_form_sent_twice_is_one_act_and_one_of_a_new_page_another(acts: FakeActs) -> None:
    browser = desk(acts)
    form = filled(browser)
    for _ in range(2):
        assert browser.post("/acts", data=form, headers=SAME).status_code == 303
    assert len(acts.recorded) == 1
    browser.post("/acts", data=filled(browser), headers=SAME)
    assert len(acts.recorded) == 2


def test_offered_is_what_changes_something(acts: FakeActs) -> None:
    browser = desk(acts)
    assert offered(browser.get("/alerts/velgrad-1").text) == [doing for doing in DOINGS if doing != "reopened"]
    browser.post("/acts", data=filled(browser), headers=SAME)
    assert "acknowledged" not in offered(browser.get("/alerts/velgrad-1").text)
    browser.post("/acts", data=filled(browser, do="dismissed:noise"), headers=SAME)
    assert offered(browser.get("/alerts/velgrad-1").text) == ["reopened"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8381"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://evil.example:8380", "Host": "evil.example:8380"},
        {"Origin": "http://127.0.0.1.evil.example:8380", "Host": "127.0.0.1.evil.example:8380"},
        {"Origin": "http://[", "Host": "["},
    ],
    ids=str,
)
def test_what_comes_from_another_page_is_turned_away(acts: FakeActs, headers: dict[str, str]) -> None:
    browser = desk(acts)
    answer = browser.post("/acts", data=filled(browser), headers=headers)
    assert answer.status_code == 403
    assert acts.recorded == []


@pytest.mark.parametrize(
    "host", ["localhost:8380", "127.0.0.1", "[::1]:8380", "desk.example.org", "DESK.example.org:1"]
)
def test_the_desks_own_addresses_are_taken(acts: FakeActs, host: str) -> None:
    browser = desk(acts, "desk.example.org")
    headers = {"Host": host, "Origin": f"https://{host}"}
    assert browser.post("/acts", data=filled(browser), headers=headers).status_code == 303


def test_a_proxy_may_ask_by_another_name_than_its_own(acts: FakeActs) -> None:
    browser = desk(acts, "desk.example.org")
    for origin, status in (
        ("https://desk.example.org", 303),
        ("https://evil.example", 403),
        ("https://localhost", 403),
    ):
        headers = {"Host": "127.0.0.1:8380", "Origin": origin}
        assert browser.post("/acts", data=filled(browser), headers=headers).status_code == status


@pytest.mark.parametrize("change", [{"mark": "0" * 64}, {"mark": ""}, {"press": "another"}, {"alert": "velgrad-2"}])
def test_a_form_that_was_changed_is_turned_away(acts: FakeActs, change: dict[str, str]) -> None:
    browser = desk(acts)
    assert browser.post("/acts", data=filled(browser) | change, headers=SAME).status_code == 403
    assert acts.recorded == []


def test_a_form_of_another_browser_or_of_an_earlier_desk_is_turned_away(acts: FakeActs) -> None:
    first, second = desk(acts), desk(acts)
    form = filled(first)
    second.get("/alerts/velgrad-1")
    second.cookies.update(first.cookies)
    for browser in (desk(acts), second):
        answer = browser.post("/acts", data=form, headers=SAME)
        assert answer.status_code == 403
        assert "Open it anew" in answer.text


@pytest.mark.parametrize(
    ("change", "status"),
    [({"by": "  "}, 400), ({"do": "deleted"}, 400), ({"do": "snoozed:9999"}, 400), ({"do": ""}, 400)],
)
def test_what_is_missing_is_said(acts: FakeActs, change: dict[str, str], status: int) -> None:
    browser = desk(acts)
    assert browser.post("/acts", data=filled(browser, **change), headers=SAME).status_code == status
    assert acts.recorded == []


def test_an_alert_that_is_gone_and_a_store_that_is_away_are_said() -> None:
    acts = FakeActs(["velgrad-2"])
    browser = desk(acts)
    form = filled(browser)
    assert browser.post("/acts", data=form, headers=SAME).status_code == 404
    acts.away = 1
    assert browser.post("/acts", data=form, headers=SAME).status_code == 503


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"&" * 10_000, b"x" * 20_000, b"a=1&" * 100])
def test_any_other_body_is_refused(acts: FakeActs, body: bytes) -> None:
    browser = desk(acts)
    browser.get("/alerts/velgrad-1")
    assert browser.post("/acts", content=body, headers=SAME).status_code in {400, 403, 413}


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()), st.binary(max_size=200))
def test_whatever_is_sent_is_turned_away(headers: dict[str, str], cookies: dict[str, str], body: bytes) -> None:
    with pytest.raises(Turned):
        Forms().read({**headers, "host": "localhost", "origin": "http://localhost"}, cookies, body, START)


def test_pages_with_forms_send_them_nowhere_else(acts: FakeActs) -> None:
    page = desk(acts).get("/alerts/velgrad-1")
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "same-origin"
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert all(attributes["action"] == "/acts" for tag, attributes in Outline(page.text).elements if tag == "form")


def test_cookies_of_a_desk_behind_tls_go_nowhere_else(acts: FakeActs) -> None:
    acting = Acting(acts, Forms(over_tls=["desk.example.org"]))
    client = TestClient(create_desk(FakeEvidence([life()], {}), ManualClock(START), None, acting), HERE)
    for host, secure in (("desk.example.org", True), ("127.0.0.1:8380", False)):
        page = client.get("/alerts/velgrad-1", headers={"Host": host})
        assert ("Secure" in page.headers["set-cookie"]) is secure


def test_without_forms_the_desk_only_shows_what_was_done(acts: FakeActs) -> None:
    acts.record(Act(id="1", alert_id=ALERT, kind="dismissed", by="<b>Oleg", at=START, via="slack", verdict="known"))
    browser = desk(acts, forms=False)
    page = browser.get("/alerts/velgrad-1")
    assert "Dismissed as known by <b>Oleg, 2030-03-04 02:10 UTC" in words(page.text)
    assert {tag for tag, _ in Outline(page.text).elements} <= ELEMENTS
    assert "set-cookie" not in page.headers
    assert "form-action 'none'" in page.headers["content-security-policy"]
    assert browser.post("/acts", data={}, headers=SAME).status_code in {404, 405}


def test_the_list_shows_who_took_what_and_what_nobody_took_first() -> None:
    doings: list[tuple[str, ActKind, Verdict | None]] = [
        ("a", "acknowledged", None),
        ("b", "dismissed", "noise"),
        ("c", "snoozed", None),
    ]
    lives = [[event(alert_id=name)] for name in ("a", "b", "c", "d")]
    taken = FakeActs()
    for name, kind, verdict in doings:
        until = START + timedelta(hours=1) if kind == "snoozed" else None
        taken.record(
            Act(id=name, alert_id=name, kind=kind, by="<i>Ana", at=START, via="desk", until=until, verdict=verdict)
        )
    page = TestClient(create_desk(FakeEvidence(lives, {}), ManualClock(START), None, Acting(taken))).get("/")
    shown = [link["href"].rpartition("/")[2] for link in Outline(page.text).links() if "/alerts/" in link["href"]]
    assert shown == ["d", "a", "c", "b"]
    text = words(page.text)
    assert "1 that nobody has taken, 1 acknowledged, 2 snoozed or dismissed." in text
    assert "Acknowledged by <i>Ana" in text
    assert text.index("Snoozed or dismissed") < text.index("Snoozed until 2030-03-04 03:10 UTC by <i>Ana")
    assert "Dismissed as noise by <i>Ana" in text


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200), st.text(max_size=600))
def test_names_and_notes_of_any_kind_are_made_safe(name: str, note: str) -> None:
    acts = FakeActs([ALERT])
    acts.record(Act(id="1", alert_id=ALERT, kind="acknowledged", by=name, at=START, via="desk", note=note))
    page = desk(acts).get("/alerts/velgrad-1").text
    known = ELEMENTS | {"form", "input", "label", "button"}
    for tag, attributes in Outline(page).elements:
        assert tag in known
        assert not any(each.startswith("on") for each in attributes)


# --- charts ----------------------------------------------------------------------------------------------------------


def test_a_chart_is_a_picture_and_nothing_else(acts: FakeActs) -> None:
    answer = desk(acts).get("/charts/velgrad-1/1.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    with Image.open(BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
        assert image.info == {}


@pytest.mark.parametrize(
    "path", ["velgrad-1/9", "none/1", "velgrad-1/x", "velgrad-1/-1", "velgrad-1/²", "velgrad-1/1e3"]
)
def test_there_is_none_of_what_is_not_there(acts: FakeActs, path: str) -> None:
    assert desk(acts).get(f"/charts/{path}.png").status_code == 404


def test_a_chart_shows_more_where_more_is_known() -> None:
    told = event().story
    far = Forecast(at_seconds=76 * 60, low=600, middle=850, high=1300)
    spreads: list[Any] = [
        told.spread,
        type(told.spread)(interactions=482, age_seconds=2280, state="measured", expected=21.4, forecast=far),
        type(told.spread)(interactions=0, age_seconds=0, state="insufficient data"),
        type(told.spread)(interactions=10**9, age_seconds=1e-9, state="measured", expected=1e12),
    ]
    drawn = set()
    for spread in spreads:
        story = type(told)(**{name: getattr(told, name) for name in told.__struct_fields__} | {"spread": spread})
        for trail in (StoryTrail(), TRAIL):
            of = event()
            shown = type(of)(**{name: getattr(of, name) for name in of.__struct_fields__} | {"story": story})
            drawn.add(draw(shown, trail))
    assert len(drawn) >= 5


def test_a_way_that_is_not_known_is_not_drawn() -> None:
    """A straight line from the first post on would be one that nobody saw."""
    with Image.open(BytesIO(draw(event(), StoryTrail()))) as image:
        shown = image.convert("RGB")
    seen = [(x, y) for x in range(WIDTH) for y in range(34, HEIGHT - 30) if shown.getpixel((x, y)) == (0xC7, 0x77, 0)]
    assert seen
    assert min(x for x, _ in seen) > WIDTH - 40


def test_charts_are_kept_and_not_for_ever() -> None:
    lives = [[event(alert_id=f"velgrad-{n}")] for n in range(4)]

    class Counted(Trails):
        asked = 0

        def trail(self, *of: Any) -> StoryTrail:
            self.asked += 1
            return super().trail(*of)

    trails = Counted(TRAIL)
    charts = Charts(FakeEvidence(lives, {}), trails, most=2)
    for n in (0, 0, 1, 1, 2, 0):
        assert charts.chart(f"velgrad-{n}", "1")
    assert trails.asked == 4
