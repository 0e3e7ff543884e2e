"""A server's process: started with its output in a file, waited for until it answers, and stopped for sure."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import SystemRandom

START_SECONDS = 120.0
STOP_SECONDS = 30.0


#: Below those that the system gives to outgoing connections, one of which might take a port before its server does.
_PORTS = range(15_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 nobody listens on, all different, at random: others look for some at the same time."""
    found: list[int] = []
    for port in SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as held:
            try:
                held.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError(f"no {count} free ports between {_PORTS.start} and {_PORTS.stop}")


class Process:
    """One start of one server.

    It runs in a session of its own, so that Ctrl-C reaches pytest alone, which then stops it in order; and it is
    killed by the kernel if pytest itself is killed.
    """

    def __init__(self, command: Sequence[str | Path], log: Path, *, user: str | None = None) -> None:
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self.log = log
        with log.open("ab") as sink:
            self._popen = subprocess.Popen(
                [*guard, *command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd="/",
            )

    def wait_until(self, answers: Callable[[], bool]) -> None:
        """Until the server answers.

        Raises:
            RuntimeError: it ended, or did not answer in two minutes; with the end of its output.
        """
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if self._popen.poll() is not None:
                raise RuntimeError(f"ended with {self._popen.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"did not answer within {START_SECONDS:.0f} s:\n{self.tail()}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end; if it will not, kill it."""
        if self._popen.poll() is None:
            self._popen.send_signal(how)
            try:
                self._popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]
