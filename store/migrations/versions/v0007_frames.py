"""Which frame of which file a picture is, and what the file claims of itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.column_types import Words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("file", Words, nullable=False, server_default="", comment="of a later frame: id of the file's first"),
        sa.Column("frame", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("at_seconds", sa.Double(), nullable=False, server_default="0", comment="when the frame is shown"),
        sa.Column("claims", Words, nullable=False, server_default="", comment="what the file says of itself, as JSON"),
    ):
        op.add_column("pictures", column)
