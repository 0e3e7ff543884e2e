"""The real servers start, answer, go away and come back: what other tests rest on."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from tests.servers.chromium import Browser
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.prometheus import StartPrometheus


def send(bootstrap: str, body: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    producer.send("kept", body).get(timeout=60)
    producer.close()


def read(bootstrap: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer("kept", bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id="reader")
    try:
        return [next(consumer).value for _ in range(count)]
    finally:
        consumer.close(autocommit=False)


@pytest.mark.kafka
def test_a_broker_keeps_its_topics_when_it_is_stopped_and_killed(kafka_server: KafkaServer) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka_server.bootstrap)
    admin.create_topics([NewTopic("kept", 1, 1)])
    admin.close()
    send(kafka_server.bootstrap, b"before")
    kafka_server.stop()
    kafka_server.start()
    send(kafka_server.bootstrap, b"between")
    kafka_server.kill()
    kafka_server.start()
    send(kafka_server.bootstrap, b"after")
    assert read(kafka_server.bootstrap, 3) == [b"before", b"between", b"after"]


@pytest.mark.kafka
def test_the_shared_broker_answers(kafka_broker: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka_broker)
    assert isinstance(admin.list_topics(), list)
    admin.close()


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""))


@pytest.mark.postgres
def test_each_test_gets_an_empty_database(postgres_url: str) -> None:
    with connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine (name text)")
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (1,)


@pytest.mark.postgres
def test_a_database_keeps_its_rows_when_it_is_stopped_and_killed(postgres_server: PostgresServer) -> None:
    url = postgres_server.url(postgres_server.create_database())
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept (name text)")
    postgres_server.stop()
    with pytest.raises(psycopg.OperationalError):
        connect(url)
    postgres_server.start()
    with connect(url) as connection:
        connection.execute("INSERT INTO kept VALUES ('row')")
    postgres_server.kill()
    postgres_server.start()
    with connect(url) as connection:
        assert connection.execute("SELECT name FROM kept").fetchall() == [("row",)]


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        metrics = self.path == "/metrics"
        body = b"posts_total 7\n" if metrics else b"<p id=x></p><script>x.textContent = 'ran ' + 'here'</script>"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4" if metrics else "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name for it
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.prometheus
def test_prometheus_scrapes(prometheus_server: StartPrometheus, address: str) -> None:
    prometheus = prometheus_server([address])
    (row,) = prometheus.wait_for("posts_total")
    assert row["value"][1] == "7"
    with pytest.raises(ValueError, match="parse error"):
        prometheus.query("sum(")


@pytest.mark.browser
def test_the_browser_runs_scripts_and_takes_pictures(browser: Browser, address: str, tmp_path: Path) -> None:
    assert ">ran here<" in browser.dump_dom(f"http://{address}/")
    browser.screenshot(f"http://{address}/", tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
