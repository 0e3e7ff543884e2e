"""Stored posts through enrichment once more, as a backtest and a memory made anew want them: nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from config.loader import Configuration
from secondsource.app.wiring.stages import enrichment
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Coverage, Engagement, Enriched, Message, Picture, Post, Takedown
from secondsource.contracts.stage import Out, Record, Stage

if TYPE_CHECKING:
    from enrich.setup import Enrichment

RecordedMessage = Post | Engagement | Takedown | Coverage


def without_fetching(configuration: Configuration, clock: Clock) -> Enrichment:
    """Enrichment that leaves pictures alone: what was seen of those of stored posts is known."""
    deployment = configuration.deployment
    media = deployment.enrich.media.model_copy(update={"enabled": False})
    enrich = deployment.enrich.model_copy(update={"media": media})
    return enrichment(replace(configuration, deployment=deployment.model_copy(update={"enrich": enrich})), clock)


class Again:
    """Takes recorded messages through `enrich`. `known` tells the pictures of stored posts, by their uids; None where
    enrichment looks at pictures itself. `refused` messages could not be handled.
    """

    def __init__(
        self, enrich: Stage, known: Callable[[list[str]], Mapping[str, tuple[Picture, ...]]] | None = None
    ) -> None:
        self._enrich = enrich
        self._known = known
        self.refused = 0

    def enriched(self, messages: Sequence[RecordedMessage]) -> list[Message]:
        """What the judging stage is to get of them, in their order."""
        made = [out.message for out in self._handled(messages)]
        return made if self._known is None else _as_seen(made, self._known)

    def _handled(self, messages: Sequence[RecordedMessage]) -> list[Out]:
        """Enriched together; one by one where one of them cannot be."""
        try:
            return self._enrich.handle([Record(message) for message in messages])
        except BadRecord:
            outs: list[Out] = []
            for message in messages:
                try:
                    outs += self._enrich.handle([Record(message)])
                except BadRecord:
                    self.refused += 1
            return outs


def _as_seen(
    messages: Sequence[Message], known: Callable[[list[str]], Mapping[str, tuple[Picture, ...]]]
) -> list[Message]:
    """With the pictures that are stored of the posts."""
    with_media = [m.post.uid for m in messages if isinstance(m, Enriched) and m.post.media]
    shown = known(with_media) if with_media else {}
    return [
        msgspec.structs.replace(m, pictures=shown.get(m.post.uid, ())) if isinstance(m, Enriched) else m
        for m in messages
    ]
