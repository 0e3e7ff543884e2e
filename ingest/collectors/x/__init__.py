"""X, by its filtered stream.

Off until an operator says for which use case X approved the access: nothing here runs without that sentence.

Watches become rules (rules), the rules are kept in step with X by tweepy (client), and lines are read from one
connection at a time (stream), mapped (lines), and sent on every 200 ms. When the connection is lost, run decides
what next, in the rhythm X asks for (backoff); gaps are closed by search (gaps). No more is read than the budget
allows (budget). Beside the stream: counts asked for again (counts), and deletions asked for (compliance).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Event
from typing import ClassVar

import msgspec

from ingest.collectors.x.budget import Forecast, Purse
from ingest.collectors.x.client import XClient
from ingest.collectors.x.lines import Ownership, to_posts
from ingest.collectors.x.rules import compile_rules, watches_by_rule
from ingest.collectors.x.run import Cursor, Means, Run
from ingest.collectors.x.settings import Rhythm, XSettings
from ingest.matching import Matcher
from ingest.ports import Spending
from ingest.surroundings import Surroundings
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Message
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch

log = logging.getLogger(__name__)


class X:
    """Collector of X's filtered stream.

    `seen` counts, over the collector's life: posts, rejected, unknown, nobody's, problem, connects, recovered.

    Raises:
        BadConfiguration: settings that are `off`, or watches X's rules cannot say.
    """

    name: ClassVar[str] = "x"
    Settings: ClassVar[type[XSettings]] = XSettings

    def __init__(
        self, settings: XSettings, watches: Sequence[Watch], around: Surroundings, *, rhythm: Rhythm | None = None
    ) -> None:
        off = settings.off()
        if off or settings.token is None:
            raise BadConfiguration(f"x: {off}")
        self.seen: Counter[str] = Counter()
        self._clock = around.clock
        token = settings.token.reveal().strip()
        wanted = compile_rules(watches, length=settings.rule_length, cap=settings.rules_cap)
        names = tuple(watch.name for watch in watches)
        self._owners = Ownership(watches_by_rule(wanted, ()), Matcher(watches), frozenset(names))
        self.purse = Purse(settings.limits(), around.spending, around.clock)
        self._means = Means(
            name=self.name,
            settings=settings,
            rhythm=rhythm or Rhythm(),
            token=token,
            user_agent=around.user_agent,
            clock=around.clock,
            client=XClient(settings.base_url, token, around.user_agent, profiles=settings.profiles),
            purse=self.purse,
            watches=tuple(watches),
            wanted=wanted,
            owners=self._owners,
            seen=self.seen,
        )
        log.info("x: the use X approved, as the operator says: %s", settings.approved_use_case.strip())

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """For ever, until `stop`.

        Raises:
            BadConfiguration: X refuses the token, the access or a rule.
        """
        try:
            begun = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
        except msgspec.DecodeError as error:
            raise BadConfiguration(f"x: expected a cursor of its own, came {cursor[:80]!r}: {error}") from error
        return Run(self._means, begun, stop).batches()

    def remap(self, body: bytes) -> Sequence[Message]:
        mapped = to_posts(body, self._clock.now(), self.name, self._owners, ahead=timedelta(0))
        if mapped.kind != "posts":
            raise BadRecord(f"expected a post of a watch, came {mapped.kind} {mapped.note}".rstrip())
        return mapped.messages


def forecast(settings: XSettings, spending: Spending, clock: Clock) -> list[Forecast]:
    """What has been read this month, and what will have been at its end (`sentence` says it): for posts, and dollars.

    Raises:
        SourceAway: the ledger of spending does not answer.
    """
    purse = Purse(settings.limits(), spending, clock)
    purse.open()
    return purse.forecast()
