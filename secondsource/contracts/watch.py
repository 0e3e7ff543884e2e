"""What somebody asked to be watched. Made from YAML by `config`, read by every room."""

from __future__ import annotations

from secondsource.contracts.messages import Struct


class Thresholds(Struct, frozen=True, kw_only=True):
    """When a story of this watch is worth waking somebody."""

    min_interactions: int = 30  #: never below this many, however surprising
    max_surprise: float = 0.001  #: P(X ≥ x | expected) must be at most this
    min_history: int = 30  #: stories of the watch needed before anything is called surprising
    independent_origins: float = 2.0  #: N_eff at which a story counts as corroborated
    story_hours: float = 48.0  #: a story without a new post for this long is over
    lateness_seconds: float = 1.0  #: how long to wait for posts that arrive out of order
    recycled_days: float = 30.0  #: a picture first seen so long before a story is an old one
    coordinated_accounts: int = 5  #: accounts in step with another that make a push of it,
    coordinated_share: float = 0.2  #: and the share of all who assert the story that they must be
    removed_share: float = 0.2  #: of a story's own posts, gone from their platform while it spreads
    max_volume_surprise: float = 0.003  #: a bound on the chance of so many posts of the watch must be at most this,
    leading_share: float = 0.3  #: and this share of them be of the story that the spike is about
    alerts_per_hour: int = 6  #: told one by one; what opens beyond them goes into a digest


class Watch(Struct, frozen=True, kw_only=True):
    """`all_of`, `any_of`, `none_of` are keywords or phrases; `hashtags` without '#'; `languages` BCP 47 codes.

    `notify` are who is told beside the Slack channel: "webhook:NAME", "email:NAME".
    """

    name: str
    hashtags: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    collectors: tuple[str, ...] = ()
    slack_channel: str = ""
    notify: tuple[str, ...] = ()
    thresholds: Thresholds = Thresholds()
