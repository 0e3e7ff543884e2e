"""What the desk reads, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alerts.ports import Overview, StoryPost
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent


class FakeEvidence:
    """`lives` are the events of each alert, oldest first; the alert that changed last is the newest.

    `sight` is what was seen, as far as an overview tells it.
    """

    def __init__(self, lives: Sequence[Sequence[AlertEvent]], posts: Mapping[str, Sequence[StoryPost]]) -> None:
        self._lives = [list(life) for life in lives]
        self._posts = posts
        self.away = False
        self.sight = Overview()

    def overview(self, most_open: int, most_closed: int) -> Overview:
        newest = self.latest_alerts(len(self._lives))
        stand = [event for event in newest if event.kind not in {"corroborated", "expired"}]
        over = [event for event in newest if event not in stand]
        return self.sight._replace(
            open=tuple(stand[:most_open]), open_in_all=len(stand), closed=tuple(over[:most_closed])
        )

    def latest_alerts(self, limit: int) -> list[AlertEvent]:
        self._answer()
        newest = [life[-1] for life in self._lives]
        return sorted(newest, key=lambda event: (event.at, event.id), reverse=True)[:limit]

    def alert_events(self, alert_id: str) -> list[AlertEvent]:
        self._answer()
        return next((list(life) for life in self._lives if life[0].alert_id == alert_id), [])

    def story_posts(self, story_id: str, limit: int) -> list[StoryPost]:
        self._answer()
        return list(self._posts.get(story_id, ()))[:limit]

    def _answer(self) -> None:
        if self.away:
            raise SourceAway("no database")
