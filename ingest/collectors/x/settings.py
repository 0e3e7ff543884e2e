"""What may be configured of the X collector, and the rhythm it works in, which may not."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.collectors.x.budget import Limits
from ingest.collectors.x.rules import SEARCH_QUERY_LENGTH, STREAM_RULE_LENGTH
from secondsource.contracts.secret import Secret
from secondsource.contracts.settings import setting

HOW = "enabled: true, approved_use_case:, token_env: (or token_file:)"


@dataclass(frozen=True, slots=True, kw_only=True)
class XSettings:
    """X, by its filtered stream. Off until somebody turns it on and says what X approved the use for."""

    enabled: bool = setting(
        default=False, what="Whether posts of X are collected; X bills for each post read.", example=True
    )
    approved_use_case: str = setting(
        "",
        "The use X approved for your developer account, in your own words; it is written to the log at each start.",
        example="Newsroom verification, approved 2026-09-01",
        at_most=2000,
    )
    token: Secret | None = setting(None, "The app's bearer token.", example="X_BEARER_TOKEN")
    base_url: str = setting("https://api.x.com", "Where X's API is.", pattern=r"https?://\S+")
    posts_per_month: int = setting(
        20_000,
        "Posts that may be read in a UTC month, at most; 20000 cost about 100 dollars (2026), without profiles.",
        at_least=1000,
        at_most=3_000_000,
    )
    posts_per_day: int = setting(
        0, "Posts that may be read in a UTC day, at most; 0 for no limit but the month's.", example=2000, at_least=0
    )
    dollars_per_month: float = setting(
        0.0, "Dollars that may be spent in a UTC month, at most; 0 for no limit in money.", example=150.0, at_least=0
    )
    post_price: float = setting(0.005, "Dollars X takes for a post read.", at_least=0)
    profile_price: float = setting(0.010, "Dollars X takes for a profile read.", at_least=0)
    profiles: bool = setting(
        default=True,
        what="Whether authors' names and followers are asked for, which X bills apart; without, accounts are numbers.",
    )
    recovery_pages: int = setting(
        10, "Pages of 100 posts that closing a gap may cost, for each query of a watch.", at_least=0, at_most=1000
    )
    rules_cap: int = setting(1000, "Rules X allows the app.", at_least=1, at_most=100_000)
    rule_length: int = setting(STREAM_RULE_LENGTH, "Characters X allows a rule.", at_least=128, at_most=4096)
    query_length: int = setting(SEARCH_QUERY_LENGTH, "Characters X allows a search.", at_least=128, at_most=4096)

    def off(self) -> str:
        """Why it cannot run, and how to turn it on; "" where it can."""
        if not self.enabled:
            return f"off; X's terms bind its content to an approved use, and X bills for it. To turn it on: {HOW}"
        if not self.approved_use_case.strip():
            return (
                "off until you state the use case X approved your access for: X's terms allow its content for"
                f" approved uses only. To turn it on: {HOW}"
            )
        if self.token is None or not self.token.reveal().strip():
            return f"off: expected a bearer token, found none; give it by environment or file. To turn it on: {HOW}"
        if 0 < self.posts_per_day < 500:
            return f"off: posts_per_day is {self.posts_per_day}; expected 500 or more, or 0 for no limit of a day"
        return ""

    def limits(self) -> Limits:
        return Limits(
            self.posts_per_month, self.posts_per_day, self.dollars_per_month, self.post_price, self.profile_price
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Seconds, but for `flush_lines` and `waiting`. The defaults are what X asks for; tests have less time."""

    stall: float = 21.0  #: without a byte; X sends a heartbeat every 20 s
    flush: float = 0.2
    flush_lines: int = 500
    waiting: int = 10_000  #: lines that may wait to be handled
    tick: float = 1.0
    coverage: float = 60.0
    rules_apply: float = 20.0  #: until new rules bring posts
    search_delay: float = 40.0  #: until what was just written can be searched for
    stale: float = 5.0  #: from ending connections left behind to the next try
