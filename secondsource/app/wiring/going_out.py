"""What leaves it: notifiers, the desk, and what analysts press in Slack."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO
from urllib.parse import quote, urlsplit

from alerts.delivery.sending import Outcome, Sender
from alerts.notifiers.contract import Notifier
from config.acting import THIS_MACHINE, desk_takes_acts
from config.loader import Configuration
from secondsource.app.wiring.house import House, user_agent
from secondsource.contracts.clock import Clock
from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.secret import Secret

if TYPE_CHECKING:
    from fastapi import FastAPI

    from alerts.interactions.presses import Pressed
    from alerts.interactions.receiver import Receiver as PressReceiver
    from alerts.interactions.socket_mode import SocketMode
    from alerts.notifiers.mail import MailNotifier
    from alerts.notifiers.slack import Look
    from alerts.notifiers.webhook import Receiver
    from config.schema import Email

_log = logging.getLogger(__name__)


def notifiers(at: House, console: TextIO) -> list[Notifier]:
    """Those this deployment sends by."""
    from alerts.notifiers.console import ConsoleNotifier
    from alerts.notifiers.slack import SlackNotifier
    from alerts.notifiers.webhook import WebhookNotifier

    configuration, notify = at.configuration, at.configuration.deployment.notify
    found: list[Notifier] = []
    if "console" in at.sends:
        found.append(ConsoleNotifier(console))
    if configuration.slack_token:
        found.append(SlackNotifier(configuration.slack_token.reveal(), notify.slack.base_url, look=_look(at)))
    if notify.webhooks:
        found.append(WebhookNotifier(_receivers(configuration), at.clock, user_agent()))
    if notify.email is not None:
        found.append(_mail(notify.email, configuration.email_password, at.clock))
    return found


def _look(at: House) -> Look:
    """What alerts look like in Slack."""
    from alerts.notifiers.slack import Look

    configuration, notify = at.configuration, at.configuration.deployment.notify
    places = {"Board": notify.board_url, "Runbook": notify.runbook_url}

    def links(event: AlertEvent) -> tuple[tuple[str, str], ...]:
        of = {"{watch}": event.watch, "{rule}": event.finding.rule}
        return tuple((label, _filled(place, of)) for label, place in places.items() if place)

    heard = configuration.slack_app_token is not None or configuration.slack_signing_secret is not None
    public = configuration.deployment.desk.public_url or ""
    charts = "" if urlsplit(public).hostname in THIS_MACHINE else public  # Slack would have to fetch them
    return Look(at.store.trails, charts, links, heard)


def _filled(place: str, of: Mapping[str, str]) -> str:
    for name, value in of.items():
        place = place.replace(name, quote(value, safe=""))
    return place


class Presses(NamedTuple):
    """What takes analysts' presses in Slack: over a socket, by requests, or both."""

    receiver: PressReceiver
    socket: SocketMode | None
    endpoint: FastAPI | None


def presses(at: House) -> Presses | None:
    """None where nobody hears them: there is no bot, or neither of the secrets by which they come."""
    configuration, slack = at.configuration, at.configuration.deployment.notify.slack
    token, secret = configuration.slack_app_token, configuration.slack_signing_secret
    if configuration.slack_token is None or (token is None and secret is None):
        return None
    from alerts.interactions.answers import Answers, answering_place
    from alerts.interactions.endpoint import create_endpoint
    from alerts.interactions.receiver import Receiver
    from alerts.interactions.socket_mode import SocketMode

    def log_press(outcome: str, of: Pressed) -> None:
        more = {"outcome": outcome, "alert": of.act.alert_id, "act": of.act.kind}
        _log.info("press", extra=more)

    receiver = Receiver(at.store.acts, at.clock, Answers(answering_place(slack.base_url)), log_press)
    socket = SocketMode(token, receiver, at.clock, slack.base_url) if token else None
    endpoint = create_endpoint(secret, receiver, at.clock) if secret else None
    return Presses(receiver, socket, endpoint)


def desk(at: House) -> FastAPI:
    """The evidence pages. Something may be done on them as `desk.acts` says."""
    from alerts.desk import Acting, Forms, create_desk

    settings = at.configuration.deployment.desk
    public = urlsplit(settings.public_url or "")
    name = public.hostname or ""
    over_tls = [name] if public.scheme == "https" else []
    hosts = [settings.host, name]
    forms = Forms(hosts, over_tls) if desk_takes_acts(settings) else None
    asked_by = hosts if settings.host in THIS_MACHINE else ()
    return create_desk(at.store.evidence, at.clock, at.kept, Acting(at.store.acts, forms), at.store.trails, asked_by)


def _receivers(configuration: Configuration) -> dict[str, Receiver]:
    from alerts.notifiers.webhook import Receiver

    return {
        name: Receiver(secrets.url, secrets.signing, settings.inside, str(settings.ca_file or ""))
        for name, settings in configuration.deployment.notify.webhooks.items()
        for secrets in [configuration.webhooks[name]]
    }


def _mail(settings: Email, password: Secret | None, clock: Clock) -> MailNotifier:
    from alerts.notifiers.mail import MailNotifier, Relay

    relay = Relay(
        settings.host,
        settings.port,
        settings.security,
        settings.address,
        name=settings.name,
        user=settings.user,
        password=password,
        ca_file=str(settings.ca_file or ""),
    )
    return MailNotifier(relay, settings.lists, clock)


def sender(at: House, by: Sequence[Notifier], holder: str, besides: Sequence[Notifier] = ()) -> Sender:
    """`besides` are sent by in this process as well, by senders of their own."""

    def count_and_log(outcome: Outcome) -> None:
        at.metrics.delivered(outcome.destination, outcome.kind)
        level = logging.INFO if outcome.kind in ("sent", "found", "corrected") else logging.WARNING
        which = outcome.delivery.id if outcome.delivery else ""
        more = {"outcome": outcome.kind, "destination": outcome.destination, "delivery": which}
        _log.log(level, "delivery", extra=more | ({"reason": outcome.reason} if outcome.reason else {}))

    others = [each.name for each in besides]
    return Sender(at.store.outbox, by, at.clock, holder=holder, on_outcome=count_and_log, besides=others)
