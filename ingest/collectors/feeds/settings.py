"""What may be configured of feeds."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.collectors.feeds.listed import LISTED
from ingest.formats.feed import Feed
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.secret import Secret
from secondsource.contracts.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsSettings:
    """What `collectors.feeds` may say."""

    enabled: bool = setting(True, "Whether feeds are read.")
    feeds: tuple[Feed, ...] = setting(LISTED, "Feeds to read, instead of those that come with the product.")
    poll_seconds: float = setting(300.0, "How often a feed is asked, in seconds.", at_least=30, at_most=86400)
    max_bytes: int = setting(5_000_000, "Longest document that is read.", at_least=10_000, at_most=100_000_000)
    timeout_seconds: float = setting(20.0, "How long a feed or page may take in all.", at_least=1, at_most=300)
    private_hosts: tuple[str, ...] = setting(
        (),
        "Hosts (or host:port) that may be read although they are not on the public internet.",
        example=("feeds.lan",),
        pattern=r"[^\s/@]+",
    )
    fact_check_key: Secret | None = setting(
        None, "Key of Google's Fact Check Tools; without one they are not asked.", example="FACT_CHECK_KEY"
    )
    fact_check_url: str = setting(
        "https://factchecktools.googleapis.com", "Where Fact Check Tools answer.", pattern=r"https?://\S+"
    )
    fact_check_seconds: float = setting(
        3600.0, "How often Fact Check Tools are asked for a watch, in seconds.", at_least=60, at_most=604800
    )
    fact_check_days: int = setting(30, "How old a review may be.", at_least=1, at_most=3650)

    def __post_init__(self) -> None:
        if len({feed.url for feed in self.feeds}) < len(self.feeds):
            raise BadConfiguration("the same address stands twice under feeds:")

    def off(self) -> str:
        if not self.enabled:
            return "off; set collectors.feeds.enabled: true to read feeds"
        if not self.feeds and self.fact_check_key is None:
            return "feeds has nothing to read; name feeds under collectors.feeds.feeds"
        return ""
