"""An alert as an e-mail, in plain text and in HTML: pure but for its date.

All mails of an alert are one thread: each has a Message-ID of its own and answers the first (RFC 5322, 3.6.4), under a
subject that stays the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts import wording
from alerts.notifiers import together
from alerts.ports import Delivery
from alerts.quoting import clipped, isolated, web_address
from secondsource.contracts.messages import AlertEvent

MOST_LISTED = 8
MOST_TOGETHER = 200
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=998)

_templates = Environment(
    loader=PackageLoader("alerts.notifiers"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Letter(NamedTuple):
    """What a mail says: `lead` in large, then labelled lines, then links. No line holds a line break."""

    subject: str
    lead: str
    sentence: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    links: tuple[tuple[str, str], ...]


def message(delivery: Delivery, sender: tuple[str, str], to: Sequence[str], at: datetime) -> EmailMessage:
    """The whole mail. `sender` is a name and an address; `to` are addresses."""
    return _mail(letter(delivery), delivery, sender, to, at, identity(delivery, sender[1]))


def withdrawal(delivery: Delivery, sender: tuple[str, str], to: Sequence[str], at: datetime) -> EmailMessage:
    """The mail that asks to delete earlier ones: they quote a post that is gone, and no mail can be taken back."""
    lead = "A post that this alert quoted was removed where it was published."
    sentence = "Please delete the earlier mails of this thread: they cannot be taken back. This one says what is left."
    left = letter(delivery)._replace(lead=lead, sentence=sentence)
    shown = f"{delivery.id}\0removed\0{left}"
    return _mail(left, delivery, sender, to, at, _identity(shown, sender[1]))


def identity(delivery: Delivery, address: str) -> str:
    """The Message-ID of a delivery: the same each time it is tried."""
    return _identity(delivery.id, address)


def letter(delivery: Delivery) -> Letter:
    if delivery.together:
        return _of_many(delivery)
    return _of_one(delivery.event)


def _of_one(event: AlertEvent) -> Letter:
    claim = clipped(event.story.claim, 80)
    address = web_address(event.link)
    return Letter(
        subject=f"[{clipped(event.watch, 60)}] {isolated(f'“{claim}”')}",
        lead=f"{wording.KINDS[event.kind]}: {wording.headline(event, 300)}",
        sentence=wording.says(event),
        rows=tuple(_rows(event)),
        links=(("Evidence page", address),) if address else (),
    )


def _rows(event: AlertEvent) -> Iterator[tuple[str, tuple[str, ...]]]:
    finding, story = event.finding, event.story
    yield "Claim", (wording.claim(story, 1000),)
    yield "Spread", tuple(filter(None, (wording.spread(story.spread), wording.odds(story.spread))))
    yield "Sources", _listed([wording.origins(story), *map(wording.origin, story.origins)])
    if finding.reasons:
        yield (
            "Why",
            _listed([isolated(clipped(reason.sentence, 400)) for reason in wording.reasons(finding, MOST_LISTED)]),
        )
    if finding.earlier:
        yield "Picture seen before", _listed([wording.earlier(each) for each in finding.earlier])
    if event.kind not in {"corroborated", "expired"}:
        yield "What would clear it", (isolated(clipped(finding.clears, 400)),)
    yield "Alert", (f"{clipped(event.id, 120)}, {wording.moment(event.at)}",)


def _of_many(delivery: Delivery) -> Letter:
    events = together.by_spread(delivery.together)
    rows = [(wording.KINDS[event.kind], (*together.lines(event, 200), *_address(event))) for event in events]
    if len(rows) > MOST_TOGETHER:
        more = f"{len(rows) - MOST_TOGETHER:,} more stand on the desk"
        rows[MOST_TOGETHER:] = [("More", (more,))]
    desk = together.desk(events)
    return Letter(
        subject=f"{together.headline(events)}, {wording.moment(delivery.event.at)}",
        lead=together.headline(events),
        sentence=together.why(events),
        rows=tuple(rows),
        links=(("All alerts", desk),) if desk else (),
    )


def _address(event: AlertEvent) -> tuple[str, ...]:
    address = web_address(event.link)
    return (address,) if address else ()


def _listed(lines: list[str]) -> tuple[str, ...]:
    more = len(lines) - MOST_LISTED
    return (*lines[:MOST_LISTED], *([f"and {more:,} more on the evidence page"] if more > 0 else []))


def _mail(
    of: Letter, delivery: Delivery, sender: tuple[str, str], to: Sequence[str], at: datetime, name: str
) -> EmailMessage:
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(clipped(sender[0], 100), addr_spec=sender[1])
    mail["To"] = [Address(addr_spec=address) for address in to]
    mail["Subject"] = f"Re: {of.subject}" if delivery.reference else of.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = name
    if delivery.reference and delivery.reference != name:
        mail["In-Reply-To"] = delivery.reference
        mail["References"] = delivery.reference
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no "I am on holiday" in return
    mail.set_content(_plain(of), cte="quoted-printable")
    html = _templates.get_template("mail.html").render(letter=of)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail


def _plain(of: Letter) -> str:
    lines = [of.lead, of.sentence, ""]
    for label, texts in of.rows:
        lines += [f"{label}:", *(f"  {text}" for text in texts)]
    lines += ["", *(f"{label}: {address}" for label, address in of.links)]
    return "\n".join(lines).rstrip() + "\n"


def _identity(of: str, address: str) -> str:
    digest = hashlib.sha256(of.encode("utf-8", "replace")).hexdigest()[:40]
    return f"<{digest}@{address.rpartition('@')[2]}>"
