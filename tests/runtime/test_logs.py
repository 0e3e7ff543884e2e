"""A log line stays one line, whatever is in it."""

from __future__ import annotations

import io
import json
import logging
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondsource.runtime.logs import JsonLines, KeyValue, configure_logging, escape

HOSTILE = "line\nforged=1 \x1b[2J \u202eevil \u2028 \x9b31m \0 \ud800"


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    kafka = {name: logging.getLogger(name).level for name in ("kafka", "kafka.net", "slack_sdk.web.base_client")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in kafka.items():
        logging.getLogger(name).setLevel(before)


@given(st.text(st.characters()))
def test_nothing_that_moves_a_cursor_is_left(text: str) -> None:
    for character in escape(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


def record(**extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "ingest", "levelname": "WARNING", "msg": "bad %s", "args": (HOSTILE,)})
    vars(made).update(extra)
    return made


def test_key_value_is_one_line() -> None:
    line = KeyValue().format(record(stage="enrich", reason=HOSTILE, count=3))
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert " stage=enrich " in line
    assert line.endswith("count=3")
    assert "level=warning logger=ingest" in line


def test_json_is_one_line_and_reads_back() -> None:
    line = JsonLines().format(record(reason=HOSTILE))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["reason"] == HOSTILE


@pytest.mark.usefixtures("restored")
def test_tracebacks_stay_on_their_line() -> None:
    stream = io.StringIO()
    configure_logging(stream, form="json")
    try:
        int(HOSTILE)
    except ValueError:
        logging.getLogger("enrich").exception("oh")
    [line] = stream.getvalue().splitlines()
    assert "ValueError" in json.loads(line)["traceback"]


def test_while_a_service_is_away_its_client_is_silent_but_for_who_debugs(restored: None) -> None:
    stream = io.StringIO()
    for level in (logging.INFO, logging.DEBUG):
        configure_logging(stream, level=level)
        logging.getLogger("kafka.net.manager").error("Connection failed: 111 ECONNREFUSED")
        logging.getLogger("slack_sdk.web.base_client").error("Failed to send a request")
        logging.getLogger("kafka.producer.sender").error("a batch was refused")
    told = [line.partition("logger=")[2].split()[0] for line in stream.getvalue().splitlines()]
    assert told == [
        "kafka.producer.sender",
        *("kafka.net.manager", "slack_sdk.web.base_client", "kafka.producer.sender"),
    ]
