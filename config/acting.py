"""Where analysts can do something about an alert: what is on, what is off, and how to turn it on."""

from __future__ import annotations

from collections.abc import Iterator

from config.schema import Desk, Slack

THIS_MACHINE = frozenset(("127.0.0.1", "localhost", "::1"))


def desk_takes_acts(desk: Desk) -> bool:
    """As the file says; else where only this machine reaches it."""
    return desk.host in THIS_MACHINE if desk.acts is None else desk.acts


def acting(
    slack: Slack, desk: Desk, *, bot: bool, app: bool, signing: bool, file: str
) -> Iterator[tuple[str, bool, str]]:
    """Name, whether it is on, and how. `bot`, `app` and `signing` say which of Slack's secrets are there."""
    yield ("slack buttons", *_buttons(slack, bot=bot, app=app, signing=signing, file=file))
    if desk_takes_acts(desk):
        yield "acts on the desk", True, f"for whoever reaches {desk.host}:{desk.port}"
    else:
        how = f"off; to turn it on: desk.acts: true in {file}, behind a proxy that asks who comes"
        yield "acts on the desk", False, how


def _buttons(slack: Slack, *, bot: bool, app: bool, signing: bool, file: str) -> tuple[bool, str]:
    ways = ["over a socket of ours (Socket Mode)"] if app else []
    if signing:
        ways.append(f"by signed requests to http://{slack.host}:{slack.port}/slack/interactions")
    if ways and bot:
        return True, f"heard {' and '.join(ways)}"
    if ways:
        return False, "off; there is no bot token, so there is no message to have them"
    how = f"export {slack.app_token_env or 'SLACK_APP_TOKEN'}=xapp-…"
    how += f" or {slack.signing_secret_env or 'SLACK_SIGNING_SECRET'}=…"
    if not (slack.app_token_env or slack.app_token_file or slack.signing_secret_env or slack.signing_secret_file):
        how += f", and notify.slack.app_token_env: SLACK_APP_TOKEN in {file}"
    return False, f"off; to turn them on: {how}"
