"""Fetching what strangers named: nothing reaches inside, and time, bytes, redirects and connections are bounded."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from enrich.media.fetch import Fetched, Fetcher, FetchLimits
from secondsource.contracts.addresses import is_public
from secondsource.contracts.clock import Clock, SystemClock
from secondsource.outside.connecting import Resolver
from tests.fakes.clock import ManualClock
from tests.fakes.web import PUBLIC, FakeWeb, answer, endless, fake_web, redirect, silent

INSIDE = {
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "private.example": ["10.1.2.3"],
    "private16.example": ["172.16.0.9"],
    "home.example": ["192.168.1.1"],
    "link-local.example": ["169.254.169.254"],
    "link-local6.example": ["fe80::1"],
    "scoped.example": ["fe80::1%eth0"],
    "unique-local.example": ["fd00::1"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "compatible.example": ["::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::"],
    "nat64.example": ["64:ff9b::a00:1"],
    "teredo.example": ["2001:0:7f00:1::1"],
    "zero.example": ["0.0.0.0"],
    "shared.example": ["100.64.0.1"],
    "multicast.example": ["224.0.0.1"],
    "broadcast.example": ["255.255.255.255"],
    "benchmark.example": ["198.18.0.1"],
    "both.example": [PUBLIC, "10.0.0.1"],
    "nonsense.example": ["not an address"],
    "127.0.0.1": ["127.0.0.1"],
    "2130706433": ["127.0.0.1"],
    "0x7f.1": ["127.0.0.1"],
    "::1": ["::1"],
}


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with fake_web(
        {**INSIDE, "other.example": ["2606:2800:220:1::1"], "two.example": ["93.184.216.35", PUBLIC]}
    ) as running:
        running.on("/a.jpg", answer(b"picture"))
        yield running


def fetcher(web: FakeWeb, clock: Clock | None = None, *, roots: tuple[Path, ...] = (), **limits: float) -> Fetcher:
    network = web.network()
    allowed = FetchLimits(**{"max_bytes": 100_000, "total_seconds": 5.0, **limits})  # type: ignore[arg-type]
    return Fetcher(clock or ManualClock(), allowed, roots=roots, resolver=network.resolver, connector=network.connector)


class TickingClock(ManualClock):
    """Time passes by being looked at: a tenth of a second each time."""

    def monotonic(self) -> float:
        self.advance(0.1)
        return super().monotonic()


def test_a_picture_is_fetched_from_the_very_address_that_was_checked(web: FakeWeb) -> None:
    assert fetcher(web).fetch("http://pictures.example/a.jpg") == Fetched("fetched", b"picture")
    assert web.dialled == [(PUBLIC, 80)]
    assert b"Host: pictures.example\r\n" in web.raw[0]
    assert b"cookie" not in web.raw[0].lower()
    assert b"authorization" not in web.raw[0].lower()


def test_ports_paths_and_queries_are_kept(web: FakeWeb) -> None:
    web.on("/%D9%85/b%20c.jpg?q=%C3%A9&x=1", answer(b"picture"))
    assert fetcher(web).fetch("http://PICTURES.example:8080/م/b%20c.jpg?q=é&x=1#f").body == b"picture"
    assert web.dialled == [(PUBLIC, 8080)]
    assert b"Host: pictures.example:8080\r\n" in web.raw[0]


@pytest.mark.parametrize("host", sorted(INSIDE))
def test_names_that_lead_inside_are_refused_unconnected(web: FakeWeb, host: str) -> None:
    url = f"http://[{host}]/a.jpg" if ":" in host else f"http://{host}/a.jpg"
    found = fetcher(web).fetch(url)
    assert found.state == "refused"
    assert "not a public address" in found.reason
    assert web.dialled == []


@pytest.mark.parametrize("host", sorted(INSIDE))
def test_a_redirect_that_leads_inside_is_refused_unfollowed(web: FakeWeb, host: str) -> None:
    web.on("/go", redirect(f"http://[{host}]/a.jpg" if ":" in host else f"http://{host}/a.jpg"))
    assert fetcher(web).fetch("http://pictures.example/go").state == "refused"
    assert web.dialled == [(PUBLIC, 80)]


def test_a_name_that_changes_its_address_is_checked_again_each_time(web: FakeWeb) -> None:
    web.on("/go", redirect("/a.jpg"))
    turns = iter([[PUBLIC], ["127.0.0.1"]])
    rebinding = Fetcher(
        ManualClock(), FetchLimits(), resolver=lambda host, port: next(turns), connector=web.network().connector
    )
    assert rebinding.fetch("http://pictures.example/go").state == "refused"
    assert web.dialled == [(PUBLIC, 80)]


@pytest.mark.parametrize("location", ["/a.jpg", "//other.example/a.jpg", "http://other.example/a.jpg", "a.jpg"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_followed(web: FakeWeb, location: str, status: str) -> None:
    web.on("/go", redirect(location, status))
    assert fetcher(web).fetch("http://pictures.example/go").body == b"picture"


@pytest.mark.parametrize(
    ("location", "asked"),
    [("/мост.jpg", "/%D0%BC%D0%BE%D1%81%D1%82.jpg"), ("/the bridge.jpg", "/the%20bridge.jpg"), ("/%2Fb", "/%2Fb")],
)
def test_a_redirect_is_followed_as_it_is_written(web: FakeWeb, location: str, asked: str) -> None:
    web.on("/go", redirect(location))
    web.on(asked, answer(b"picture"))
    assert fetcher(web).fetch("http://pictures.example/go").body == b"picture"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://pictures.example/go", "in a circle"),
        ("file:///etc/hostname", "to a file"),
        ("ftp://pictures.example/", "only http and https"),
        ("http://a:b@pictures.example/a.jpg", "password"),
        ("http://[broken/", "not what|not a link"),
        ("javascript:alert(1)", "only http and https"),
    ],
)
def test_redirects_that_go_nowhere_good_are_refused(web: FakeWeb, location: str, reason: str) -> None:
    web.on("/go", redirect(location))
    found = fetcher(web).fetch("http://pictures.example/go")
    assert found.state == "refused"
    assert any(part in found.reason for part in reason.split("|"))


def test_too_many_redirects_are_refused(web: FakeWeb) -> None:
    for step in range(9):
        web.on(f"/{step}", redirect(f"/{step + 1}"))
    found = fetcher(web, max_redirects=3).fetch("http://pictures.example/0")
    assert found == Fetched("refused", reason="more than 3 redirects")
    assert len(web.requests) == 4


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pictures.example/a.jpg",
        "ftp://pictures.example/a.jpg",
        "data:image/png;base64,AAAA",
        "gopher://pictures.example/",
        "http://",
        "http://pictures.example:99999/",
        "http://pictures.example:x/",
        "http://[::1/",
        "http://ana:secret@pictures.example/a.jpg",
        "http://pictures.example/a.jpg\r\nX-Evil: 1",
        "http://pictures.example/ a.jpg",
        "http://pictures.example\0/",
        "http://\ud800.example/",
        "http://pictures.example/\ud800",
        "http://" + "a" * 300 + ".example/",
    ],
)
def test_what_is_not_a_link_is_refused_unconnected(web: FakeWeb, url: str) -> None:
    assert fetcher(web).fetch(url).state == "refused"
    assert web.requests == []


def test_a_length_beyond_the_limit_is_not_read(web: FakeWeb) -> None:
    web.on("/big", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    found = fetcher(web).fetch("http://pictures.example/big")
    assert found.state == "refused"
    assert found.reason.endswith(": 1,000,000,000 bytes, more than the 100,000 allowed")


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4_096),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4_096 + b"\r\n"),
    ],
)
def test_a_gigabyte_without_a_length_is_read_up_to_the_limit(web: FakeWeb, head: bytes, piece: bytes) -> None:
    web.on("/endless", endless(head, piece))
    reason = "http://pictures.example/endless: more than the 100,000 bytes allowed"
    assert fetcher(web).fetch("http://pictures.example/endless") == Fetched("refused", reason=reason)


def test_a_body_of_exactly_the_limit_is_taken(web: FakeWeb) -> None:
    web.on("/full", answer(b"x" * 100_000))
    assert len(fetcher(web).fetch("http://pictures.example/full").body) == 100_000


@pytest.mark.parametrize(
    ("head", "drip"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_an_answer_that_drips_ends_at_the_deadline(web: FakeWeb, head: bytes, drip: bytes) -> None:
    def send(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head)
        while True:
            connection.sendall(drip)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)

    web.on("/slow", send)
    found = fetcher(web, TickingClock(), tries=1, total_seconds=0.6).fetch("http://pictures.example/slow")
    assert found.state == "unavailable"


def test_a_server_that_says_nothing_is_given_up_on(web: FakeWeb) -> None:
    web.on("/silent", silent)
    found = fetcher(web, SystemClock(), tries=1, total_seconds=0.2).fetch("http://pictures.example/silent")
    assert found == Fetched("unavailable", reason="pictures.example: no complete answer within 0.2 s")


@pytest.mark.parametrize("status", ["429 Too Many", "500 Oops", "502 Bad", "503 Busy", "504 Late"])
def test_passing_trouble_is_tried_again(web: FakeWeb, status: str) -> None:
    web.on("/busy", answer(b"", status=status), answer(b"", status=status), answer(b"picture"))
    clock = ManualClock()
    assert fetcher(web, clock).fetch("http://pictures.example/busy").body == b"picture"
    assert clock.waits == [0.5, 1.0]


@pytest.mark.parametrize(
    ("told", "waits"),
    [
        ("7", [7.0, 1.0]),
        ("Tue, 01 Jan 2030 00:00:04 GMT", [4.0, 1.0]),
        ("Tue, 01 Jan 2030 00:00:04", [4.0, 1.0]),
        ("0", [0.5, 1.0]),
        ("Sat, 01 Jan 2000 00:00:00 GMT", [0.5, 1.0]),
        ("-7", [0.5, 1.0]),
        ("soon", [0.5, 1.0]),
        ("٧", [0.5, 1.0]),
    ],
)
def test_a_host_that_says_when_is_asked_then(web: FakeWeb, told: str, waits: list[float]) -> None:
    busy = f"HTTP/1.1 429 Busy\r\nContent-Length: 0\r\nRetry-After: {told}\r\n\r\n".encode()
    web.on("/busy", busy, answer(b"", status="503 Busy"), answer(b"picture"))
    clock = ManualClock()
    assert fetcher(web, clock).fetch("http://pictures.example/busy").body == b"picture"
    assert clock.waits == waits


def test_a_host_that_wants_to_be_left_alone_for_long_is(web: FakeWeb) -> None:
    web.on("/busy", answer(b"", status="429 Busy", headers={"Retry-After": "3000"}))
    clock = ManualClock()
    polite = fetcher(web, clock)
    assert polite.fetch("http://pictures.example/busy") == Fetched("unavailable", reason="HTTP 429")
    assert polite.fetch("http://pictures.example/a.jpg").state == "unavailable"
    assert web.requests == ["/busy"]
    assert clock.waits == []
    assert polite.fetch("http://other.example/a.jpg").body == b"picture"
    clock.advance(3_001)
    assert polite.fetch("http://pictures.example/a.jpg").body == b"picture"


def test_whatever_a_host_asks_it_is_asked_again_after_an_hour(web: FakeWeb) -> None:
    web.on("/busy", answer(b"", status="503 Busy", headers={"Retry-After": "999999999999"}))
    clock = ManualClock()
    polite = fetcher(web, clock)
    polite.fetch("http://pictures.example/busy")
    clock.advance(3_601)
    assert polite.fetch("http://pictures.example/a.jpg").body == b"picture"


def test_a_host_that_keeps_failing_is_left_alone_for_a_while(web: FakeWeb) -> None:
    web.on("/busy", answer(b"", status="503 Busy"))
    clock = ManualClock()
    patient = fetcher(web, clock, patience=6, rest_seconds=60)
    for _ in range(5):
        assert patient.fetch("http://pictures.example/busy").state == "unavailable"
    assert len(web.requests) == 6
    clock.advance(61)
    assert patient.fetch("http://pictures.example/a.jpg").body == b"picture"


def test_a_missing_picture_is_an_answer_and_no_trouble(web: FakeWeb) -> None:
    for number in range(20):
        fetcher(web, patience=3).fetch(f"http://pictures.example/none/{number}")
    assert len(web.requests) == 20


def test_a_name_that_is_looked_up_for_ever_ends_with_the_try(web: FakeWeb) -> None:
    released = threading.Event()

    def never(host: str, port: int) -> list[str]:
        released.wait()
        return [PUBLIC]

    stuck = Fetcher(
        SystemClock(),
        FetchLimits(total_seconds=0.2, tries=1),
        resolver=never,
        connector=web.network().connector,
    )
    found = stuck.fetch("http://pictures.example/a.jpg")
    released.set()
    assert found == Fetched("unavailable", reason="pictures.example: no complete answer within 0.2 s")
    assert web.dialled == []


def test_a_connection_that_is_made_too_late_is_closed(web: FakeWeb) -> None:
    released = threading.Event()
    ours, theirs = socket.socketpair()

    def late(address: str, port: int, seconds: float) -> socket.socket:
        released.wait()
        return ours

    found = Fetcher(
        SystemClock(), FetchLimits(total_seconds=0.2, tries=1), resolver=web.network().resolver, connector=late
    ).fetch("http://pictures.example/a.jpg")
    released.set()
    assert found.state == "unavailable"
    assert theirs.recv(1) == b""  # the other end is closed
    theirs.close()


class TestStopping:
    """Nothing that is being fetched keeps a process from ending."""

    @staticmethod
    def stopped_while(web: FakeWeb, path: str, *, resolver: Resolver | None = None) -> Fetched:
        network, stop = web.network(), threading.Event()
        running = Fetcher(
            SystemClock(),
            FetchLimits(total_seconds=3600.0, connect_seconds=3600.0),
            resolver=resolver or network.resolver,
            connector=network.connector,
            stop=stop,
        )
        found: list[Fetched] = []
        thread = threading.Thread(target=lambda: found.append(running.fetch(f"http://pictures.example{path}")))
        thread.start()
        while not web.requests and resolver is None:
            stop.wait(0.01)
        stop.set()
        thread.join(30)
        return found[0]

    def test_while_a_server_says_nothing(self, web: FakeWeb) -> None:
        web.on("/silent", silent)
        assert self.stopped_while(web, "/silent").state == "stopped"

    def test_while_a_body_drips(self, web: FakeWeb) -> None:
        def half(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            silent(connection)

        web.on("/slow", half)
        assert self.stopped_while(web, "/slow").state == "stopped"

    def test_while_a_name_is_looked_up(self, web: FakeWeb) -> None:
        released = threading.Event()

        def never(host: str, port: int) -> list[str]:
            released.wait()
            return []

        assert self.stopped_while(web, "/a.jpg", resolver=never).state == "stopped"
        released.set()

    def test_while_it_waits_to_try_again_and_for_all_that_come(self, web: FakeWeb) -> None:
        web.on("/busy", answer(b"", status="503 Busy", headers={"Retry-After": "9"}))
        assert self.stopped_while(web, "/busy").state == "stopped"
        assert len(web.requests) == 1
        stopped = fetcher(web)
        stopped.stop()
        assert stopped.fetch("http://pictures.example/a.jpg").state == "stopped"
        assert stopped.fetch("file:///etc/hostname").state == "stopped"


def test_one_host_gets_as_many_connections_as_allowed(web: FakeWeb) -> None:
    inside, most, guard = 0, 0, threading.Lock()

    def counted(connection: socket.socket) -> None:
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        time.sleep(0.005)  # so that others would come meanwhile, if they might
        with guard:  # before the answer: who has it may ask again at once
            inside -= 1
        connection.sendall(answer(b"picture"))

    web.on("/counted", counted)
    polite = fetcher(web, SystemClock(), per_host=2)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: polite.fetch("http://pictures.example/counted"), range(24)))
    assert {each.body for each in found} == {b"picture"}
    assert most <= 2


def test_lasting_trouble_is_unavailable(web: FakeWeb) -> None:
    web.on("/busy", answer(b"", status="503 Busy"))
    assert fetcher(web).fetch("http://pictures.example/busy") == Fetched("unavailable", reason="HTTP 503 (3 tries)")


@pytest.mark.parametrize(
    "status", ["401 No", "403 No", "404 Not Found", "410 Gone", "204 Empty", "304 Same", "999 What"]
)
def test_what_is_not_there_is_not_asked_for_again(web: FakeWeb, status: str) -> None:
    web.on("/gone", answer(b"", status=status))
    found = fetcher(web).fetch("http://pictures.example/gone")
    assert found == Fetched("unavailable", reason=f"HTTP {status[:3]}")
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"\r\n",
        b"hello\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b",
        b"HTTP/1.1 302 Found\r\nLocation: \r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_rubbish_for_an_answer_never_raises(web: FakeWeb, rubbish: bytes) -> None:
    web.on("/rubbish", rubbish)
    assert fetcher(web).fetch("http://pictures.example/rubbish").state in ("refused", "unavailable")


def test_a_name_nobody_knows_and_a_server_that_is_away_are_unavailable(web: FakeWeb) -> None:
    assert fetcher(web).fetch("http://unknown.example/a.jpg").state == "unavailable"
    web.close()
    assert fetcher(web).fetch("http://pictures.example/a.jpg").state == "unavailable"


def test_the_next_address_is_tried_where_one_does_not_answer(web: FakeWeb) -> None:
    network = web.network()

    def connector(address: str, port: int, seconds: float) -> socket.socket:
        if address == "93.184.216.35":
            raise ConnectionRefusedError
        return network.connector(address, port, seconds)

    half = Fetcher(ManualClock(), FetchLimits(), resolver=network.resolver, connector=connector)
    assert half.fetch("http://two.example/a.jpg").body == b"picture"


def test_https_is_spoken_where_the_link_says_so(web: FakeWeb) -> None:
    found = fetcher(web, tries=1, total_seconds=0.3).fetch("https://pictures.example/a.jpg")
    assert found.state == "unavailable"
    assert web.dialled == [(PUBLIC, 443)]
    assert web.requests == []


def test_replay_names_without_files_are_unavailable(web: FakeWeb) -> None:
    found = fetcher(web).fetch("replay-media:velgrad_01")
    assert found.state == "unavailable"
    assert "no file" in found.reason


class TestFiles:
    def test_files_below_the_given_folders_are_read(self, web: FakeWeb, tmp_path: Path) -> None:
        path = tmp_path / "a bridge é.jpg"
        path.write_bytes(b"picture")
        assert fetcher(web, roots=(tmp_path,)).fetch(path.as_uri()) == Fetched("fetched", b"picture")

    def test_none_are_read_where_no_folder_is_given(self, web: FakeWeb, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").write_bytes(b"picture")
        assert fetcher(web).fetch((tmp_path / "a.jpg").as_uri()).state == "refused"

    def test_nothing_leads_out_of_them(self, web: FakeWeb, tmp_path: Path) -> None:
        root = tmp_path / "root"
        (root / "sub").mkdir(parents=True)
        (tmp_path / "root2").mkdir()
        for secret in (tmp_path / "secret.jpg", tmp_path / "root2" / "secret.jpg"):
            secret.write_bytes(b"secret")
        (root / "link.jpg").symlink_to(tmp_path / "secret.jpg")
        (root / "folder").symlink_to(tmp_path / "root2")
        inside = fetcher(web, roots=(root,))
        for path in ("../secret.jpg", "sub/../../secret.jpg", "%2e%2e/secret.jpg", "link.jpg", "folder/secret.jpg"):
            assert inside.fetch(f"file://{root}/{path}").state == "refused", path
        assert inside.fetch(f"file://{tmp_path}/root2/secret.jpg").state == "refused"

    def test_links_that_stay_inside_are_followed(self, web: FakeWeb, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").write_bytes(b"picture")
        (tmp_path / "b.jpg").symlink_to("a.jpg")
        assert fetcher(web, roots=(tmp_path,)).fetch((tmp_path / "b.jpg").as_uri()).body == b"picture"

    def test_what_is_no_file_or_too_large_is_refused(self, web: FakeWeb, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "big").write_bytes(b"x" * 100_001)
        (tmp_path / "loop").symlink_to("loop")
        limited = fetcher(web, roots=(tmp_path,))
        assert limited.fetch((tmp_path / "pipe").as_uri()) == Fetched("refused", reason="not a regular file")
        assert limited.fetch(tmp_path.as_uri()) == Fetched("refused", reason="not a regular file")
        assert limited.fetch((tmp_path / "big").as_uri()).state == "refused"
        assert limited.fetch((tmp_path / "loop").as_uri()).state == "unavailable"
        assert limited.fetch((tmp_path / "none").as_uri()) == Fetched("unavailable", reason="no such file")
        assert limited.fetch("file://elsewhere/etc/hostname").state == "refused"
        assert limited.fetch(f"file://{tmp_path}/a%00b").state == "unavailable"


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def test_the_real_resolver_reads_numbers_in_any_disguise_as_what_they_are(web: FakeWeb) -> None:
    real = Fetcher(ManualClock(), FetchLimits(tries=1), connector=web.network().connector)
    for host in ("127.0.0.1", "2130706433", "0x7f.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"):
        assert real.fetch(f"http://{host}/a.jpg").state == "refused", host
    assert web.dialled == []
