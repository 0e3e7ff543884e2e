"""The desk as a web application. It leads nowhere but to its own pages and to the posts it quotes.

It only reads, unless it is given where to keep what analysts do.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException

from alerts.desk.acting import COOKIE, LOOPBACK, MOST_BYTES, NAME_COOKIE, Forms, Turned, asked_for, name_cookie
from alerts.desk.charts import Charts
from alerts.desk.pages import MOST_POSTS, Pages, alert_path
from alerts.ports import Acts, Evidence, StoryPost, Thumbnails, Trails
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import AlertEvent

MOST_OPEN, MOST_CLOSED = 500, 200  #: alerts on the first page, the newest of each
READS = ["GET", "HEAD"]

#: Nothing is loaded but our own stylesheet, our own thumbnails and an icon written into the page; no script runs,
#: nobody may frame us.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


#: With forms they go to us and to nobody else; and a browser that may not say where it comes from, as without these
#: it may not, could not tell us that a form is ours.
WITH_FORMS = {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'"),
    "Referrer-Policy": "same-origin",
}
CHART = {"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'"}

#: A thumbnail is a picture and nothing else, whatever a browser makes of it.
THUMBNAIL = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Content-Disposition": "inline; filename=thumbnail.jpg",
}
_NO_ADDRESS = "That is not an address of this desk. If readers reach it so, set desk.public_url in secondsource.yaml.\n"
_PICTURE = re.compile(r"[0-9a-f]{64}\Z")


class Acting(NamedTuple):
    """Where acts are kept and shown from; `forms` None where the pages show what was done and offer nothing."""

    acts: Acts
    forms: Forms | None = None


def create_desk(
    evidence: Evidence,
    clock: Clock,
    thumbnails: Thumbnails | None = None,
    acting: Acting | None = None,
    trails: Trails | None = None,
    hosts: Collection[str] = (),
) -> FastAPI:
    """`/`, `/alerts/{id}`, `/thumbnails/{picture}`, `/charts/{id}/{seq}.png`, `/desk.css`, `/healthz`; `/acts` takes
    what is to be done.

    The clock tells how long ago things were, and when something was done. With `hosts` it answers only who asks for it
    by one of these names or by those of loopback: a page from elsewhere may have given its own name our address.
    """
    desk = FastAPI(title="Second Source", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages(thumbnails=thumbnails is not None)
    stylesheet = files("alerts.desk").joinpath("desk.css").read_text(encoding="utf-8")

    headers = HEADERS if acting is None or acting.forms is None else HEADERS | WITH_FORMS
    _guard(desk, headers, LOOPBACK.union(hosts, [""]) if hosts else ())
    _say_what_is_wrong(desk, pages)

    # Plain functions: the framework runs them on threads, so that a slow read holds nobody else up.
    @desk.api_route("/", methods=READS)
    def alerts() -> Response:
        seen = evidence.overview(MOST_OPEN, MOST_CLOSED)
        shown = [event.alert_id for event in (*seen.open, *seen.closed)]
        return HTMLResponse(pages.alerts(seen, clock.now(), acting.acts.of_all(shown) if acting else {}))

    @desk.api_route("/alerts/{alert_id:path}", methods=READS)
    def alert(request: Request, alert_id: str) -> Response:
        events = evidence.alert_events(alert_id)
        if not events:
            sentence = "There is no alert of that name; it may have been taken down with its posts."
            return HTMLResponse(pages.notice("No such alert", sentence), status_code=404)
        posts = evidence.story_posts(events[-1].story.id, MOST_POSTS)
        return _page(pages, events, posts, clock.now(), acting, request)

    @desk.api_route("/thumbnails/{picture}", methods=READS)
    def thumbnail(picture: str) -> Response:
        return _thumbnail(thumbnails, picture)

    if trails is not None:
        _serve_charts(desk, Charts(evidence, trails))
    if acting is not None and acting.forms is not None:
        _take_forms(desk, acting.acts, acting.forms, clock, pages)

    @desk.api_route("/desk.css", methods=READS)
    def style() -> Response:
        return Response(stylesheet, media_type="text/css")

    @desk.api_route("/healthz", methods=READS)
    def health() -> Response:
        try:
            evidence.latest_alerts(1)
        except SourceAway as error:
            return PlainTextResponse(f"the store is away: {error}\n", status_code=503)
        return PlainTextResponse("ok\n")

    return desk


def _guard(desk: FastAPI, headers: Mapping[str, str], names: Collection[str]) -> None:
    """Put headers on all it answers, and turn away who asks for it by none of these names, if there are any."""

    @desk.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if names and asked_for(request.headers) not in names:
            response: Response = PlainTextResponse(_NO_ADDRESS, 421)
        else:
            response = await call_next(request)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response


def _say_what_is_wrong(desk: FastAPI, pages: Pages) -> None:
    @desk.exception_handler(SourceAway)
    async def away(_: Request, error: SourceAway) -> Response:
        sentence = f"The store did not answer, so there is nothing to show. Try again in a moment. ({error})"
        return HTMLResponse(pages.notice("The store is away", sentence), status_code=503)

    @desk.exception_handler(HTTPException)
    async def wrong(_: Request, error: HTTPException) -> Response:
        sentence = "There is no such page here. Alerts are listed on the first page."
        return HTMLResponse(pages.notice(str(error.detail), sentence), status_code=error.status_code)


def _page(
    pages: Pages,
    events: Sequence[AlertEvent],
    posts: Sequence[StoryPost],
    now: datetime,
    acting: Acting | None,
    request: Request,
) -> Response:
    alert_id = events[-1].alert_id
    done = acting.acts.of(alert_id) if acting else ()
    if acting is None or acting.forms is None:
        return HTMLResponse(pages.alert(events, posts, now, done))
    cookie = acting.forms.cookie(request.cookies)
    form = acting.forms.form(alert_id, cookie, request.cookies)
    page = HTMLResponse(pages.alert(events, posts, now, done, form))
    secure = acting.forms.secure(request.headers)
    page.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=secure)
    return page


def _serve_charts(desk: FastAPI, charts: Charts) -> None:
    @desk.api_route("/charts/{alert_id:path}/{seq}.png", methods=READS)
    def chart(alert_id: str, seq: str) -> Response:
        body = charts.chart(alert_id, seq)
        if body is None:
            return PlainTextResponse("there is no such chart\n", status_code=404)
        return Response(body, media_type="image/png", headers=CHART)


def _take_forms(desk: FastAPI, acts: Acts, forms: Forms, clock: Clock, pages: Pages) -> None:
    @desk.post("/acts")
    async def do(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return HTMLResponse(pages.notice("Not done", "That form was too large."), status_code=413)
        try:
            act = forms.read(request.headers, request.cookies, bytes(body), clock.now())
            await run_in_threadpool(acts.record, act)
        except Turned as error:
            return HTMLResponse(pages.notice("Not done", str(error)), status_code=error.status)
        except BadRecord:
            sentence = "There is no alert of that name; it may have been taken down with its posts."
            return HTMLResponse(pages.notice("No such alert", sentence), status_code=404)
        answer = RedirectResponse(f"{alert_path(act.alert_id)}#acts", status_code=303)
        name, secure = name_cookie(act.by), forms.secure(request.headers)
        answer.set_cookie(NAME_COOKIE, name, max_age=2_592_000, httponly=True, samesite="strict", secure=secure)
        return answer


def _thumbnail(kept: Thumbnails | None, picture: str) -> Response:
    body = kept.thumbnail(picture) if kept is not None and _PICTURE.match(picture) else None
    if body is None:
        return PlainTextResponse("no thumbnail is kept of that picture\n", status_code=404)
    return Response(body, media_type="image/jpeg", headers=THUMBNAIL)
