"""One process of ours, started as an operator starts it: `python -m secondsource.app …`."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.servers.process import free_ports

PATIENCE = 300.0  #: seconds after which a test gives up waiting
_POLL = 0.05
SECONDS_TO_STOP = 10.0  #: then an orchestrator kills
#: What is local is asked without a proxy; what is printed is not wrapped.
_ENVIRON = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "COLUMNS": "200"}


class Worker:
    """Its output goes to a file, which is shown when it did not do what was expected.

    `typed` keeps its standard input open, for `type_in`. It runs in a session of its own, and is killed by the kernel
    should pytest itself be killed.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str | Path],
        log: Path,
        environ: Mapping[str, str],
        *,
        typed: bool = False,
    ) -> None:
        self.name = name
        self.log = log
        (port,) = free_ports(1)
        self.metrics = f"127.0.0.1:{port}"  #: where it answers /metrics
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with log.open("ab") as sink:
            self._popen = subprocess.Popen(
                [*guard, sys.executable, "-m", "secondsource.app", *arguments],
                stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=log.parent,
                env={**os.environ, **_ENVIRON, "SECONDSOURCE_METRICS_PORT": str(port), **environ},
            )

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._popen.poll()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def type_in(self, lines: bytes) -> None:
        """Write to its standard input, which stays open."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(lines)
        self._popen.stdin.flush()

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace")

    @property
    def said(self) -> int:
        """How much it has said so far, for `waits_for`."""
        return len(self.output())

    def says(self, words: str) -> bool:
        return words in self.output()

    def waits_for(self, service: str, since: int = 0) -> bool:
        """Whether it has said that a service is away, in either form of its log."""
        return re.search(rf'service away.*"?service"?(=|: "){service}\b', self.output()[since:]) is not None

    def events(self, event: str) -> list[dict[str, str]]:
        """The fields of each line it logged of this event, for processes that log JSON."""
        found = []
        for line in self.output().splitlines():
            if line.startswith("{"):
                fields = json.loads(line)
                if fields.get("event") == event:
                    found.append(fields)
        return found

    def kill(self) -> None:
        """As a power cut would."""
        if self.exit_code is None:
            self._popen.kill()
        self._popen.wait()
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def freeze(self) -> None:
        """Let it do nothing until it is thawed, so that what it would have done by then does not depend on its pace."""
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._popen.send_signal(signal.SIGCONT)

    def go_on_a_moment(self) -> None:
        """Thaw it, and freeze it again before it is through with much."""
        self.thaw()
        time.sleep(_POLL)
        self.freeze()

    def limit_files(self, most: int | None) -> None:
        """Let no file of it grow beyond so many bytes, as if the disk were full; None takes the limit away."""
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (hard if most is None else most, hard))

    def ask_to_stop(self) -> None:
        """As an operator or an orchestrator would."""
        if self.exit_code is None:
            self._popen.send_signal(signal.SIGTERM)

    def ended(self, within: float = PATIENCE) -> int:
        """Its exit code, once it has ended.

        Raises:
            AssertionError: it did not end in so many seconds.
        """
        try:
            return self._popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end in {within:g} s:\n{self.output()[-4000:]}") from None


def until(condition: Callable[[], object], what: str, alive: Sequence[Worker] = (), within: float = PATIENCE) -> None:
    """Look again and again until it is so.

    Raises:
        AssertionError: it is not after so many seconds, or one of the processes that ought to be alive has ended;
            with the end of what they said.
    """
    deadline = time.monotonic() + within
    while not condition():
        dead = [worker for worker in alive if worker.exit_code is not None]
        if dead or time.monotonic() > deadline:
            why = f"{dead[0].name} ended with {dead[0].exit_code}" if dead else f"not in {within:g} s"
            said = "\n".join(f"--- {worker.name}\n{worker.output()[-3000:]}" for worker in alive)
            raise AssertionError(f"waited for: {what}; {why}\n{said}")
        time.sleep(_POLL)
