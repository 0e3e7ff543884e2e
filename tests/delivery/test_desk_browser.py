"""The desk in a real browser: what people wrote is shown, and none of it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from alerts.desk import create_desk
from secondsource.contracts.clock import SystemClock
from tests.delivery.serving import served
from tests.delivery.stories import event, finding, story_post
from tests.delivery.test_desk import ELEMENTS, Outline
from tests.fakes.evidence import FakeEvidence
from tests.servers.chromium import Browser

RAN = "document.documentElement.setAttribute('data-ran','yes');document.title='ran'"
SCRIPT = f"<script>{RAN}</script>"
IMAGE = f'"><img src=x onerror="{RAN}">'
FRAME = f"<iframe srcdoc='<script>parent.{RAN}</script>'></iframe>"
ARABIC = 'انهيار الجسر القديم "في" فيلغراد'
OVERRIDE = "safe \u202e)ton ro( \u202c words"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    hostile = event(claim=f"{SCRIPT} {ARABIC}", found=finding(IMAGE, caption=FRAME, clears=SCRIPT), watch=SCRIPT)
    posts = [
        story_post(100, f"{SCRIPT}\n{ARABIC}", handle=IMAGE, url=f"javascript:{RAN}"),
        story_post(101, OVERRIDE, evidence=IMAGE, tied_to=SCRIPT, tie="text", url=f'https://x.example/"onclick="{RAN}'),
    ]
    evidence = FakeEvidence([[hostile]], {"story-velgrad-1": posts})
    with served(create_desk(evidence, SystemClock())) as address:
        yield address


def test_the_browser_would_have_run_it(browser: Browser) -> None:
    """A page that does what the desk must not: the marks that the next test looks for appear."""
    page = browser.dump_dom("data:text/html," + quote(f"<title>x</title>{SCRIPT}"))
    assert ("html", {"data-ran": "yes"}) in Outline(page).elements
    assert "<title>ran</title>" in page


@pytest.mark.parametrize("path", ["/", "/alerts/velgrad-1"])
def test_nothing_runs_and_all_is_shown(browser: Browser, url: str, path: str) -> None:
    page = browser.dump_dom(url + path)
    outline = Outline(page)
    assert "<title>ran" not in page
    assert {tag for tag, _ in outline.elements} <= ELEMENTS  # no script, img or iframe among them
    for tag, attributes in outline.elements:
        assert "data-ran" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert tag != "a" or attributes["href"].startswith(("/", "#", "https://"))
    for wrote in (SCRIPT, IMAGE, ARABIC):
        assert wrote in outline.text


def test_reads_in_the_writers_direction(browser: Browser, url: str) -> None:
    page = browser.dump_dom(f"{url}/alerts/velgrad-1")
    assert re.search(r'<blockquote dir="auto">[^<]*انهيار', page)
    assert "safe )ton ro( words" in page


def test_the_stylesheet_is_let_in(browser: Browser, url: str, tmp_path: Path) -> None:
    """Our own policy must not shut it out: the amber bar beside an open alert is there."""
    picture = tmp_path / "desk.png"
    browser.screenshot(url, picture, width=1000, height=600)
    with Image.open(picture) as shown:
        colours = {colour for _, colour in shown.convert("RGB").getcolors(1000 * 600) or []}
    assert (0x8A, 0x4B, 0x00) in colours
