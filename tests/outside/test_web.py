"""Asking the web: what is given back, and how little a hostile server can take."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.outside.web import Answer, Limits, Web
from tests.fakes.feeds import (
    Asked,
    FakeFeeds,
    bomb,
    broken_off,
    document,
    endless,
    endless_behind,
    huge,
    packed,
    plainly,
    redirect,
    slow,
    slow_body,
    status,
)

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
BODY = b"<rss/>" * 1_000


@pytest.fixture
def fake() -> Iterator[FakeFeeds]:
    with FakeFeeds() as fake:
        yield fake


def web(fake: FakeFeeds, seconds: float = 10.0, most: int = 100_000) -> Web:
    return Web(SystemClock(), Limits(max_bytes=most, total_seconds=seconds), "tests/1", private=(fake.host,))


def test_an_answer_with_its_headers(fake: FakeFeeds) -> None:
    fake.on("/a", document(BODY))
    answer = web(fake).get(f"{fake.url}/a?b=c#d")
    assert (answer.status, answer.body, answer.url) == (200, BODY, f"{fake.url}/a?b=c#d")
    assert answer.headers["etag"].startswith('"')
    path, headers = fake.asked[0]
    assert path == "/a"
    assert headers["user-agent"] == "tests/1"
    assert headers["accept-encoding"] == "gzip"


def test_what_has_not_changed_is_not_sent_again(fake: FakeFeeds) -> None:
    fake.on("/a", document(BODY))
    etag = web(fake).get(f"{fake.url}/a").headers["etag"]
    again = web(fake).get(f"{fake.url}/a", {"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")


def test_packed_answers_are_unpacked(fake: FakeFeeds) -> None:
    fake.on("/a", packed(BODY))
    assert web(fake).get(f"{fake.url}/a").body == BODY


@pytest.mark.parametrize(
    "answering",
    [huge, endless, bomb, endless_behind(gzip.compress(b"x")), endless_behind(gzip.compress(b"")[:10])],
    ids=["says 100 MB", "never ends", "gzip bomb", "goes on behind its gzip", "gzip of nothing without end"],
)
def test_no_more_is_read_than_allowed(fake: FakeFeeds, answering: object) -> None:
    fake.on("/a", answering)  # type: ignore[arg-type] # a parametrised function
    with pytest.raises(BadRecord, match=r"more than the 100,000 allowed|more than the 100,000 bytes allowed"):
        web(fake).get(f"{fake.url}/a")


@pytest.mark.parametrize("answering", [slow, slow_body], ids=["its headers", "its body"])
def test_a_server_that_drips_is_left_in_time(fake: FakeFeeds, answering: object) -> None:
    fake.on("/a", answering)  # type: ignore[arg-type] # a parametrised function
    with pytest.raises(SourceAway, match=r"no complete answer within 0\.3 s"):
        web(fake, seconds=0.3).get(f"{fake.url}/a")


def test_what_breaks_off_is_not_taken_for_whole(fake: FakeFeeds) -> None:
    fake.on("/a", broken_off)
    with pytest.raises(SourceAway, match=r"broken off|IncompleteRead"):
        web(fake).get(f"{fake.url}/a")


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_an_encoding_that_is_none(fake: FakeFeeds, encoding: str) -> None:
    fake.on("/a", lambda asked: asked.reply(BODY, Content_Encoding=encoding))
    with pytest.raises(BadRecord, match=r"packed as 'br'|not the gzip it says"):
        web(fake).get(f"{fake.url}/a")


def test_redirects_are_followed_and_counted(fake: FakeFeeds) -> None:
    fake.on("/a", redirect("/b", 301))
    fake.on("/b", redirect(f"{fake.url}/c", 307))
    fake.on("/c", plainly(BODY))
    answer = web(fake).get(f"{fake.url}/a")
    assert (answer.url, answer.body) == (f"{fake.url}/c", BODY)
    fake.on("/c", redirect("/a"))
    with pytest.raises(BadRecord, match="in a circle"):
        web(fake).get(f"{fake.url}/a")
    for number in range(20):
        fake.on(f"/{number}", redirect(f"/{number + 1}"))
    with pytest.raises(BadRecord, match="more than 5 redirects"):
        web(fake).get(f"{fake.url}/0")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://10.0.0.7/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://user:word@127.0.0.1/",
        "http://[broken",
        "//127.0.0.1:1/",
    ],
)
def test_redirects_inside_are_refused(fake: FakeFeeds, target: str) -> None:
    fake.on("/a", redirect(target))
    with pytest.raises(BadRecord):
        web(fake).get(f"{fake.url}/a")


def test_a_name_with_one_address_inside_is_refused_as_a_whole() -> None:
    dialled: list[str] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        return {"mixed.example": ["93.184.216.34", "10.0.0.7"], "none.example": []}[host]

    def connector(address: str, port: int, seconds: float) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError

    asked = Web(SystemClock(), Limits(), "tests/1", resolver=resolver, connector=connector)
    with pytest.raises(BadRecord, match=r"10\.0\.0\.7, which is not a public address"):
        asked.get("https://mixed.example/")
    with pytest.raises(SourceAway, match="unknown host"):
        asked.get("https://none.example/")
    assert dialled == []


def test_the_address_that_was_checked_is_the_one_dialled(fake: FakeFeeds) -> None:
    """A name that leads inside when asked a second time gains nothing."""
    fake.on("/a", plainly(BODY))
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    dialled: list[str] = []

    def connector(address: str, port: int, seconds: float) -> socket.socket:
        dialled.append(address)
        host, _, at = fake.host.partition(":")
        return socket.create_connection((host, int(at)), timeout=seconds)

    asked = Web(SystemClock(), Limits(), "tests/1", resolver=lambda host, port: next(answers), connector=connector)
    assert asked.get("http://rebinding.example/a").body == BODY
    assert dialled == ["93.184.216.34"]


def test_headers_stay_with_the_host_they_were_meant_for(fake: FakeFeeds) -> None:
    with FakeFeeds() as other:
        fake.on("/a", redirect("/b"))
        fake.on("/b", redirect(f"{other.url}/c"))
        other.on("/c", plainly(BODY))
        asked = Web(SystemClock(), Limits(), "tests/1", private=(fake.host, other.host))
        asked.get(f"{fake.url}/a", {"X-Goog-Api-Key": "secret"})
        assert fake.asked[1][1]["x-goog-api-key"] == "secret"
        assert "x-goog-api-key" not in other.asked[0][1]


def test_what_went_wrong_is_said_without_the_query(fake: FakeFeeds) -> None:
    fake.on("/a", huge)
    with pytest.raises(BadRecord) as refused:
        web(fake).get(f"{fake.url}/a?key=secret")
    assert "secret" not in str(refused.value)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SourceAway, match="no usable answer"):
        Web(SystemClock(), Limits(), "tests/1", private=("127.0.0.1",)).get(f"http://127.0.0.1:{port}/")


def test_an_answer_that_is_no_http(fake: FakeFeeds) -> None:
    def garbage(asked: Asked) -> None:
        asked.wfile.write(b"\x00\xff" * 100 + b"\r\n\r\n")

    fake.on("/a", garbage)
    with pytest.raises(SourceAway, match="no usable answer"):
        web(fake).get(f"{fake.url}/a")


def test_an_error_is_an_answer_too_and_is_cut(fake: FakeFeeds) -> None:
    fake.on("/a", status(503, b"x" * 500_000, Retry_After="120"))
    answer = web(fake).get(f"{fake.url}/a")
    assert (answer.status, len(answer.body)) == (503, 65_536)
    assert answer.retry_after(NOW) == 120


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        ("Tue, 01 Jan 2030 12:00:30 GMT", 30.0),
        ("Tue, 01 Jan 2019 12:00:30 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, 999_999_999.0),
        ("", None),
    ],
)
def test_retry_after(said: str, seconds: float | None) -> None:
    assert Answer(429, "", {"retry-after": said}, b"").retry_after(NOW) == seconds
