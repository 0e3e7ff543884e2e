"""The desk as a web application. It only reads, and leads nowhere but to its own pages and to the posts it quotes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from alerts.desk.pages import Pages
from alerts.ports import Evidence, Thumbnails
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway

MOST_ALERTS = 200
MOST_POSTS = 300
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


#: A thumbnail is a picture and nothing else, whatever a browser makes of it.
THUMBNAIL = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Content-Disposition": "inline; filename=thumbnail.jpg",
}
_PICTURE = re.compile(r"[0-9a-f]{64}\Z")


def create_desk(evidence: Evidence, clock: Clock, thumbnails: Thumbnails | None = None) -> FastAPI:
    """`/`, `/alerts/{id}`, `/thumbnails/{picture}`, `/desk.css`, `/healthz`.

    The clock only tells how long ago things were.
    """
    desk = FastAPI(title="Second Source", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages(thumbnails=thumbnails is not None)
    stylesheet = files("alerts.desk").joinpath("desk.css").read_text(encoding="utf-8")

    @desk.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @desk.exception_handler(SourceAway)
    async def away(_: Request, error: SourceAway) -> Response:
        sentence = f"The store did not answer, so there is nothing to show. Try again in a moment. ({error})"
        return HTMLResponse(pages.notice("The store is away", sentence), status_code=503)

    @desk.exception_handler(HTTPException)
    async def wrong(_: Request, error: HTTPException) -> Response:
        sentence = "There is no such page here. Alerts are listed on the first page."
        return HTMLResponse(pages.notice(str(error.detail), sentence), status_code=error.status_code)

    # Plain functions: the framework runs them on threads, so that a slow read holds nobody else up.
    @desk.api_route("/", methods=READS)
    def alerts() -> Response:
        return HTMLResponse(pages.alerts(evidence.latest_alerts(MOST_ALERTS), clock.now()))

    @desk.api_route("/alerts/{alert_id:path}", methods=READS)
    def alert(alert_id: str) -> Response:
        events = evidence.alert_events(alert_id)
        if not events:
            sentence = "There is no alert of that name; it may have been taken down with its posts."
            return HTMLResponse(pages.notice("No such alert", sentence), status_code=404)
        posts = evidence.story_posts(events[-1].story.id, MOST_POSTS)
        return HTMLResponse(pages.alert(events, posts, clock.now()))

    @desk.api_route("/thumbnails/{picture}", methods=READS)
    def thumbnail(picture: str) -> Response:
        return _thumbnail(thumbnails, picture)

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


def _thumbnail(kept: Thumbnails | None, picture: str) -> Response:
    body = kept.thumbnail(picture) if kept is not None and _PICTURE.match(picture) else None
    if body is None:
        return PlainTextResponse("no thumbnail is kept of that picture\n", status_code=404)
    return Response(body, media_type="image/jpeg", headers=THUMBNAIL)
