"""Which earlier fact-checks are like a text, as alerts find them for a story."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from alerts.earlier.factchecks import Check, FactCheckIndex
from alerts.text.understanding import ALIKE, Understanding
from secondsource.app.evaluation.lines import Line, id_of, optional_text, text_of
from secondsource.contracts.errors import BadRecord


class _Known(NamedTuple):
    id: str
    date: datetime | None


def judge_factchecks(
    most: int = 5, *, dated: bool = False, understanding: Understanding | None = None
) -> Callable[[Line], Line | None]:
    """From {"query", "id"} to {"id", "matches"}; {"claim", "id"} is taken up for the queries after it (None).

    `dated`: a claim matches only queries of a later "date"; one without a date is never known to be earlier, and a
    query without one asks for all. Of claims with one id the first is taken.
    """
    index = FactCheckIndex(alike=ALIKE if understanding is None else understanding.alike)
    known: list[_Known] = []
    taken: set[str] = set()
    meant = (lambda _: None) if understanding is None else understanding.vector

    def judge(line: Line) -> Line | None:
        date = _date_of(line) if dated else None
        if line.get("claim") is not None:
            check = Check(text_of(line, "claim"), optional_text(line, "title"), optional_text(line, "text"))
            claimed = id_of(line)
            if claimed in taken:
                msg = f"id: {claimed:.40} is that of an earlier claim"
                raise BadRecord(msg)
            taken.add(claimed)
            known.append(_Known(claimed, date))
            index.add(check, meant(f"{check.title}\n{check.claim}"))
            return None
        query, name = text_of(line, "query"), id_of(line)
        allowed = None
        if date is not None:
            allowed = np.array([one.date is not None and one.date < date for one in known], dtype=bool)
        matches = [
            {"id": known[near.check].id, "score": near.score, "similar": near.similar}
            for near in index.nearest(query, most, allowed=allowed, meaning=meant(query))
        ]
        return {"id": name, "matches": matches}

    return judge


def _date_of(line: Line) -> datetime | None:
    value = line.get("date")
    if value is None or value == "":
        return None
    try:
        date = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        msg = f"date: expected ISO 8601, got {value!r}"
        raise BadRecord(msg) from error
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
