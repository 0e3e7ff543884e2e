"""Forms of the desk in a real browser: those of its own pages arrive, those of another page do not."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from msgspec.structs import replace
from PIL import Image

from alerts.desk import Acting, Forms, create_desk
from secondsource.contracts.clock import SystemClock
from tests.delivery.serving import served
from tests.delivery.stories import event, finding, life, story_post
from tests.fakes.acts import FakeActs
from tests.fakes.evidence import FakeEvidence
from tests.servers.chromium import Browser

pytestmark = pytest.mark.browser

#: What a reader does: opens the alert, writes a name, presses a button. The desk's own pages run no script, so this one
#: stands beside them and sends their form.
_PRESS = """<!doctype html><body><script>
const request = new XMLHttpRequest();
request.open("GET", "/alerts/velgrad-1", false);
request.send();
const page = new DOMParser().parseFromString(request.responseText, "text/html");
const form = document.body.appendChild(document.importNode(page.querySelector("form"), true));
form.elements.by.value = "Ana";
form.querySelector("button[value='dismissed:known']").click();
</script>"""
_FORGED = """<!doctype html><body><form method="post" action="{desk}/acts">
<input name="alert" value="velgrad-1"><input name="press" value="1"><input name="mark" value="0">
<input name="by" value="Eve"><input name="do" value="dismissed:noise"></form>
<script>document.forms[0].submit()</script>"""


class Asked:
    """An application, and what it was asked: method, path, origin, answer."""

    def __init__(self, app: FastAPI) -> None:
        self.posts: list[tuple[str, str, int]] = []
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode("latin-1") for name, value in scope.get("headers", ())}

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["method"] == "POST":
                self.posts.append((scope["path"], headers.get("origin", ""), message["status"]))
            await send(message)

        await self._app(scope, receive, told)


def test_a_form_of_its_own_page_arrives_and_one_of_another_does_not(browser: Browser) -> None:
    acts = FakeActs(["velgrad-1"])
    desk = create_desk(FakeEvidence([life()], {"story-velgrad-1": [story_post()]}), SystemClock(), None,
                       Acting(acts, Forms()))  # fmt: skip
    place = {"": ""}
    elsewhere = FastAPI()

    @elsewhere.get("/")
    def forged() -> HTMLResponse:
        return HTMLResponse(_FORGED.format(desk=place["desk"]))

    asked = Asked(desk)

    async def with_a_page_that_presses(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/press":
            await HTMLResponse(_PRESS, headers={"Referrer-Policy": "same-origin"})(scope, receive, send)
        else:
            await asked(scope, receive, send)

    with served(with_a_page_that_presses) as url, served(elsewhere) as other:
        place["desk"] = url
        browser.dump_dom(f"{other}/")
        assert acts.recorded == []
        assert [status for _, _, status in asked.posts] == [403]
        browser.dump_dom(f"{url}/press")
        assert asked.posts[-1] == ("/acts", url, 303)
    (act,) = acts.recorded
    assert (act.by, act.kind, act.verdict) == ("Ana", "dismissed", "known")


class _Thumbnails:
    def thumbnail(self, picture: str) -> bytes | None:
        with BytesIO() as body:
            Image.new("RGB", (320, 240), "#202060").save(body, "JPEG")
            return body.getvalue()


def test_the_first_screen_holds_what_is_needed_to_decide(browser: Browser, tmp_path: Path) -> None:
    """At 1280 by 800: the claim, the earlier picture beside today's, what would clear it, and the buttons."""
    found = finding(
        "Old picture taking off without corroboration: shown by 43 posts of the story; 407 interactions in "
        "1 h 30 min, about 1.6 expected; one origin; contested; picture first seen 2014-03-02, 12 y before"
    )
    found = replace(found, earlier=(replace(found.earlier[0], shown="b" * 64, caption="It burns. " * 15),) * 3)
    told = event("contested", found=found, claim="The old bridge burns and people are on it. " * 4)
    desk = create_desk(FakeEvidence([[told]], {"story-velgrad-1": [story_post()]}), SystemClock(), _Thumbnails(),
                       Acting(FakeActs([told.alert_id]), Forms()))  # fmt: skip
    picture = tmp_path / "first.png"
    with served(desk) as url:
        browser.screenshot(f"{url}/alerts/velgrad-1", picture, width=1280, height=800)
    with Image.open(picture) as screen:
        pixels = np.asarray(screen.convert("RGB"))
    near = np.abs(pixels.astype(int) - (0x20, 0x20, 0x60)).max(axis=2) < 9
    edges = (pixels == (0x7B, 0x84, 0x89)).all(axis=2)
    assert near.any(axis=0).sum() > 250, "two pictures side by side"
    assert (pixels == (0xE6, 0xF3, 0xEA)).all(axis=2).sum() > 10_000, "what would clear it"
    rows = np.flatnonzero(edges.sum(axis=1) > 400)
    assert len(rows) >= 4, f"upper and lower edges of the fields and of the buttons, came {rows}"
