"""One file a platform: a client that fetches, a pure mapping. To add a collector, add its class to LIVE.

`LIVE` bring posts; `BESIDE` run like them and bring none of their own.
"""

from __future__ import annotations

from ingest.live import LiveCollector

LIVE: tuple[LiveCollector, ...] = ()

BESIDE: tuple[LiveCollector, ...] = ()
