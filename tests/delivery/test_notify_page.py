"""docs/notify.md describes the webhook's body as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from alerts.notifiers.webhook_body import body
from alerts.ports import Delivery
from tests.delivery.stories import START, event

PAGE = Path(__file__).parents[2] / "docs" / "notify.md"


def example() -> bytes:
    of = event()
    return body(Delivery(f"{of.id}>webhook:desk", "webhook:desk", of, False, "", 0), "step", START)


def keys(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield key
            yield from keys(value)
    elif isinstance(part, list):
        for each in part:
            yield from keys(each)


def test_the_body_that_is_shown_is_one() -> None:
    (shown,) = re.findall(r"^```json\n(.*)\n```$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert shown == example().decode()


def test_every_key_is_told() -> None:
    text = PAGE.read_text("utf-8")
    named = set(re.findall(r"`(\w+)`", text))
    assert set(keys(json.loads(example()))) <= named
