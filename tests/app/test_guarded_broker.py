"""A broker that lets in only whom it knows, over TLS: what stands in secondsource.yaml opens the door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from secondsource.app import configuring, wiring
from secondsource.contracts import topics
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.stage import Out
from secondsource.runtime.kafka import KafkaSettings, KafkaTransport, ensure_topics
from secondsource.runtime.transport import Delivery
from tests.app.processes import PATIENCE
from tests.runtime.makers import post
from tests.servers.fixtures import needed
from tests.servers.kafka import GuardedKafkaServer

pytestmark = pytest.mark.kafka
PASSWORD = "VELGRAD_KAFKA_PASSWORD"


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedKafkaServer]:
    server = needed(GuardedKafkaServer)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def settings(folder: Path, server: GuardedKafkaServer, *, password: str, ca_file: Path) -> KafkaSettings:
    (folder / "watches").mkdir()
    (folder / "watches" / "velgrad.yaml").write_text("watches:\n  - {name: velgrad, hashtags: [Velgrad]}\n")
    (folder / "secondsource.yaml").write_text(
        f"""transport: kafka
kafka:
  bootstrap: "{server.guarded_bootstrap}"
  prefix: g{uuid4().hex[:8]}
  security_protocol: SASL_SSL
  ssl_ca_file: {ca_file}
  sasl_mechanism: SCRAM-SHA-512
  sasl_username: {server.user}
  sasl_password_env: {PASSWORD}
"""
    )
    return wiring.kafka_settings(configuring.load(folder, {PASSWORD: password}))


def test_the_configured_password_and_certificate_open_the_door(guarded: GuardedKafkaServer, tmp_path: Path) -> None:
    known = settings(tmp_path, guarded, password=guarded.password, ca_file=guarded.ca_file)
    ensure_topics(known, 1)
    transport = KafkaTransport(known, patience=PATIENCE)
    sent = post(1)
    try:
        assert transport.publish([Out(topics.POSTS, sent.uid, sent)]) == []
        transport.flush()
        inlet = transport.inlet("enrich", (topics.POSTS,))
        got: list[object] = []
        for _ in range(500):
            got += [one.record.message for one in inlet.receive(10, 0.5) if isinstance(one, Delivery)]
            if got:
                break
        assert got == [sent]
    finally:
        transport.close()


def test_a_wrong_password_says_what_to_check(guarded: GuardedKafkaServer, tmp_path: Path) -> None:
    wrong = settings(tmp_path, guarded, password="ferry-at-ten", ca_file=guarded.ca_file)
    with pytest.raises((SourceAway, BadConfiguration), match="sasl_plain_password") as told:
        ensure_topics(wrong, 1)
    assert "ferry" not in str(told.value)


def test_a_certificate_that_is_not_trusted_says_what_to_check(guarded: GuardedKafkaServer, tmp_path: Path) -> None:
    server = GuardedKafkaServer()  # never started: somebody else's certificate
    try:
        stranger = settings(tmp_path, guarded, password=guarded.password, ca_file=server.ca_file)
        with pytest.raises((SourceAway, BadConfiguration), match="ssl_cafile"):
            ensure_topics(stranger, 1)
    finally:
        server.remove()
