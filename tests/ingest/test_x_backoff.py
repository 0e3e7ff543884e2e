"""How long to wait, by X's own rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ingest.collectors.x.backoff import CONNECTS, WINDOW_SECONDS, Backoff, ConnectBudget, Failure, failure_of

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


def waits(failure: Failure, times: int) -> list[float]:
    backoff = Backoff()
    return [backoff.seconds(failure, NOW) for _ in range(times)]


def test_network_errors_wait_linearly_the_first_not_at_all() -> None:
    found = waits(Failure("network", ""), 80)
    assert found[:4] == [0.0, 0.25, 0.5, 0.75]
    assert found[-1] == 16.0


def test_http_errors_double_up_to_320() -> None:
    assert waits(Failure("http", ""), 9) == [5, 10, 20, 40, 80, 160, 320, 320, 320]


def test_too_many_requests_doubles_from_a_minute_and_obeys_the_reset() -> None:
    assert waits(Failure("rate", ""), 4) == [60, 120, 240, 480]
    assert waits(Failure("rate", "", NOW + timedelta(minutes=14)), 1) == [840]


def test_a_good_connection_starts_over() -> None:
    backoff = Backoff()
    for _ in range(3):
        backoff.seconds(Failure("network", ""), NOW)
    backoff.healthy()
    assert backoff.seconds(Failure("network", ""), NOW) == 0.0


@pytest.mark.parametrize(
    ("status", "body", "kind", "seconds"),
    [
        (401, {"title": "Unauthorized"}, "fatal", None),
        (403, {"title": "Forbidden"}, "fatal", None),
        (402, {"title": "CreditsDepleted"}, "pause", 4 * 3600),
        (409, {"connection_issue": "RuleConfigurationIssue"}, "rules", 5),
        (429, {"connection_issue": "TooManyConnections"}, "crowded", 60),
        (429, {"title": "Too Many Requests"}, "rate", 300),
        (503, {}, "http", 5),
        (500, "not an object", "http", 5),
    ],
)
def test_what_a_status_means(status: int, body: object, kind: str, seconds: float | None) -> None:
    failure = failure_of(status, json.dumps(body).encode(), NOW + timedelta(minutes=5), NOW)
    assert failure.kind == kind
    assert str(status) in failure.reason
    if seconds is not None:
        assert Backoff().seconds(failure, NOW) == seconds


@pytest.mark.parametrize("host", ["https://api.twitter.com", "https://api.x.com"])
@pytest.mark.parametrize(
    ("period", "until"),
    [("Monthly", datetime(2026, 12, 1, tzinfo=UTC)), ("Daily", datetime(2026, 11, 21, tzinfo=UTC))],
)
def test_a_used_up_cap_waits_for_the_next_period(host: str, period: str, until: datetime) -> None:
    body = json.dumps({"type": f"{host}/2/problems/usage-capped", "period": period}).encode()
    assert failure_of(429, body, None, NOW).until == until
    wrapped = json.dumps({"errors": [json.loads(body)]}).encode()
    assert failure_of(429, wrapped, None, NOW).until == until
    reset = NOW + timedelta(days=2)
    assert failure_of(429, body, reset, NOW).until == reset


@pytest.mark.parametrize("reset", [NOW - timedelta(hours=1), NOW + timedelta(days=40_000)])
def test_an_end_that_cannot_be_is_not_waited_for(reset: datetime) -> None:
    limited = failure_of(429, b'{"title":"Too Many Requests"}', reset, NOW)
    assert 60 <= Backoff().seconds(limited, NOW) <= WINDOW_SECONDS
    capped = failure_of(429, b'{"title":"UsageCapExceeded","period":"Monthly"}', reset, NOW)
    assert capped.until == datetime(2026, 12, 1, tzinfo=UTC)


def test_never_more_connections_than_allowed() -> None:
    budget, now, made = ConnectBudget(), 0.0, []
    for _ in range(3 * CONNECTS):
        now += budget.wait(now)
        budget.spend(now)
        made.append(now)
    assert all(later - earlier >= WINDOW_SECONDS for earlier, later in zip(made, made[CONNECTS:], strict=False))
