"""What the alerts stage saves is read by the same version only: that its form has changed must be said."""

from __future__ import annotations

import json
from hashlib import blake2b

import msgspec

from alerts.earlier import checks
from alerts.earlier.pictures import Row
from alerts.judging import cases, docket, watermark
from alerts.judging.stage import AlertsStage
from alerts.lives import grouping
from alerts.memory import ledger
from alerts.origins import in_step
from alerts.spread import bursts, growth, volume
from alerts.spread import surprise as spread
from alerts.stories import story as stories

SAVED = (
    Row,
    bursts._Saved,
    cases.Case,
    checks._Kept,
    docket._Numbers,
    growth.Growth,
    grouping._Kept,
    in_step._Saved,
    ledger._Entry,
    list[spread._Checkpoint],
    stories._Saved,
    volume._Now,
    dict[str, watermark._Lanes],
)


def undescribed(schema: object) -> object:
    if isinstance(schema, dict):
        return {name: undescribed(part) for name, part in schema.items() if name not in {"description", "title"}}
    return [undescribed(part) for part in schema] if isinstance(schema, (list, tuple)) else schema


def test_a_form_that_changes_is_given_a_new_name() -> None:
    schemas, components = msgspec.json.schema_components(SAVED)
    seen = blake2b(json.dumps(undescribed([schemas, components]), sort_keys=True).encode(), digest_size=8).hexdigest()
    assert (AlertsStage.form, seen) == ("2026-11-24", "0cdf693d006eb2b1"), (
        "what is saved has changed: give AlertsStage.form a new name, and write both here"
    )
