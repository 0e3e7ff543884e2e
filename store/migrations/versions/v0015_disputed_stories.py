"""A disputed story, or one told while a collector was blind, is as uncorroborated as its sources are few."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_UNCORROBORATED = """
uncorroborated_stories AS
SELECT id, watch, opened_at, as_of, claim, claim_uid, state, independent, posts, accounts, disputes, interactions,
    spread_state, expected, surprise
FROM stories
WHERE merged_into = ''
    AND (state IN ('none', 'single-origin') OR (state IN ('contested', 'unknown') AND independent < 2))
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP VIEW uncorroborated_stories")
        op.execute(f"CREATE VIEW {_UNCORROBORATED}")
    else:  # who may read it still may
        op.execute(f"CREATE OR REPLACE VIEW {_UNCORROBORATED}")
