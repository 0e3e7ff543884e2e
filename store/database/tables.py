"""What is remembered, table by table. Migrations make the same; a test holds the two together.

No foreign keys: messages arrive in any order (a repost before its original), and each table is right by itself.
`digest` breaks ties between two versions of a row observed at the same instant, so that the order of arrival
decides nothing.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    false,
    text,
)

from store.database.column_types import Instant, Json, Sequence, Words

metadata = MetaData()

COUNTS = ("reposts", "quotes", "replies", "likes", "views")


def _counts() -> list[Column[int]]:
    return [Column(name, BigInteger) for name in COUNTS]


accounts = Table(
    "accounts",
    metadata,
    Column("uid", Words, primary_key=True),
    Column("handle", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("followers", BigInteger),
    Column("created_at", Instant),
    Column("seen_at", Instant, nullable=False, comment="event time of the post this row came with"),
    Column("digest", BigInteger, nullable=False),
)

posts = Table(
    "posts",
    metadata,
    Column("uid", Words, primary_key=True),
    Column("platform", Words, nullable=False),
    Column("account_uid", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("observed_at", Instant, nullable=False),
    Column("collector", Words, nullable=False),
    Column("watches", Json, nullable=False, comment="union over all who observed it, sorted"),
    Column("text", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("root", Words, nullable=False),
    Column("repost_of", Words, nullable=False),
    Column("quote_of", Words, nullable=False),
    Column("reply_to", Words, nullable=False),
    Column("edit_of", Words, nullable=False),
    Column("lang_hint", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("stance", Words, nullable=False),
    Column("stance_cue", Words, nullable=False),
    Column("links", Json, nullable=False),
    Column("media", Json, nullable=False),
    Column("hashtags", Json, nullable=False),
    Column("mentions", Json, nullable=False),
    Column("media_notes", Json, nullable=False),
    Column("entities", Json, nullable=False),
    Column("credits", Json, nullable=False, server_default="[]", comment="agencies an outlet says it carries"),
    Column("reviews", Json, nullable=False, server_default="[]", comment="claims that a fact-check checked"),
    *_counts(),
    Column("counts_at", Instant, comment="event time of the newest counts, the post's own or an engagement's"),
    Column("digest", BigInteger, nullable=False),
    Index("posts_by_time", "observed_at"),
    Index("posts_by_account", "account_uid"),
    # Reposts only: a takedown of the original takes them along.
    Index(
        "posts_by_original",
        "repost_of",
        sqlite_where=text("repost_of <> ''"),
        postgresql_where=text("repost_of <> ''"),
    ),
)

pictures = Table(
    "pictures",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True, comment="order of commit; see archive.py"),
    Column("id", Words, nullable=False),
    Column("pdq", Words, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("kind", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("file", Words, nullable=False, server_default="", comment="of a later frame: id of the file's first"),
    Column("frame", Integer, nullable=False, server_default="0"),
    Column("at_seconds", Double, nullable=False, server_default="0", comment="when the frame is shown"),
    Column("claims", Words, nullable=False, server_default="", comment="what the file says of itself, as JSON"),
    Index("pictures_by_id", "id", unique=True),
    Index("pictures_by_pdq", "pdq"),
    sqlite_autoincrement=True,
)

sightings = Table(
    "sightings",
    metadata,
    Column("picture", Words, primary_key=True),
    Column("source", Words, primary_key=True, comment="a post's uid, or an imported entry's name"),
    Column("seen_at", Instant, nullable=False),
    Column("url", Words, nullable=False),
    Column("account_uid", Words, nullable=False),
    Column("handle", Words, nullable=False),
    Column("caption", Words, nullable=False, comment="of imported entries; a post's is its text"),
    Index("sightings_by_time", "picture", "seen_at"),
    Index("sightings_by_source", "source"),
    sqlite_with_rowid=False,
)

imports = Table(
    "imports",
    metadata,
    Column("entry", Words, primary_key=True, comment="as in sightings.source"),
    Column("dated_by", Words, nullable=False, comment="what tells the date: importer, exif, file name"),
    Column("credit", Words, nullable=False),
    Column("place", Words, nullable=False),
    Column("named", Json, nullable=False, server_default="[]", comment="places and events its caption names"),
)

prints = Table(
    "prints",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True, comment="order of commit; see prints.py"),
    Column("picture", Words, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="empty: the picture is gone"),
    Index("prints_by_picture", "picture"),
    sqlite_autoincrement=True,
)

reuse_matches = Table(
    "reuse_matches",
    metadata,
    Column("asked", Words, primary_key=True, comment="the picture that was looked at"),
    Column("kept", Words, primary_key=True, comment="the archived one that is seen in it"),
    Column("confidence", Double, nullable=False),
    Column("body", Words, nullable=False, comment="the whole Reuse, as JSON"),
    Index("reuse_matches_by_kept", "kept"),
    sqlite_with_rowid=False,
)

picture_views = Table(
    "picture_views",
    metadata,
    Column("picture", Words, primary_key=True),
    Column("place", Integer, primary_key=True, comment="0 is the largest"),
    Column("pdq", Words, nullable=False, comment="of what borders, bars or a page enclose, or a tile"),
    Column("quality", Integer, nullable=False),
    Column("left", Double, nullable=False, comment="in shares of the picture's sides"),
    Column("top", Double, nullable=False),
    Column("right", Double, nullable=False),
    Column("bottom", Double, nullable=False),
    Index("picture_views_by_pdq", "pdq"),
    sqlite_with_rowid=False,
)

picture_words = Table(
    "picture_words",
    metadata,
    Column("picture", Words, primary_key=True),
    Column("mark", BigInteger, primary_key=True, comment="of the text of a card: its digest, and anchors"),
    Index("picture_words_by_mark", "mark"),
    sqlite_with_rowid=False,
)

pictures_to_forget = Table(
    "pictures_to_forget",
    metadata,
    Column("picture", Words, primary_key=True, comment="of a removed post; others may still show it"),
)

picture_matches = Table(
    "picture_matches",
    metadata,
    Column("a", Words, primary_key=True, comment="the smaller id of the pair"),
    Column("b", Words, primary_key=True),
    Column("distance", Integer, nullable=False, comment="bits of 256"),
    Index("picture_matches_by_b", "b"),
    sqlite_with_rowid=False,
)

engagement = Table(
    "engagement",
    metadata,
    Column("uid", Words, primary_key=True),
    Column("observed_at", Instant, primary_key=True),
    Column("collector", Words, nullable=False),
    *_counts(),
    sqlite_with_rowid=False,
)

stories = Table(
    "stories",
    metadata,
    Column("id", Words, primary_key=True),
    Column("watch", Words, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("claim", Words, nullable=False),
    Column("claim_uid", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("independent", Double, nullable=False),
    Column("posts", BigInteger, nullable=False),
    Column("accounts", BigInteger, nullable=False),
    Column("disputes", BigInteger, nullable=False),
    Column("interactions", BigInteger, nullable=False),
    Column("age_seconds", Double, nullable=False),
    Column("spread_state", Words, nullable=False),
    Column("expected", Double, nullable=False),
    Column("dispersion", Double, nullable=False),
    Column("surprise", Double, nullable=False),
    Column("history", BigInteger, nullable=False),
    Column("origins", Json, nullable=False),
    Column("digest", BigInteger, nullable=False),
    Column("merged_into", Words, nullable=False, server_default="", comment="the older story that it goes on in"),
    Index("stories_by_time", "as_of"),
)

story_posts = Table(
    "story_posts",
    metadata,
    Column("story", Words, primary_key=True),
    Column("uid", Words, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("stance", Words, nullable=False),
    Column("tie", Words, nullable=False),
    Column("tied_to", Words, nullable=False),
    Column("evidence", Words, nullable=False),
    Index("story_posts_by_uid", "uid"),
    Index("story_posts_by_tie", "tied_to"),
    sqlite_with_rowid=False,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Words, primary_key=True),
    Column("watch", Words, nullable=False),
    Column("story", Words, nullable=False),
    Column("rule", Words, nullable=False),
    Column("kind", Words, nullable=False, comment="of the newest event"),
    Column("seq", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("headline", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Index("alerts_by_time", "at"),
)

alert_events = Table(
    "alert_events",
    metadata,
    Column("id", Words, primary_key=True),
    Column("alert_id", Words, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("watch", Words, nullable=False),
    Column("story", Words, nullable=False),
    Column("body", Json, nullable=False, comment="the whole AlertEvent"),
    Index("alert_events_by_alert", "alert_id", "seq"),
)

alert_acts = Table(
    "alert_acts",
    metadata,
    Column("id", Words, primary_key=True, comment="idempotence token: one click, form or command"),
    Column("alert_id", Words, nullable=False),
    Column("kind", Words, nullable=False, comment="acknowledged, snoozed, dismissed or reopened"),
    Column("by_whom", Words, nullable=False, comment="an analyst's name; leaves with the alert"),
    Column("at", Instant, nullable=False),
    Column("via", Words, nullable=False, comment="slack, desk or command"),
    Column("until", Instant, comment="of a snooze"),
    Column("verdict", Words, nullable=False, comment="of a dismissal: useful, known or noise"),
    Column("note", Words, nullable=False),
    Index("alert_acts_by_alert", "alert_id", "at"),
    Index("alert_acts_by_time", "at"),
)

baselines = Table(
    "baselines",
    metadata,
    Column("watch", Words, primary_key=True),
    Column("version", Integer, primary_key=True, comment="counted from 1"),
    Column("applies_from", Instant, nullable=False, comment="event time; until that of the next version"),
    Column("body", Words, nullable=False, comment="the whole Baseline, as JSON; accounts by number, not by name"),
)

quotations = Table(
    "quotations",
    metadata,
    Column("uid", Words, primary_key=True, comment="the post quoted"),
    Column("kind", Words, primary_key=True, comment="story, event or letter"),
    Column("id", Words, primary_key=True, comment="the story or event that quotes it; a takedown follows these"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Words, primary_key=True),
    Column("destination", Words, nullable=False),
    Column("event_id", Words, nullable=False),
    Column("alert_id", Words, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Words, nullable=False, comment="waiting, sending, sent, refused or withheld"),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Instant),
    Column("reason", Words, nullable=False),
    Column("reference", Words, nullable=False),
    Column("sent_at", Instant),
    Column("stale", Integer, nullable=False, server_default="0", comment="takedowns since, that took words out of it"),
    Column("acted", Integer, nullable=False, server_default="0", comment="acts that it does not show yet"),
    Column("queued_at", Instant, comment="by the clock on the wall; empty: not noted"),
    Column("over_budget", Boolean, nullable=False, server_default=false(), comment="for a digest"),
    Column("bundle", Words, nullable=False, server_default="", comment="the digest it is told in; empty: by itself"),
    Index("outbox_by_alert", "alert_id", "destination", "seq"),
    Index(
        "outbox_open",
        "destination",
        "at",
        "alert_id",
        "seq",
        sqlite_where=text("state IN ('waiting', 'sending')"),
        postgresql_where=text("state IN ('waiting', 'sending')"),
    ),
    Index("outbox_stale", "destination", "at", sqlite_where=text("stale > 0"), postgresql_where=text("stale > 0")),
    Index("outbox_bundle", "bundle", sqlite_where=text("bundle <> ''"), postgresql_where=text("bundle <> ''")),
    Index("outbox_acted", "destination", "at", sqlite_where=text("acted > 0"), postgresql_where=text("acted > 0")),
)

leases = Table(
    "leases",
    metadata,
    Column("destination", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("until", Instant, nullable=False),
)

coverage = Table(
    "coverage",
    metadata,
    Column("collector", Words, primary_key=True),
    Column("watch", Words, primary_key=True, comment="empty: all its watches"),
    Column("state", Words, primary_key=True),
    Column("reason", Words, primary_key=True),
    Column("start_at", Instant, primary_key=True),
    Column("end_at", Instant, nullable=False),
)

collectors = Table(
    "collectors",
    metadata,
    Column("name", Words, primary_key=True),
    Column("first_at", Instant, nullable=False, comment="its earliest tick"),
    Column("last_at", Instant, nullable=False, comment="its latest: everything observed up to then has been sent"),
    Column("ended", Boolean, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Words, primary_key=True),
    Column("stage", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("key", Words, nullable=False),
    Column("resent_at", Instant),
)

takedowns = Table(
    "takedowns",
    metadata,
    Column("uid", Words, primary_key=True),
    Column("observed_at", Instant, nullable=False),
    Column("collector", Words, nullable=False),
    Column("reason", Words, nullable=False),
)

spending = Table(
    "spending",
    metadata,
    Column("budget", Words, primary_key=True),
    Column("day", Date, primary_key=True, comment="UTC"),
    Column("units", BigInteger, nullable=False),
)

progress = Table(
    "progress",
    metadata,
    Column("stage", Words, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("position", Words, nullable=False),
)

progress_parts = Table(
    "progress_parts",
    metadata,
    Column("stage", Words, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("part", Words, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)
