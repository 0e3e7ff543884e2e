"""A real Alertmanager on 127.0.0.1, with the configuration of the deployment and nobody it could tell."""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers import places
from tests.servers.process import Process, free_ports

CONFIGURATION = places.ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
NOWHERE = "http://127.0.0.1:9/"
ALERTS = "/api/v2/alerts"


class AlertmanagerServer:
    def __init__(self) -> None:
        program = places.alertmanager()
        self._folder = Path(tempfile.mkdtemp(prefix="secondsource-alertmanager-"))
        (port,) = free_ports(1)
        self._url = f"http://127.0.0.1:{port}"
        webhook = self._folder / "webhook"
        webhook.write_text(NOWHERE)
        configuration = self._folder / "alertmanager.yml"
        configuration.write_text(CONFIGURATION.read_text().replace("/run/secrets/slack_ops_webhook", str(webhook)))
        command: list[str | Path] = [
            program,
            f"--config.file={configuration}",
            f"--storage.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        self._process = Process(command, self._folder / "alertmanager.log")
        self._process.wait_until(self._ready)

    def kept_quiet(self, firing: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        """Those of these alerts, by their labels, that nobody is told of while the others fire."""
        # Alertmanager works inhibitions out after it has answered, in the order of what was posted: whatever was posted
        # before an inhibition that shows is worked out as well.
        self._post_and_await_inhibition("before")
        self._post(firing)
        self._post_and_await_inhibition("after")
        return [labels for labels in firing if self._inhibited(labels)]

    def stop(self) -> None:
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _post_and_await_inhibition(self, collector: str) -> None:
        """Of this collector's silence, its source being away: alerts of other collectors or of none are not touched."""
        silent = {"alertname": "CollectorSilent", "collector": collector}
        self._post([{"alertname": "SourceAway", "collector": collector}, silent])
        self._process.wait_until(lambda: self._inhibited(silent))

    def _post(self, firing: Sequence[Mapping[str, str]]) -> None:
        body = json.dumps([{"labels": labels} for labels in firing]).encode()
        request = urllib.request.Request(self._url + ALERTS, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30):
            pass

    def _inhibited(self, labels: Mapping[str, str]) -> bool:
        with urllib.request.urlopen(self._url + ALERTS, timeout=30) as reply:
            alerts: list[Any] = json.load(reply)
        (status,) = (each["status"] for each in alerts if each["labels"] == labels)
        return bool(status["inhibitedBy"])

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=5) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False
