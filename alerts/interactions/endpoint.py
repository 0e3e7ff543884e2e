"""Where Slack sends presses over HTTP, if the deployment can be reached from outside: `POST /slack/interactions`.

Every request must carry Slack's signature. What is wrong with one is logged, and not told to whoever sent it.
"""

from __future__ import annotations

import json
import logging
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

from alerts.interactions.receiver import Receiver
from alerts.interactions.signature import SIGNATURE, TIMESTAMP, why_not_signed
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.secret import Secret

PATH = "/slack/interactions"
MOST_BYTES = 1_000_000  #: of a body; a payload repeats the message it came from, which is far smaller

_log = logging.getLogger(__name__)


def create_endpoint(secret: Secret, receiver: Receiver, clock: Clock) -> FastAPI:
    """Answers 200 with an empty body, at once: 401 unless Slack signed it, 400 where it signed something else."""
    endpoint = FastAPI(title="Second Source", docs_url=None, redoc_url=None, openapi_url=None)

    @endpoint.post(PATH)
    async def interaction(request: Request) -> Response:
        body = await _read(request)
        if body is None:
            return PlainTextResponse("too large\n", status_code=413)
        headers = request.headers
        wrong = why_not_signed(secret, headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, ""), body, clock.now())
        if wrong:
            _log.warning("request to the Slack endpoint not taken", extra={"reason": wrong})
            return PlainTextResponse("not signed by Slack\n", status_code=401)
        try:
            receiver.take(_payload(body))
        except BadRecord as error:
            _log.warning("interaction not understood", extra={"reason": str(error)})
            return PlainTextResponse("not understood\n", status_code=400)
        except SourceAway as error:
            _log.warning("interaction not taken", extra={"reason": str(error)})
            return PlainTextResponse("too busy\n", status_code=503)
        return Response(status_code=200)

    @endpoint.get("/healthz")
    async def health() -> Response:
        return PlainTextResponse("ok\n")

    return endpoint


async def _read(request: Request) -> bytes | None:
    """The body as it came, which is what is signed; None where it is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _payload(body: bytes) -> object:
    """What stands in the form's one field.

    Raises:
        BadRecord: there is no such field, or no JSON in it.
    """
    try:
        fields = parse_qs(body.decode("utf-8"), max_num_fields=10)
        (text,) = fields["payload"]
        return json.loads(text)
    except (ValueError, KeyError, RecursionError) as error:
        raise BadRecord(f"expected a form with one field, payload, with JSON in it: {type(error).__name__}") from error
