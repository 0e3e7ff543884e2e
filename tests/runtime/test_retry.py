"""A service that is away is asked again after growing pauses; every other error passes at once."""

from __future__ import annotations

from random import Random
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.runtime.retry import Backoff
from tests.runtime.makers import Surroundings


class Flaky:
    def __init__(self, *answers: Exception | str) -> None:
        self.answers = list(answers)

    def __call__(self) -> str:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@given(st.integers(0, 10_000), st.integers())
def test_pauses_grow_and_are_bounded(attempt: int, seed: int) -> None:
    backoff = Backoff(first=0.5, longest=20)
    pause = backoff.pause(attempt, Random(seed))
    assert 0 <= pause <= min(20, 0.5 * 2 ** min(attempt, 10))


def test_tries_until_it_answers() -> None:
    around = Surroundings()
    call = Flaky(SourceAway("no"), SourceAway("not yet"), "here")
    assert around.retry(call, stage="store", stop=around.stop, service="db") == "here"
    assert len(around.clock.waits) == 2
    assert around.value("retries_total", stage="store") == 2
    assert around.value("source_away", service="db") == 0


def test_obeys_what_the_service_asks() -> None:
    around = Surroundings()
    around.retry(Flaky(SourceAway("429", retry_after=77), "here"), stage="notify", stop=around.stop)
    assert around.clock.waits == [77]


def test_other_errors_pass_at_once() -> None:
    around = Surroundings()
    with pytest.raises(BadRecord):
        around.retry(Flaky(BadRecord("bad")), stage="store", stop=around.stop)
    assert not around.clock.waits


def test_gives_up_when_stopped() -> None:
    around = Surroundings()
    stop = Event()
    stop.set()
    with pytest.raises(SourceAway):
        around.retry(Flaky(SourceAway("away")), stage="store", stop=stop)
    assert around.value("source_away", service="store") == 1
