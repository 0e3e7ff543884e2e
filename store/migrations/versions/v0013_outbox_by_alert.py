"""What was told of an alert is found by the alert alone: acts ask for it at every place at once."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("outbox_by_alert", "outbox")
    op.create_index("outbox_by_alert", "outbox", ["alert_id", "destination", "seq"], unique=False)
