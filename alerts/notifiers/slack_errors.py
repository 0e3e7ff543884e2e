"""What Slack's errors mean for a message: nothing posted and try later, perhaps posted, never, or stop."""

from __future__ import annotations

import errno
import socket
import ssl
from urllib.error import URLError

from slack_sdk.errors import SlackApiError

from alerts.notifiers.contract import Refused, Unheard
from secondsource.contracts.errors import BadConfiguration, SecondSourceError, SourceAway

#: The token, the app or the workspace is at fault: no message of ours will pass until somebody changes it.
STOP = {
    "access_denied": "ask a workspace admin to allow the app",
    "account_inactive": "the bot's account was removed; reinstall the app",
    "enterprise_is_restricted": "this token is of another organisation",
    "ekm_access_denied": "ask a workspace admin to allow the app",
    "invalid_auth": "set a bot token that starts with xoxb-",
    "missing_scope": "add the scope and reinstall the app",
    "no_permission": "ask a workspace admin to allow the app",
    "not_allowed_token_type": "set a bot token that starts with xoxb-",
    "not_authed": "set a bot token that starts with xoxb-",
    "team_access_not_granted": "the app is not installed in this workspace",
    "token_expired": "set a new bot token",
    "token_revoked": "set a new bot token",
    "two_factor_setup_required": "set up two-factor authentication for the bot's owner",
}

#: Slack refused for now and has done nothing.
LATER = {
    "accesslimited",
    "org_login_required",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
}

#: Slack may have done part of what was asked before it failed (its own words for both).
PERHAPS = {"fatal_error", "internal_error"}

#: What an operator can do about a refusal.
REMEDIES = {
    "channel_not_found": "check the channel id in the watch, and invite the bot to the channel",
    "is_archived": "unarchive the channel, or give the watch another",
    "not_in_channel": "invite the bot to the channel",
    "restricted_action": "allow the app to post in the channel",
}

LONGEST_WAIT = 3600.0  #: seconds; Slack asks for a minute at most

#: The connection did not come about, so nothing was said.
_NOT_REACHED = {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}


def answer_of(error: SlackApiError) -> str:
    """Slack's word for it ("channel_not_found"), "" where the answer was not Slack's JSON."""
    data = error.response.data
    word = str(data.get("error", "")) if isinstance(data, dict) else ""
    return word if word.replace("_", "").isalnum() else ""


def failure(error: SlackApiError) -> SecondSourceError:
    """The member of our tree that an answer of Slack's belongs to."""
    status, word = int(error.response.status_code), answer_of(error)
    if status == 429 or word in LATER:
        return SourceAway(f"Slack asks to wait ({word or status})", retry_after=_retry_after(error))
    if word in STOP:
        needed = error.response.get("needed")
        scope = f" (needs {needed})" if needed else ""
        return BadConfiguration(f"expected Slack to accept our token, came {word}{scope}; {STOP[word]}")
    if status >= 500 or not word or word in PERHAPS:
        return Unheard(f"expected an answer from Slack, came HTTP {status} {word}".rstrip())
    remedy = REMEDIES.get(word, "see the error in Slack's documentation of the method")
    return Refused(f"Slack will not take it: {word}; {remedy}")


def unheard(error: Exception) -> SourceAway:
    """A connection that failed: `Unheard` unless it surely failed before anything was said."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    text = f"expected an answer from Slack, came {type(cause).__name__}: {cause}"
    never_said = isinstance(cause, (socket.gaierror, ssl.SSLCertVerificationError)) or (
        isinstance(cause, OSError) and cause.errno in _NOT_REACHED
    )
    return SourceAway(text) if never_said else Unheard(text)


def _retry_after(error: SlackApiError) -> float | None:
    headers = {str(name).lower(): str(value) for name, value in error.response.headers.items()}
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT) if seconds >= 0 else None
