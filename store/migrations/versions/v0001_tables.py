"""All tables, as they began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Instant, Json, Sequence, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("uid", Words, nullable=False),
        sa.Column("handle", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("followers", sa.BigInteger(), nullable=True),
        sa.Column("created_at", Instant, nullable=True),
        sa.Column("seen_at", Instant, nullable=False, comment="event time of the post this row came with"),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uid"),
    )
    op.create_table(
        "alert_events",
        sa.Column("id", Words, nullable=False),
        sa.Column("alert_id", Words, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("watch", Words, nullable=False),
        sa.Column("story", Words, nullable=False),
        sa.Column("body", Json, nullable=False, comment="the whole AlertEvent"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alert_events_by_alert", "alert_events", ["alert_id", "seq"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", Words, nullable=False),
        sa.Column("watch", Words, nullable=False),
        sa.Column("story", Words, nullable=False),
        sa.Column("rule", Words, nullable=False),
        sa.Column("kind", Words, nullable=False, comment="of the newest event"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("headline", Words, nullable=False),
        sa.Column("channel", Words, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alerts_by_time", "alerts", ["at"], unique=False)
    op.create_table(
        "collectors",
        sa.Column("name", Words, nullable=False),
        sa.Column("first_at", Instant, nullable=False, comment="its earliest tick"),
        sa.Column(
            "last_at", Instant, nullable=False, comment="its latest: everything observed up to then has been sent"
        ),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "coverage",
        sa.Column("collector", Words, nullable=False),
        sa.Column("watch", Words, nullable=False, comment="empty: all its watches"),
        sa.Column("state", Words, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.Column("start_at", Instant, nullable=False),
        sa.Column("end_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("collector", "watch", "state", "reason", "start_at"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", Words, nullable=False),
        sa.Column("stage", Words, nullable=False),
        sa.Column("source", Words, nullable=False),
        sa.Column("target", Words, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("resent_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "engagement",
        sa.Column("uid", Words, nullable=False),
        sa.Column("observed_at", Instant, nullable=False),
        sa.Column("collector", Words, nullable=False),
        sa.Column("reposts", sa.BigInteger(), nullable=True),
        sa.Column("quotes", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("views", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("uid", "observed_at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        sa.Column("destination", Words, nullable=False),
        sa.Column("holder", Words, nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.PrimaryKeyConstraint("destination"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Words, nullable=False),
        sa.Column("destination", Words, nullable=False),
        sa.Column("event_id", Words, nullable=False),
        sa.Column("alert_id", Words, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("state", Words, nullable=False, comment="waiting, sending, sent or refused"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Instant, nullable=True),
        sa.Column("reason", Words, nullable=False),
        sa.Column("reference", Words, nullable=False),
        sa.Column("sent_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_by_alert", "outbox", ["destination", "alert_id", "seq"], unique=False)
    op.create_index(
        "outbox_open",
        "outbox",
        ["destination", "at"],
        unique=False,
        sqlite_where=sa.text("state <> 'sent'"),
        postgresql_where=sa.text("state <> 'sent'"),
    )
    op.create_table(
        "picture_matches",
        sa.Column("a", Words, nullable=False, comment="the smaller id of the pair"),
        sa.Column("b", Words, nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False, comment="bits of 256"),
        sa.PrimaryKeyConstraint("a", "b"),
        sqlite_with_rowid=False,
    )
    op.create_index("picture_matches_by_b", "picture_matches", ["b"], unique=False)
    op.create_table(
        "pictures",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False, comment="order of commit; see archive.py"),
        sa.Column("id", Words, nullable=False),
        sa.Column("pdq", Words, nullable=False),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("pictures_by_id", "pictures", ["id"], unique=True)
    op.create_index("pictures_by_pdq", "pictures", ["pdq"], unique=False)
    op.create_table(
        "posts",
        sa.Column("uid", Words, nullable=False),
        sa.Column("platform", Words, nullable=False),
        sa.Column("account_uid", Words, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("observed_at", Instant, nullable=False),
        sa.Column("collector", Words, nullable=False),
        sa.Column("watches", Json, nullable=False, comment="union over all who observed it, sorted"),
        sa.Column("text", Words, nullable=False),
        sa.Column("url", Words, nullable=False),
        sa.Column("root", Words, nullable=False),
        sa.Column("repost_of", Words, nullable=False),
        sa.Column("quote_of", Words, nullable=False),
        sa.Column("reply_to", Words, nullable=False),
        sa.Column("edit_of", Words, nullable=False),
        sa.Column("lang_hint", Words, nullable=False),
        sa.Column("language", Words, nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("stance", Words, nullable=False),
        sa.Column("stance_cue", Words, nullable=False),
        sa.Column("links", Json, nullable=False),
        sa.Column("media", Json, nullable=False),
        sa.Column("hashtags", Json, nullable=False),
        sa.Column("mentions", Json, nullable=False),
        sa.Column("media_notes", Json, nullable=False),
        sa.Column("entities", Json, nullable=False),
        sa.Column("reposts", sa.BigInteger(), nullable=True),
        sa.Column("quotes", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("views", sa.BigInteger(), nullable=True),
        sa.Column(
            "counts_at",
            Instant,
            nullable=True,
            comment="event time of the newest counts, the post's own or an engagement's",
        ),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uid"),
    )
    op.create_index(
        "posts_by_original",
        "posts",
        ["repost_of"],
        unique=False,
        sqlite_where=sa.text("repost_of <> ''"),
        postgresql_where=sa.text("repost_of <> ''"),
    )
    op.create_index("posts_by_time", "posts", ["observed_at"], unique=False)
    op.create_table(
        "progress",
        sa.Column("stage", Words, nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("position", Words, nullable=False),
        sa.PrimaryKeyConstraint("stage", "partition"),
    )
    op.create_table(
        "progress_parts",
        sa.Column("stage", Words, nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("part", Words, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "partition", "part"),
    )
    op.create_table(
        "quotations",
        sa.Column("uid", Words, nullable=False, comment="the post quoted"),
        sa.Column("kind", Words, nullable=False, comment="story or event"),
        sa.Column("id", Words, nullable=False, comment="the story or event that quotes it; a takedown follows these"),
        sa.PrimaryKeyConstraint("uid", "kind", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sightings",
        sa.Column("picture", Words, nullable=False),
        sa.Column("source", Words, nullable=False, comment="a post's uid, or an imported entry's name"),
        sa.Column("seen_at", Instant, nullable=False),
        sa.Column("url", Words, nullable=False),
        sa.Column("account_uid", Words, nullable=False),
        sa.Column("handle", Words, nullable=False),
        sa.Column("caption", Words, nullable=False, comment="of imported entries; a post's is its text"),
        sa.PrimaryKeyConstraint("picture", "source"),
        sqlite_with_rowid=False,
    )
    op.create_index("sightings_by_source", "sightings", ["source"], unique=False)
    op.create_index("sightings_by_time", "sightings", ["picture", "seen_at"], unique=False)
    op.create_table(
        "stories",
        sa.Column("id", Words, nullable=False),
        sa.Column("watch", Words, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("as_of", Instant, nullable=False),
        sa.Column("claim", Words, nullable=False),
        sa.Column("claim_uid", Words, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("independent", sa.Double(), nullable=False),
        sa.Column("posts", sa.BigInteger(), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("disputes", sa.BigInteger(), nullable=False),
        sa.Column("interactions", sa.BigInteger(), nullable=False),
        sa.Column("age_seconds", sa.Double(), nullable=False),
        sa.Column("spread_state", Words, nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("dispersion", sa.Double(), nullable=False),
        sa.Column("surprise", sa.Double(), nullable=False),
        sa.Column("history", sa.BigInteger(), nullable=False),
        sa.Column("origins", Json, nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("stories_by_time", "stories", ["as_of"], unique=False)
    op.create_table(
        "story_posts",
        sa.Column("story", Words, nullable=False),
        sa.Column("uid", Words, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("stance", Words, nullable=False),
        sa.Column("tie", Words, nullable=False),
        sa.Column("tied_to", Words, nullable=False),
        sa.Column("evidence", Words, nullable=False),
        sa.PrimaryKeyConstraint("story", "uid"),
        sqlite_with_rowid=False,
    )
    op.create_index("story_posts_by_uid", "story_posts", ["uid"], unique=False)
    op.create_table(
        "takedowns",
        sa.Column("uid", Words, nullable=False),
        sa.Column("observed_at", Instant, nullable=False),
        sa.Column("collector", Words, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.PrimaryKeyConstraint("uid"),
    )
