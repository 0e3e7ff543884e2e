"""A real Prometheus on 127.0.0.1, scraping what a test gives it, in a temporary folder."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml

from tests.servers import places
from tests.servers.process import Process, free_ports


class PrometheusServer:
    """`targets` are host:port of what answers /metrics; `rules` is a folder of rule files."""

    def __init__(self, targets: Sequence[str], rules: Path | None = None, interval: str = "1s") -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="secondsource-prometheus-"))
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        configuration = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": [str(rules / "*.yml")] if rules else [],
            "scrape_configs": [{"job_name": "secondsource", "static_configs": [{"targets": list(targets)}]}],
        }
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        command: list[str | Path] = [
            places.prometheus(),
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        self._process = Process(command, self._folder / "prometheus.log")
        self._process.wait_until(self._ready)

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The result of an instant query now: a list of {"metric": {...}, "value": [time, text]}.

        Raises:
            ValueError: Prometheus refuses the expression.
        """
        arguments = urllib.parse.urlencode({"query": expr}).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query", arguments, timeout=30) as reply:
                answer = json.load(reply)
        except urllib.error.HTTPError as refusal:
            raise ValueError(f"{expr}: {json.load(refusal).get('error')}") from refusal
        if answer["data"]["resultType"] in {"scalar", "string"}:
            return [{"metric": {}, "value": answer["data"]["result"]}]
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def wait_for(self, expr: str, seconds: float = 60) -> list[dict[str, Any]]:
        """The rows of a query as soon as it returns any; [] if it has not after `seconds`."""
        deadline = time.monotonic() + seconds
        while not (rows := self.query(expr)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return rows

    def stop(self) -> None:
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False


class StartPrometheus(Protocol):
    def __call__(self, targets: Sequence[str], rules: Path | None = None, interval: str = "1s") -> PrometheusServer: ...
