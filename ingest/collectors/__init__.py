"""One file a platform: a client that fetches, a pure mapping. To add a collector, add its class to COLLECTORS."""

from __future__ import annotations

from ingest.collectors.replay import Replay
from ingest.collectors.x import X

COLLECTORS: tuple[tuple[str, type[Replay] | type[X]], ...] = (("replay", Replay), ("x", X))
