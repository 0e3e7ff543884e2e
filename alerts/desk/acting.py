"""Doing something about an alert from its page: a form, and what keeps it to those who have the page open.

No page of ours runs a script, and nobody signs in here; whoever reaches the desk may act. So that no other page can
act for them, a form is taken only where all of these hold: the address asked for is one of ours (no name that somebody
pointed at this machine), the browser says that it comes from there, and it carries what only a page served to the same
browser for the same alert could: a mark made from its cookie and a key that lives as long as this process.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import NamedTuple, cast
from urllib.parse import parse_qs, quote, unquote, urlsplit

from alerts.quoting import clipped
from secondsource.contracts.acts import LONGEST_NAME, LONGEST_NOTE, VERDICTS, Act, ActKind
from secondsource.contracts.secret import Secret

COOKIE, NAME_COOKIE = "secondsource_desk", "secondsource_name"
MOST_BYTES = 16_000  #: of a form
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
DOINGS: Mapping[str, str] = {
    "acknowledged": "Acknowledge",
    "snoozed:1": "Snooze 1 h",
    "snoozed:4": "Snooze 4 h",
    "snoozed:24": "Snooze 24 h",
    "dismissed:useful": "Dismiss as useful",
    "dismissed:known": "Dismiss as known",
    "dismissed:noise": "Dismiss as noise",
    "reopened": "Reopen",
}


class Form(NamedTuple):
    """What a page's form carries. `press` makes the form, sent twice, one act; `name` is who acted here before."""

    alert_id: str
    press: str
    mark: str
    name: str


class Turned(Exception):
    """A form that is not taken, and why, for whoever sent it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Forms:
    """Makes forms and reads them back.

    `hosts` are names that the desk is asked for by, beside those of loopback; `over_tls` those of them that are only
    reached over https, so that cookies made there go nowhere else.
    """

    def __init__(
        self,
        hosts: Collection[str] = (),
        over_tls: Collection[str] = (),
        key: Secret | None = None,
        fresh: Callable[[], str] = token_urlsafe,
    ) -> None:
        self._named = {host.lower() for host in (*hosts, *over_tls) if host}
        self._over_tls = {host.lower() for host in over_tls if host}
        self._hosts = LOOPBACK | self._named
        self._fresh = fresh
        self._key = (key or Secret(token_urlsafe(32))).reveal().encode()

    def secure(self, headers: Mapping[str, str]) -> bool:
        """Whether what is kept in this browser is to be sent over https only."""
        return asked_for(headers) in self._over_tls

    def cookie(self, cookies: Mapping[str, str]) -> str:
        """The browser's own mark, or a new one."""
        return cookies.get(COOKIE) or self._fresh()

    def form(self, alert_id: str, cookie: str, cookies: Mapping[str, str]) -> Form:
        press = self._fresh()
        name = clipped(unquote(cookies.get(NAME_COOKIE, "")), LONGEST_NAME)
        return Form(alert_id, press, self._mark(cookie, alert_id, press), name)

    def read(self, headers: Mapping[str, str], cookies: Mapping[str, str], body: bytes, now: datetime) -> Act:
        """What a form asks for.

        Raises:
            Turned: it comes from elsewhere, or does not say what is needed.
        """
        self._from_here(headers)
        try:
            fields = {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=20).items()}
        except ValueError as error:
            raise Turned(400, "That was no form of this page.") from error
        alert_id, press = fields.get("alert", ""), fields.get("press", "")
        expected = self._mark(cookies.get(COOKIE, ""), alert_id, press)
        if not cookies.get(COOKIE) or not hmac.compare_digest(expected.encode(), fields.get("mark", "").encode()):
            sentence = "The page was opened before the desk was started again, or in another browser. Open it anew."
            raise Turned(403, sentence)
        return _act(fields, alert_id, press, now)

    def _from_here(self, headers: Mapping[str, str]) -> None:
        asked, came = headers.get("host", ""), headers.get("origin", "")
        if asked_for(headers) not in self._hosts:
            host = clipped(asked, 80)
            raise Turned(403, f"Nothing can be done at {host}: it is not an address of this desk (desk.public_url).")
        fetched = headers.get("sec-fetch-site", "")
        # A proxy may ask us by another name of ours than its own.
        ours = fetched == "same-origin" if not came else _place(came) == asked or _name(came) in self._named
        if not ours or fetched not in {"", "same-origin"}:
            raise Turned(403, "That came from another page, so nothing was done.")

    def _mark(self, cookie: str, alert_id: str, press: str) -> str:
        said = "\0".join((cookie, alert_id, press)).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, said, sha256).hexdigest()


def asked_for(headers: Mapping[str, str]) -> str:
    """The name by which the desk is asked for, without the port."""
    return _name(f"//{headers.get('host', '')}")


def name_cookie(by: str) -> str:
    """The value that remembers who acts here."""
    return quote(by, safe="")


def _act(fields: Mapping[str, str], alert_id: str, press: str, now: datetime) -> Act:
    by, doing = clipped(fields.get("by", ""), LONGEST_NAME), fields.get("do", "")
    if not by:
        raise Turned(400, "Say who you are, so that others know who did it.")
    if doing not in DOINGS:
        raise Turned(400, "The page does not offer that.")
    kind, _, more = doing.partition(":")
    return Act(
        id=f"desk:{clipped(press, 80)}:{doing}",
        alert_id=alert_id,
        kind=cast("ActKind", kind),
        by=by,
        at=now,
        via="desk",
        until=now + timedelta(hours=int(more)) if kind == "snoozed" else None,
        verdict=more if more in VERDICTS else None,
        note=clipped(fields.get("note", ""), LONGEST_NOTE),
    )


def _place(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _name(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
