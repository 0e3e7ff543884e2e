"""Alerts on a terminal: what happened first, what it rests on below, one label a line.

Of an alert that was shown, its next steps tell what has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TextIO

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from alerts import wording
from alerts.notifiers.contract import Pace
from alerts.ports import Delivery
from alerts.quoting import clipped, isolated, web_address
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent, Reason

MOST_REASONS = 8
MOST_EARLIER = 5
MOST_ORIGINS = 5
MOST_REMEMBERED = 1_000  #: alerts whose last step is kept, to tell what changes in them
_STYLES = {
    "opened": "bold red",
    "updated": "bold yellow",
    "escalated": "bold red",
    "corroborated": "bold green",
    "contested": "bold magenta",
    "expired": "bold",
}


class ConsoleNotifier:
    """Prints to a text stream. A terminal cannot be looked at again, so a delivery in doubt is printed once more
    and says so.

    `width` in columns; None takes the terminal's, 100 where the stream is none. Colours only on a terminal.
    """

    name = "console"
    pace: Pace | None = None
    digests = False  #: whoever looks at a terminal scrolls

    def __init__(self, stream: TextIO, width: int | None = None) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._width = width if width is not None or self._terminal else 100
        self._shown: dict[str, AlertEvent] = {}

    def post(self, delivery: Delivery) -> str:
        encoding = self._stream.encoding or "utf-8"
        event = delivery.event
        before = self._shown.get(event.alert_id)
        lines = rows(event) if before is None or before.seq >= event.seq else changes(before, event)
        page = self._page(delivery, lines).encode(encoding, "replace").decode(encoding)
        try:
            self._stream.write(page)
            self._stream.flush()
        except OSError as error:
            raise SourceAway(f"expected to print alert {event.alert_id}, but the terminal is gone: {error}") from error
        self._remember(event)
        return event.alert_id

    def _remember(self, event: AlertEvent) -> None:
        self._shown.pop(event.alert_id, None)
        self._shown[event.alert_id] = event
        if len(self._shown) > MOST_REMEMBERED:
            del self._shown[next(iter(self._shown))]

    def _page(self, delivery: Delivery, lines: Iterator[tuple[str, str]]) -> str:
        """Rendered aside, and written in one go: rich would end the process if the stream were a closed pipe."""
        aside = StringIO()
        console = Console(
            file=aside, width=self._width, force_terminal=self._terminal, highlight=False, markup=False, emoji=False
        )
        console.print(_title(delivery.event))
        console.print(Text(wording.headline(delivery.event, 400), style="bold"))
        console.print(_table(lines, repeated=delivery.in_doubt))
        return "\n".join(line.rstrip(" ") for line in aside.getvalue().splitlines()) + "\n\n"

    def correct(self, delivery: Delivery) -> None:
        """What a terminal has shown cannot be taken back, and nothing of it is kept."""

    def find(self, delivery: Delivery) -> str | None:  # noqa: ARG002 - the protocol asks about a delivery
        return None


def rows(event: AlertEvent) -> Iterator[tuple[str, str]]:
    """An alert as label and line, most urgent first; a label is not repeated for the lines that belong to it."""
    story, finding = event.story, event.finding
    yield "Claim", wording.claim(story, 600)
    yield "Spread", wording.spread(story.spread)
    if odds := wording.odds(story.spread):
        yield "", odds
    yield "Sources", wording.origins(story)
    yield from _listed("", [wording.origin(o) for o in story.origins], MOST_ORIGINS)
    yield from _listed("Why", _sentences(wording.reasons(finding, MOST_REASONS)), MOST_REASONS)
    yield from _listed("Seen before", [wording.earlier(e) for e in finding.earlier], MOST_EARLIER)
    if event.kind != "corroborated":
        yield "Clears it", isolated(clipped(finding.clears, 400))
    yield from _which(event)


def changes(before: AlertEvent, event: AlertEvent) -> Iterator[tuple[str, str]]:
    """What a step adds to the one that was shown before it, and which alert it is of."""
    story, finding, was = event.story, event.finding, before.story
    yield "Now", wording.says(event)
    yield "Claim", wording.claim(story, 120)
    yield from _since("Spread", wording.spread(was.spread), wording.spread(story.spread))
    yield from _since("Sources", wording.origins(was), wording.origins(story))
    known = {origin.first_uid for origin in was.origins}
    yield from _listed("", [wording.origin(o) for o in story.origins if o.first_uid not in known], MOST_ORIGINS)
    told = {reason.name for reason in before.finding.reasons}
    new = [reason for reason in wording.reasons(finding, MOST_REASONS) if reason.name not in told]
    yield from _listed("Why", _sentences(new), MOST_REASONS)
    seen = set(before.finding.earlier)
    yield from _listed("Seen before", [wording.earlier(e) for e in finding.earlier if e not in seen], MOST_EARLIER)
    if event.kind != "corroborated" and finding.clears != before.finding.clears:
        yield "Clears it", isolated(clipped(finding.clears, 400))
    yield from _which(event)


def _since(label: str, was: str, now: str) -> Iterator[tuple[str, str]]:
    yield label, now
    if was != now:
        yield "", f"before: {was}"


def _which(event: AlertEvent) -> Iterator[tuple[str, str]]:
    if address := web_address(event.link):
        yield "Evidence", address
    beside = f", beside {kin}" if (kin := wording.kin(event)) else ""
    yield "Rules", wording.rules(event.finding)
    yield "Alert", f"{clipped(event.id, 120)} in watch {isolated(clipped(event.watch, 60))}{beside}"


def _sentences(reasons: Sequence[Reason]) -> list[str]:
    return [isolated(clipped(reason.sentence, 400)) for reason in reasons]


def _listed(label: str, lines: list[str], most: int) -> Iterator[tuple[str, str]]:
    for place, line in enumerate(lines[:most]):
        yield (label if place == 0 else ""), line
    if len(lines) > most:
        yield "", f"and {len(lines) - most:,} more"


def _title(event: AlertEvent) -> Text | Rule:
    title = Text(f"{wording.KINDS[event.kind].upper()}  {wording.moment(event.at)}", style=_STYLES[event.kind])
    return Rule(title, align="left", characters="─", style="dim")


def _table(lines: Iterator[tuple[str, str]], *, repeated: bool) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for label, line in lines:
        table.add_row(Text(label), Text(line))
    if repeated:
        table.add_row(Text(""), Text("(printed again: the last sender stopped before it could note that it had)"))
    return table
