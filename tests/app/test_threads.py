"""What a process makes of signals."""

from __future__ import annotations

import signal
from threading import Condition

import pytest

from secondsource.app.threads import stopping_on_signals


@pytest.mark.timeout(20)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_in_the_middle_of_the_first_does_not_hang(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = Condition.notify_all

    def asked_again_and_told(self: Condition) -> None:  # by now the event holds its lock
        signal.raise_signal(signal.SIGTERM)
        tell(self)

    with stopping_on_signals() as stop:
        monkeypatch.setattr(Condition, "notify_all", asked_again_and_told)
        signal.raise_signal(number)
        assert stop.is_set()


def test_a_second_ctrl_c_ends_the_process_at_once() -> None:
    with stopping_on_signals() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_what_signals_did_before_they_do_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stopping_on_signals():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
