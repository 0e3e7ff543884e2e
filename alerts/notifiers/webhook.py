"""Any receiver, ours or of others, over HTTP: a signed POST of JSON for each step. docs/notify.md says what is in it.

A receiver cannot be looked at, so a delivery in doubt is made again under the same id, which it tells it by.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from alerts.notifiers.connection import REPAIR, Resolver, addresses, dial, secured, within
from alerts.notifiers.contract import Pace, Refused, Unheard
from alerts.notifiers.webhook_body import Change, body, message_id, signature
from alerts.ports import Delivery
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.secret import Secret

#: The receiver is not where or what its address says, or does not know us: not the message's fault.
_NOT_AS_CONFIGURED = {401, 403, 404, 405, 407, 421}
#: Nothing was done, by the meaning of the status.
_LATER = {408, 425, 429, 503}
_READ = 16_384  # bytes of an answer, which says nothing that we need


class Receiver(NamedTuple):
    """`url` may hold a token, so is as secret as `secret`, which signs (None: nothing does).

    `inside`: it may be in a network of ours, and not only on the public internet. `ca_file` is the authority of its
    certificate, "" for those the system trusts.
    """

    url: Secret
    secret: Secret | None = None
    inside: bool = False
    ca_file: str = ""


class Answer(NamedTuple):
    status: int
    retry_after: float | None


class WebhookNotifier:
    """Serves "webhook:NAME". A reference is the alert's id: a receiver has no handle to give back.

    `timeout` in seconds bounds each wait, `total` the whole conversation.
    """

    name = "webhook"
    digests = False  #: a program is told of every step; it takes as many as there are

    def __init__(
        self,
        receivers: Mapping[str, Receiver],
        clock: Clock,
        user_agent: str = "second-source",
        *,
        timeout: float = 5.0,
        total: float = 15.0,
        resolve: Resolver = addresses,
    ) -> None:
        self.pace: Pace | None = Pace(per_second=10.0, burst=20)
        self._receivers = dict(receivers)
        self._clock = clock
        self._user_agent = user_agent
        self._timeout = timeout
        self._total = total
        self._resolve = resolve

    def post(self, delivery: Delivery) -> str:
        self._send(delivery, "step")
        return delivery.event.alert_id or delivery.id

    def correct(self, delivery: Delivery) -> None:
        """Tell again of what was told: it says something else now, or an analyst did something about it."""
        try:
            self._send(delivery, "corrected" if delivery.stale else "acted")
        except Unheard as error:  # may be repeated freely
            raise SourceAway(str(error), retry_after=error.retry_after) from error

    def find(self, delivery: Delivery) -> str | None:  # noqa: ARG002 - the protocol asks about a delivery
        return None

    def _send(self, delivery: Delivery, change: Change) -> None:
        name = delivery.destination.partition(":")[2]
        receiver = self._receivers.get(name)
        if receiver is None:
            known = ", ".join(sorted(self._receivers)) or "none"
            raise Refused(f"no webhook named {name or 'nothing'} in secondsource.yaml any more (have {known})")
        now = self._clock.now()
        content = body(delivery, change, now)
        message, at = message_id(delivery, change, content), int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._user_agent,
            "webhook-id": message,
            "webhook-timestamp": str(at),
            "Idempotency-Key": message,
            "Connection": "close",
        }
        if receiver.secret is not None:
            headers["webhook-signature"] = signature(receiver.secret.reveal(), message, at, content)
        _judge(name, self._ask(name, receiver, content, headers))

    def _ask(self, name: str, receiver: Receiver, content: bytes, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(receiver.url.reveal())
        secure, host = parts.scheme.lower() == "https", parts.hostname or ""
        port = parts.port or (443 if secure else 80)
        # Nothing below may say the address: what follows the host can be a token.
        line = dial(host, port, self._timeout, inside=receiver.inside, resolve=self._resolve)
        with within(self._total, line):
            if secure:
                line = secured(line, host, _trust(name, receiver))
            line.settimeout(self._timeout)
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            connection = kind(host, port, timeout=self._timeout)
            connection.sock = line  # the one whose address was looked at
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            try:
                connection.request("POST", target, content, dict(headers))
                answer = connection.getresponse()
                answer.read(_READ)
            except (OSError, http.client.HTTPException) as error:
                kind_of = type(error).__name__
                raise Unheard(f"expected an answer from the webhook {name}, came {kind_of}") from error
            finally:
                connection.close()
        return Answer(answer.status, _seconds(answer.getheader("Retry-After", ""), self._clock.now()))


def _judge(name: str, answer: Answer) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    if status in _LATER:
        raise SourceAway(f"the webhook {name} asks to wait (HTTP {status})", retry_after=answer.retry_after)
    if status >= 500:
        raise Unheard(f"expected the webhook {name} to take it, came HTTP {status}", retry_after=answer.retry_after)
    if status in _NOT_AS_CONFIGURED or 300 <= status < 400:
        msg = f"the webhook {name} is not as configured: HTTP {status}; check its url and secret. It is tried again"
        raise SourceAway(msg, retry_after=answer.retry_after or REPAIR)
    raise Refused(f"the webhook {name} will not take it: HTTP {status}; see its own log for the id of the delivery")


def _trust(name: str, receiver: Receiver) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=receiver.ca_file or None)
    except OSError as error:
        msg = f"expected certificates in {receiver.ca_file} for the webhook {name}, came {type(error).__name__}"
        raise SourceAway(msg, retry_after=REPAIR) from error


def _seconds(told: str, now: datetime) -> float | None:
    """Retry-After (RFC 9110, 10.2.3): seconds, or a date. None where it is neither; never more than an hour."""
    told = told.strip()
    if told.isascii() and told.isdecimal():
        return min(float(told[:9]), 3600.0)
    try:
        at = parsedate_to_datetime(told)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - now).total_seconds()), 3600.0)
