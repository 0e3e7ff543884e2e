"""Cards of text are found again by their text. Of those stored before, once seen again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Words

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "picture_words",
        sa.Column("picture", Words, nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False, comment="of the text of a card: its digest, and anchors"),
        sa.PrimaryKeyConstraint("picture", "mark"),
        sqlite_with_rowid=False,
    )
    op.create_index("picture_words_by_mark", "picture_words", ["mark"], unique=False)
