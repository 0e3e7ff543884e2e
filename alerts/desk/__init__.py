"""The desk: pages that show what an alert rests on. They print what the finding says and recompute nothing."""

from __future__ import annotations

from alerts.desk.acting import Forms
from alerts.desk.app import Acting, create_desk

__all__ = ["Acting", "Forms", "create_desk"]
