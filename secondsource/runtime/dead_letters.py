"""Records that could not be handled, as messages: the same record makes the same letter, however often it fails, and
however often it was sent to the topic it stands on, as by one who was killed before it had noted that.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import msgspec

from secondsource.contracts import topics
from secondsource.contracts.messages import DeadLetter, encode
from secondsource.contracts.stage import Out, Rejected
from secondsource.runtime.transport import Broken, Delivery, Refused

#: Bytes of a record that a letter carries at most: base64 and all, a broker set up by `ensure_topics` takes it.
MAX_BODY = 8 * 1024 * 1024


def _out(letter: DeadLetter, where: str) -> Out:
    """Completed with the id: a digest of where it happened and the bytes."""
    body, reason = letter.body, letter.reason
    digest = blake2b(b"%s\0%s\0%s" % (letter.stage.encode(), where.encode("utf-8", "replace"), body))
    if len(body) > MAX_BODY:
        reason = f"{reason} (of {len(body)} bytes, the first {MAX_BODY} are kept)"
    letter = msgspec.structs.replace(letter, id=digest.hexdigest()[:32], reason=reason, body=body[:MAX_BODY])
    return Out(topics.DEAD_LETTERS, letter.id, letter)


def of_delivery(stage: str, delivery: Delivery | Broken, reason: str, at: datetime) -> Out:
    """For a record that a stage met on a topic; sent again, it goes back to that topic."""
    body = delivery.body if isinstance(delivery, Broken) else encode(delivery.record.message)
    source = f"topic {delivery.spot}"
    target = delivery.place.topic
    return _out(
        DeadLetter(id="", stage=stage, source=source, target=target, reason=reason, body=body, at=at, key=delivery.key),
        where=target,
    )


def of_refused(stage: str, refused: Refused, at: datetime) -> Out:
    """For a message that is too large to be sent; sent again once the limit was raised, it goes where it was to go."""
    (topic, key, message), reason = refused
    return _out(
        DeadLetter(
            id="",
            stage=stage,
            source=f"sent by {stage} to {topic}",
            target=topic,
            reason=reason,
            body=encode(message),
            at=at,
            key=key or "",
        ),
        where=f"to {topic}",
    )


def of_rejected(collector: str, rejected: Rejected, at: datetime) -> Out:
    """For a record that a collector could not map; sent again, it goes to that collector's `remap`."""
    return _out(
        DeadLetter(
            id="",
            stage=f"ingest:{collector}",
            source=rejected.source,
            target=f"collector:{collector}",
            reason=rejected.reason,
            body=rejected.body,
            at=at,
        ),
        where=rejected.source,
    )
