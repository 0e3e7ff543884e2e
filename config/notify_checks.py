"""What only shows when the keys of webhooks, of e-mail and of the watches that name them are read together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from config.document import Document, Trail
from config.places import no_file
from config.problem import Problem
from config.schema import Email, Notify, Watch, Webhook, names_a_host
from config.sections import SecretKeys
from secondsource.contracts.secret import Secret


def webhook_at(name: str) -> Trail:
    return ("notify", "webhooks", name)


EMAIL: Trail = ("notify", "email")
SLACK_TOKEN: Trail = ("notify", "slack", "token")
_OF_BOTS = ("xoxb-", "xoxe.xoxb-")  #: so begin bot tokens, the second where they are rotated


def secrets_of(notify: Notify) -> Iterator[SecretKeys]:
    """Where the secrets of webhooks and of the mail server are."""
    for name, hook in notify.webhooks.items():
        at = webhook_at(name)
        yield SecretKeys((*at, "url"), hook.url_env, hook.url_file)
        yield SecretKeys((*at, "secret"), hook.secret_env, hook.secret_file)
    if notify.email is not None:
        yield SecretKeys((*EMAIL, "password"), notify.email.password_env, notify.email.password_file)


def check_notify(
    document: Document, notify: Notify, found: Mapping[Trail, Secret | None], environ: Mapping[str, str]
) -> Iterator[Problem]:
    """`found` are the secrets by the ways to them, as far as they are there."""
    for keys in secrets_of(notify):
        if keys.path is not None and (what := no_file(keys.path)):
            yield document.problem(keys.key("_file"), what, "the path of a file")
        elif keys.variable and not keys.path and not environ.get(keys.variable, "").strip():
            what = f"the environment variable {keys.variable} is not set"
            yield document.problem(keys.key("_env"), what, f"export {keys.variable}=…")
    yield from _check_slack(document, notify, found.get(SLACK_TOKEN), environ)
    for name, hook in notify.webhooks.items():
        at = webhook_at(name)
        yield from _check_webhook(document, at, hook, found.get((*at, "url")))
        yield from _check_file(document, (*at, "ca_file"), hook.ca_file)
    if notify.email is not None:
        yield from _check_email(document, notify.email)
        yield from _check_file(document, (*EMAIL, "ca_file"), notify.email.ca_file)


def _check_slack(
    document: Document, notify: Notify, token: Secret | None, environ: Mapping[str, str]
) -> Iterator[Problem]:
    if token is None or (token.reveal().startswith(_OF_BOTS) and re.fullmatch(r"[!-~]+", token.reveal())):
        return
    slack = notify.slack
    keys = SecretKeys(SLACK_TOKEN, slack.token_env, slack.token_file)
    what = "what it holds is no bot token: those begin with xoxb-, in letters of ASCII without blanks"
    if slack.token_env and environ.get(slack.token_env, "").strip():
        yield document.problem(keys.key("_env"), what, f"export {slack.token_env}=xoxb-…, from the app's OAuth page")
    else:
        yield document.problem(keys.key("_file"), what, "the path of a file with the xoxb-… of the app's OAuth page")


def _check_webhook(document: Document, at: Trail, hook: Webhook, hidden: Secret | None) -> Iterator[Problem]:
    given = [key for key in ("url", "url_env", "url_file") if getattr(hook, key) is not None]
    if not given:
        yield document.problem(at, "it has no address", "url: https://hooks.example.org/alerts")
    elif len(given) > 1:
        yield document.problem((*at, given[1]), f"{' and '.join(given)} are both given", "one of them")
    else:
        url = hook.url or (hidden.reveal() if hidden else "https://not.there")
        key = (*at, given[0])
        if not url.startswith(("https://", "http://")) or not names_a_host(url):
            yield document.problem(key, "what it holds is no http(s) address", "https://hooks.example.org/alerts")
        elif url.startswith("http://") and not hook.inside:
            what = "http sends quoted posts in the clear over the internet"
            yield document.problem(key, what, "an https address, or inside: true for a receiver in a network of yours")


def _check_email(document: Document, email: Email) -> Iterator[Problem]:
    has_password = email.password_env is not None or email.password_file is not None
    if email.user and not has_password:
        yield document.problem((*EMAIL, "user"), "a login needs a password", "password_env: SMTP_PASSWORD too")
    elif has_password and not email.user:
        key = "password_env" if email.password_env else "password_file"
        yield document.problem((*EMAIL, key), "a login needs a user", "user: secondsource too")
    elif email.user and email.security == "none" and not _is_this_machine(email.host):
        what = "a password would go over the network in the clear"
        yield document.problem((*EMAIL, "security"), what, "security: starttls")
    if not email.lists:
        what = "there is nobody to write to"
        yield document.problem(EMAIL, what, "lists: {night: [night@example.org]}")


def _check_file(document: Document, at: Trail, path: Path | None) -> Iterator[Problem]:
    if path is not None and (what := no_file(path)):
        yield document.problem(at, what, "the path of a file")


def check_destinations(watches: Sequence[tuple[Document, Trail, Watch]], notify: Notify) -> Iterator[Problem]:
    """Who is told must be known."""
    known = [f"webhook:{name}" for name in notify.webhooks]
    known += [f"email:{name}" for name in (notify.email.lists if notify.email else ())]
    for document, trail, watch in watches:
        for index, destination in enumerate(watch.notify):
            if destination not in known:
                near = get_close_matches(destination, known, n=1, cutoff=0.5)
                kind, _, name = destination.partition(":")
                where = f"notify.{'webhooks' if kind == 'webhook' else 'email.lists'}"
                what = f"secondsource.yaml has no {name} under {where}"
                write = near[0] if near else f"{name}: there first"
                yield document.problem((*trail, "notify", index), what, write)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
