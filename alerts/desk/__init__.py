"""The desk: pages that show what an alert rests on. They print what the finding says and recompute nothing."""

from __future__ import annotations

from alerts.desk.app import create_desk

__all__ = ["create_desk"]
