"""Views for the boards and for analysts who write SQL; columns are described in store/database/views.py."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REUSED_PICTURES = """
CREATE VIEW reused_pictures AS
WITH kin AS (
    SELECT id AS picture, id AS other FROM pictures
    UNION ALL SELECT a, b FROM picture_matches
    UNION ALL SELECT b, a FROM picture_matches
), seen AS (
    SELECT kin.picture, s.source, s.seen_at, s.handle, s.url,
        ROW_NUMBER() OVER (PARTITION BY kin.picture ORDER BY s.seen_at, s.source, s.picture) AS nth,
        COUNT(*) OVER (PARTITION BY kin.picture) AS sightings,
        MAX(s.seen_at) OVER (PARTITION BY kin.picture) AS last_seen_at
    FROM kin JOIN sightings s ON s.picture = kin.other
)
SELECT seen.picture, p.pdq, p.width, p.height, seen.sightings, seen.seen_at AS first_seen_at,
    seen.source AS first_source, seen.handle AS first_handle, seen.url AS first_url, seen.last_seen_at
FROM seen JOIN pictures p ON p.id = seen.picture
WHERE seen.nth = 1 AND seen.sightings > 1
"""

_OPEN_ALERTS = """
CREATE VIEW open_alerts AS
SELECT a.id, a.watch, a.story, a.rule, a.kind, a.opened_at, a.at, a.headline, a.channel, s.claim, s.state,
    s.independent, s.posts, s.accounts, s.disputes, s.interactions, s.surprise
FROM alerts a LEFT JOIN stories s ON s.id = a.story
WHERE a.kind NOT IN ('corroborated', 'expired')
"""

_UNCORROBORATED_STORIES = """
CREATE VIEW uncorroborated_stories AS
SELECT id, watch, opened_at, as_of, claim, claim_uid, state, independent, posts, accounts, disputes, interactions,
    spread_state, expected, surprise
FROM stories WHERE state IN ('none', 'single-origin')
"""

_POST_WATCHES = """
CREATE VIEW post_watches AS
SELECT p.uid, w.value AS watch, p.platform, p.collector, p.created_at, p.observed_at, p.language, p.confidence, p.stance
FROM posts p, {watches} AS w
"""

_ENTITY_MENTIONS = """
CREATE VIEW entity_mentions AS
SELECT p.uid, p.observed_at, {kind} AS kind, {id} AS id, {text} AS text
FROM posts p, {entities} AS e
"""

_COLLECTOR_COVERAGE = """
CREATE VIEW collector_coverage AS
SELECT collector, watch, state, reason, start_at, end_at FROM coverage
UNION ALL
SELECT name, {empty}, {seen}, {empty}, first_at, last_at FROM collectors
"""

_SQLITE = {
    "watches": "json_each(p.watches)",
    "entities": "json_each(p.entities)",
    "kind": "json_extract(e.value, '$.kind')",
    "id": "json_extract(e.value, '$.id')",
    "text": "json_extract(e.value, '$.text')",
    "empty": "''",
    "seen": "'seen'",
}
_POSTGRES = {
    "watches": "jsonb_array_elements_text(p.watches)",
    "entities": "jsonb_array_elements(p.entities)",
    "kind": "e.value->>'kind'",
    "id": "e.value->>'id'",
    "text": "e.value->>'text'",
    "empty": "'' COLLATE \"C\"",
    "seen": "'seen' COLLATE \"C\"",
}


def upgrade() -> None:
    connection = op.get_bind()
    words = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES
    for view in (_REUSED_PICTURES, _OPEN_ALERTS, _UNCORROBORATED_STORIES):
        connection.exec_driver_sql(view)
    for view in (_POST_WATCHES, _ENTITY_MENTIONS, _COLLECTOR_COVERAGE):
        connection.exec_driver_sql(view.format(**words))
