"""Whether a request was sent by Slack (https://docs.slack.dev/authentication/verifying-requests-from-slack).

The signature is HMAC-SHA256, by the app's signing secret, of "v0:", the time it was sent, ":", and the body as it came.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from hashlib import sha256

from secondsource.contracts.secret import Secret

WINDOW = 300.0  #: seconds a request may be old, or ahead of our clock: Slack's own advice
TIMESTAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"


def sign(secret: Secret, timestamp: str, body: bytes) -> str:
    """The value of X-Slack-Signature."""
    said = b"v0:" + timestamp.encode("latin-1", "replace") + b":" + body
    return "v0=" + hmac.new(secret.reveal().encode(), said, sha256).hexdigest()


def why_not_signed(secret: Secret, timestamp: str, signature: str, body: bytes, now: datetime) -> str:
    """Why a request is not taken, "" where it is Slack's and new. Takes the same time however much of it is right."""
    if not timestamp or not signature:
        return "it is not signed"
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return "its timestamp is none"
    if abs(now.timestamp() - int(timestamp)) > WINDOW:
        return f"its timestamp is more than {WINDOW:g} s from our clock: it is replayed, or one of the clocks is wrong"
    expected = sign(secret, timestamp, body)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return "its signature is not ours: it is forged, or the signing secret is another app's"
    return ""
