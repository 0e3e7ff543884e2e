"""What a stage remembers is kept as it is. Compressing it took PostgreSQL longer than all else of a save, and the stage
waits for that; what is stored already is compressed until it is written again.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE progress_parts ALTER COLUMN state SET STORAGE EXTERNAL")
