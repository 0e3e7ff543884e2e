"""Where alerts go. A new kind of place is one file here, and one line in NOTIFIERS."""

from __future__ import annotations

from alerts.notifiers.console import ConsoleNotifier
from alerts.notifiers.contract import Notifier
from alerts.notifiers.mail import MailNotifier
from alerts.notifiers.slack import SlackNotifier
from alerts.notifiers.webhook import WebhookNotifier

__all__ = ["NOTIFIERS", "ConsoleNotifier", "MailNotifier", "Notifier", "SlackNotifier", "WebhookNotifier"]

NOTIFIERS: tuple[type[Notifier], ...] = (ConsoleNotifier, SlackNotifier, WebhookNotifier, MailNotifier)
