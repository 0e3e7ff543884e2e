"""What may be configured of Mastodon."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.secret import Secret
from secondsource.contracts.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    base_url: str = setting(
        "",
        "Where the instance is, with https://.",
        example="https://mastodon.social",
        pattern=r"https?://[^/\s?#]+/?",
    )
    token: Secret | None = setting(
        None, "An access token of an account there (scope read:statuses): posts then come at once instead of by asking."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MastodonSettings:
    enabled: bool = setting(True, "Whether to follow Mastodon; it stays off while no instance is named.")
    instances: tuple[Instance, ...] = setting(
        (), "The instances to follow hashtags on; a large one sees most of what the others have.", at_most=20
    )
    poll_seconds: float = setting(
        30.0, "How often a hashtag is asked for where it is not streamed, in seconds.", at_least=5, at_most=3600
    )
    recheck_seconds: float = setting(
        300.0, "How often posts that arrived late are looked for, in seconds.", at_least=30, at_most=86400
    )
    late_minutes: float = setting(
        30.0,
        "How late a post from another instance may arrive and still be found, in minutes.",
        at_least=1,
        at_most=720,
    )
    look_back_hours: float = setting(
        1.0, "How far back a hashtag is read when it is followed for the first time, in hours.", at_least=0, at_most=168
    )
    requests_per_five_minutes: int = setting(
        240, "Requests to one instance in five minutes; Mastodon allows 300.", at_least=10, at_most=300
    )
    streams: int = setting(
        10,
        "Streams to one instance at a time, where it has a token; further hashtags are asked for.",
        at_most=50,
        at_least=0,
    )
    stall_seconds: float = setting(
        60.0,
        "Silence without even a heartbeat after which a stream counts as broken, in seconds.",
        at_least=20,
        at_most=3600,
    )
    searchable_only: bool = setting(
        False, "Also leave out authors who have not opted in to search (those marked noindex are always left out)."
    )
    counts_elsewhere: bool = setting(
        True, "Ask also instances that are not named here for the counts of posts written there."
    )
    remembered: int = setting(
        50_000, "Posts remembered, to tell copies, edits and deletions.", at_least=1000, at_most=1_000_000
    )
    max_answer_bytes: int = setting(
        5_000_000, "The longest answer that is read, in bytes.", at_least=100_000, at_most=100_000_000
    )

    def __post_init__(self) -> None:
        hosts = [host_of(instance.base_url) for instance in self.instances]
        if "" in hosts or len(set(hosts)) < len(hosts):
            raise BadConfiguration(f"expected instances each with an address of its own, came {', '.join(hosts)}")

    def off(self) -> str:
        if not self.enabled:
            return "off; set enabled: true under mastodon"
        if not self.instances:
            return "off; name at least one instance, as instances: [{base_url: https://mastodon.social}]"
        return ""


def host_of(base_url: str) -> str:
    """Host and port, as in the names of what was written there; "" where it is no web address."""
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else ""
