"""One file a platform: a client that fetches, a pure mapping. To add a collector, add its class to LIVE.

`LIVE` bring posts; `BESIDE` run like them and bring none of their own.
"""

from __future__ import annotations

from ingest.collectors.bluesky import Bluesky
from ingest.collectors.feeds import Feeds
from ingest.collectors.mastodon import Mastodon
from ingest.collectors.refresher import Refresher
from ingest.collectors.x import X
from ingest.live import LiveCollector

LIVE: tuple[LiveCollector, ...] = (Bluesky, Feeds, Mastodon, X)

BESIDE: tuple[LiveCollector, ...] = (Refresher,)
