"""What may be configured of Bluesky."""

from __future__ import annotations

from dataclasses import dataclass

from secondsource.contracts.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueskySettings:
    enabled: bool = setting(True, "Follow Bluesky's public stream; it needs no key and no account.")
    wire: str = setting("v2", "Which of Jetstream's two wires to speak; v1 is the older one.", pattern="v1|v2")
    hosts: tuple[str, ...] = setting(
        (),
        "Jetstream hosts in the order they are tried; none: the public ones of the wire.",
        example=("wss://jetstream.us-east.bsky.network",),
        pattern=r"wss?://[^\s/?#]+",
    )
    api: str = setting("https://public.api.bsky.app", "Where counts of posts are asked for.", pattern=r"https?://\S+")
    behind_seconds: float = setting(
        10.0,
        "For how long the stream may come faster than it is handled before the ledger says so.",
        at_least=0,
        at_most=86400,
    )
    ping_seconds: float = setting(
        10.0, "How long nothing may come before the host is pinged.", at_least=0.1, at_most=3600
    )
    max_frame_bytes: int = setting(
        500_000, "Larger posts are not asked for, nor kept.", at_least=1000, at_most=100_000_000
    )
    read_ahead: int = setting(
        2_000, "Frames read and not yet handled before the socket is paused.", at_least=1, at_most=1_000_000
    )
    remembered: int = setting(
        100_000, "Posts sent whose deletion is known without asking the store.", at_least=1, at_most=10_000_000
    )

    def off(self) -> str:
        return "" if self.enabled else "off; set collectors.bluesky.enabled: true to follow it"
