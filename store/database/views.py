"""The views that boards and analysts read, so that tables may change beneath them. Migrations create them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, Table

from store.database.column_types import Instant, Words

views = MetaData()

#: Pictures shown more than once, by their own bytes or by others within PDQ distance 31, and who showed one first.
reused_pictures = Table(
    "reused_pictures",
    views,
    Column("picture", Words),
    Column("pdq", Words),
    Column("width", Integer),
    Column("height", Integer),
    Column("sightings", BigInteger),
    Column("first_seen_at", Instant),
    Column("first_source", Words),
    Column("first_handle", Words),
    Column("first_url", Words),
    Column("last_seen_at", Instant),
)

#: Alerts that have been neither corroborated nor expired, with their story as it stands.
open_alerts = Table(
    "open_alerts",
    views,
    Column("id", Words),
    Column("watch", Words),
    Column("story", Words),
    Column("rule", Words),
    Column("kind", Words),
    Column("opened_at", Instant),
    Column("at", Instant),
    Column("headline", Words),
    Column("channel", Words),
    Column("claim", Words),
    Column("state", Words),
    Column("independent", Double),
    Column("posts", BigInteger),
    Column("accounts", BigInteger),
    Column("disputes", BigInteger),
    Column("interactions", BigInteger),
    Column("surprise", Double),
)

#: Stories with fewer than two origins, disputed or not. Order by interactions for the most spread.
uncorroborated_stories = Table(
    "uncorroborated_stories",
    views,
    Column("id", Words),
    Column("watch", Words),
    Column("opened_at", Instant),
    Column("as_of", Instant),
    Column("claim", Words),
    Column("claim_uid", Words),
    Column("state", Words),
    Column("independent", Double),
    Column("posts", BigInteger),
    Column("accounts", BigInteger),
    Column("disputes", BigInteger),
    Column("interactions", BigInteger),
    Column("spread_state", Words),
    Column("expected", Double),
    Column("surprise", Double),
)

#: One row for each post and watch.
post_watches = Table(
    "post_watches",
    views,
    Column("uid", Words),
    Column("watch", Words),
    Column("platform", Words),
    Column("collector", Words),
    Column("created_at", Instant),
    Column("observed_at", Instant),
    Column("language", Words),
    Column("confidence", Double),
    Column("stance", Words),
)

#: One row for each entity in each post; `id` is what to count by.
entity_mentions = Table(
    "entity_mentions",
    views,
    Column("uid", Words),
    Column("observed_at", Instant),
    Column("kind", Words),
    Column("id", Words),
    Column("text", Words),
)

#: When a collector saw (`state` seen) or was blind to a watch ("" for all of its watches).
collector_coverage = Table(
    "collector_coverage",
    views,
    Column("collector", Words),
    Column("watch", Words),
    Column("state", Words),
    Column("reason", Words),
    Column("start_at", Instant),
    Column("end_at", Instant),
)
