"""Pictures of removed posts, until the media store has forgotten those that nothing shows any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pictures_to_forget",
        sa.Column("picture", Words, nullable=False, comment="of a removed post; others may still show it"),
        sa.PrimaryKeyConstraint("picture"),
    )
