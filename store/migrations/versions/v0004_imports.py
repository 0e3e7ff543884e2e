"""How the date of an imported picture is known, who made it and where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("entry", Words, nullable=False, comment="as in sightings.source"),
        sa.Column("dated_by", Words, nullable=False, comment="what tells the date: importer, exif, file name"),
        sa.Column("credit", Words, nullable=False),
        sa.Column("place", Words, nullable=False),
        sa.PrimaryKeyConstraint("entry"),
    )
