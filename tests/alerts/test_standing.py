"""Where an alert stands with those who act on it: their last word counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from secondsource.contracts.acts import Act, standing

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def acts(*words: str) -> tuple[Act, ...]:
    """A letter an act, a minute apart: a(cknowledged), s(noozed for an hour), d(ismissed), r(eopened)."""
    kinds = {"a": "acknowledged", "s": "snoozed", "d": "dismissed", "r": "reopened"}
    return tuple(
        Act(
            id=str(minute),
            alert_id="velgrad/1",
            kind=kinds[word],  # type: ignore[arg-type]
            by="mila",
            at=NOON + timedelta(minutes=minute),
            via="desk",
            until=NOON + timedelta(minutes=minute, hours=1) if word == "s" else None,
            verdict="known" if word == "d" else None,
        )
        for minute, word in enumerate("".join(words))
    )


@pytest.mark.parametrize(
    ("done", "minutes", "state"),
    [
        ("", 5, "open"),
        ("a", 5, "acknowledged"),
        ("s", 5, "snoozed"),
        ("s", 59, "snoozed"),
        ("s", 60, "open"),
        ("as", 90, "acknowledged"),
        ("sa", 5, "snoozed"),
        ("d", 10_000, "dismissed"),
        ("da", 5, "dismissed"),
        ("ds", 5, "snoozed"),
        ("sr", 5, "open"),
        ("ar", 5, "open"),
        ("dra", 5, "acknowledged"),
    ],
)
def test_the_last_word_counts(done: str, minutes: int, state: str) -> None:
    assert standing(acts(done), NOON + timedelta(minutes=minutes)).state == state


def test_it_names_the_act_it_rests_on() -> None:
    done = acts("ad")
    assert standing(done, NOON).last == done[1]
    assert standing((), NOON).last is None
