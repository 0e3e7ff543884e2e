"""Where alerts go. A new kind of place is one file here, and one line in NOTIFIERS."""

from __future__ import annotations

from alerts.notifiers.console import ConsoleNotifier
from alerts.notifiers.contract import Notifier
from alerts.notifiers.slack import SlackNotifier

__all__ = ["NOTIFIERS", "ConsoleNotifier", "Notifier", "SlackNotifier"]

NOTIFIERS: tuple[type[Notifier], ...] = (ConsoleNotifier, SlackNotifier)
