"""One file a platform, one folder where that would be long: a client that fetches, a pure mapping.

To add a collector, add its class to LIVE.

`LIVE` bring posts; `BESIDE` run like them and bring none of their own. `COUNTERS` ask again for the counts of a live
collector's posts, by its name and with its settings.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingest.collectors.bluesky import Bluesky
from ingest.collectors.bluesky.counts import BlueskyCounts
from ingest.collectors.feeds import Feeds
from ingest.collectors.mastodon import Mastodon
from ingest.collectors.mastodon.counts import counter as mastodon_counter
from ingest.collectors.refresher import Refresher
from ingest.collectors.x import X
from ingest.collectors.x.counts import XCounts
from ingest.live import LiveCollector, MakeCounter

LIVE: tuple[LiveCollector, ...] = (Bluesky, Feeds, Mastodon, X)

COUNTERS: Mapping[str, MakeCounter] = {
    "bluesky": lambda settings, around: BlueskyCounts(settings.api, around.user_agent, around.clock),
    "mastodon": mastodon_counter,
    "x": lambda settings, around: XCounts(settings, around.spending, around.clock, around.user_agent),
}

BESIDE: tuple[LiveCollector, ...] = (Refresher,)
