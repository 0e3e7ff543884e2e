"""Into which older story one has gone; such a one is not asked about any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Words

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_UNCORROBORATED = """
CREATE VIEW uncorroborated_stories AS
SELECT id, watch, opened_at, as_of, claim, claim_uid, state, independent, posts, accounts, disputes, interactions,
    spread_state, expected, surprise
FROM stories WHERE state IN ('none', 'single-origin') AND merged_into = ''
"""


def upgrade() -> None:
    op.execute("DROP VIEW uncorroborated_stories")
    op.add_column(
        "stories",
        sa.Column(
            "merged_into", Words, nullable=False, server_default="", comment="the older story that it goes on in"
        ),
    )
    op.execute(_UNCORROBORATED)
