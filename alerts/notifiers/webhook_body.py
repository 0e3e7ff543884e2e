"""An alert as the JSON that a webhook gets: pure, the same bytes for the same delivery. Described in docs/notify.md.

Signed as Standard Webhooks 1.0.0 has it: the id, the time and the body, joined by dots, under HMAC-SHA256.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Any, Literal

import msgspec

from alerts import wording
from alerts.ports import Delivery
from alerts.quoting import clipped, paragraphs, web_address
from secondsource.contracts.acts import standing
from secondsource.contracts.messages import AlertEvent, Checked, Earlier, Origin, StoryUpdate

VERSION = 1
MOST_LISTED = 50  #: reasons, origins, sightings, checks, kin: so many of each at most
LONGEST = 4000  #: characters of any text
_ID = 200
_SECRET_BEGINS = "whsec_"  # noqa: S105 - how a secret in base64 is told, not one

Change = Literal["step", "corrected", "acted"]


def body(delivery: Delivery, change: Change, now: datetime) -> bytes:
    """UTF-8 JSON. `change`: the event's own step; or, of what was delivered before, that words were removed from it, or
    that an analyst did something about it. `now` tells whether a snooze is over.
    """
    event = delivery.event
    return msgspec.json.encode(
        {
            "version": VERSION,
            "type": f"alert.{event.kind if change == 'step' else change}",
            "alert": _alert(event, standing(delivery.acts, now).state),
            "story": _story(event.story),
            "earlier": [_earlier(each) for each in event.finding.earlier[:MOST_LISTED]],
            "checks": [_checked(each) for each in event.finding.checks[:MOST_LISTED]],
        }
    )


def message_id(delivery: Delivery, change: Change, content: bytes) -> str:
    """What a receiver tells a repeated delivery by: one for each event, and for each correction that says something."""
    of = hashlib.sha256(delivery.id.encode("utf-8", "replace"))
    if change != "step":
        of.update(b"\0" + content)
        of.update("\0".join(act.id for act in delivery.acts).encode("utf-8", "replace"))  # acknowledged, again
    return f"msg_{of.hexdigest()[:32]}"


def signature(secret: str, message: str, at: int, content: bytes) -> str:
    """The header `webhook-signature`. A secret "whsec_…" stands for bytes in base64, any other for itself in UTF-8."""
    signed = b".".join((message.encode("ascii"), str(at).encode("ascii"), content))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"


def _key(secret: str) -> bytes:
    if secret.startswith(_SECRET_BEGINS):
        try:
            return base64.b64decode(secret.removeprefix(_SECRET_BEGINS), validate=True)
        except (binascii.Error, ValueError):
            pass
    return secret.encode("utf-8", "surrogatepass")


def _alert(event: AlertEvent, stands: str) -> dict[str, Any]:
    finding = event.finding
    return {
        "id": clipped(event.alert_id, _ID),
        "step": event.seq,
        "kind": event.kind,
        "at": event.at,
        "watch": clipped(event.watch, _ID),
        "evidence": web_address(event.link),
        "headline": clipped(finding.headline, LONGEST),
        "says": wording.says(event),
        "rules": [clipped(rule, _ID) for rule in (finding.rules or (finding.rule,))],
        "reasons": [
            {"name": clipped(each.name, _ID), "value": clipped(each.value, LONGEST), "says": _said(each.sentence)}
            for each in finding.reasons[:MOST_LISTED]
        ],
        "clears": _said(finding.clears),
        "over_budget": event.digest,
        "related": [clipped(each, _ID) for each in event.related[:MOST_LISTED]],
        "standing": stands,
    }


def _story(story: StoryUpdate) -> dict[str, Any]:
    spread = story.spread
    measured = spread.state == "measured"
    return {
        "id": clipped(story.id, _ID),
        "claim": paragraphs(story.claim, LONGEST),
        "claim_edited": story.claim_edited,
        "claim_post": clipped(story.claim_uid, _ID),
        "opened_at": story.opened_at,
        "as_of": story.as_of,
        "corroboration": story.state,
        "independent_origins": story.independent,
        "posts": story.posts,
        "accounts": story.accounts,
        "disputes": story.disputes,
        "spread": {
            "state": spread.state,
            "interactions": spread.interactions,
            "age_seconds": spread.age_seconds,
            "expected": spread.expected if measured else None,
            "surprise": spread.surprise if measured else None,
            "says": wording.spread(spread),
        },
        "origins": [_origin(each) for each in story.origins[:MOST_LISTED]],
    }


def _origin(of: Origin) -> dict[str, Any]:
    return {
        "first_post": clipped(of.first_uid, _ID),
        "first_account": clipped(of.first_handle, _ID),
        "first_at": of.first_at,
        "posts": of.posts,
        "accounts": of.accounts,
        "weight": of.weight,
    }


def _earlier(sighting: Earlier) -> dict[str, Any]:
    return {
        "picture": clipped(sighting.picture, _ID),
        "seen_at": sighting.seen_at,
        "source": clipped(sighting.source, _ID),
        "account": clipped(sighting.handle, _ID),
        "url": web_address(sighting.url),
        "words": clipped(sighting.caption, LONGEST),
        "says": wording.earlier(sighting),
    }


def _checked(check: Checked) -> dict[str, Any]:
    return {
        "publisher": clipped(check.publisher, _ID),
        "url": web_address(check.url),
        "published_at": check.published_at,
        "claim": clipped(check.claim, LONGEST),
    }


def _said(sentence: str) -> str:
    return clipped(sentence, LONGEST)
