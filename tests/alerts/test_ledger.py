"""Memory that is saved by what changed: restored whole, and without a trace of what was scrubbed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.memory import ledger
from alerts.memory.ledger import Ledger
from alerts.memory.tail import Tail


def restored(parts: dict[str, bytes]) -> dict[int, bytes]:
    said = Ledger("w/things", lambda thing: b"").restore((int(name[-10:]), parts[name]) for name in sorted(parts))
    return {thing: b"".join(bodies) for thing, bodies in said.items()}


def keep(parts: dict[str, bytes], changes: dict[str, bytes | None]) -> None:
    for name, body in changes.items():
        if body is None:
            del parts[name]
        else:
            parts[name] = body


_ACTS = ("put", "append", "drop", "scrub", "cleanse", "save")
_acts = st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(1, 6)), max_size=80)


@given(_acts, st.booleans())
@settings(max_examples=300)
def test_what_is_restored_is_what_was_said(acts: list[tuple[str, int]], tight: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if tight:
            patch.setattr(ledger, "_MOST_PARTS", 3)
            patch.setattr(ledger, "_SLACK", 2)
        truth: dict[int, bytes] = {}
        kept = Ledger("w/things", truth.__getitem__)
        parts: dict[str, bytes] = {}
        for step, (act, thing) in enumerate(acts):
            body = f"<{thing}.{step}>".encode()
            if act == "put":
                truth[thing] = body
                kept.put(thing, body)
            elif act == "append":
                truth[thing] = truth.get(thing, b"") + body
                kept.append(thing, body)
            elif act == "drop":
                truth.pop(thing, None)
                kept.drop(thing)
            elif act == "scrub" and thing in truth:
                truth[thing] = b"<rewritten>"
                kept.append(thing, b"")
                kept.scrub(thing)
            elif act == "cleanse":
                kept.cleanse()
            elif act == "save":
                keep(parts, kept.changes())
                assert restored(parts) == truth
                if tight:
                    assert len(parts) <= 5
        keep(parts, kept.changes())
        assert restored(parts) == truth


@given(_acts)
def test_it_goes_on_after_being_restored(acts: list[tuple[str, int]]) -> None:
    truth: dict[int, bytes] = {}
    kept = Ledger("w/things", truth.__getitem__)
    parts: dict[str, bytes] = {}
    for step, (act, thing) in enumerate(acts):
        if act == "drop":
            truth.pop(thing, None)
            kept.drop(thing)
        elif act in {"put", "append"}:
            truth[thing] = f"<{step}>".encode()
            kept.put(thing, truth[thing])
        else:
            keep(parts, kept.changes())
            kept = Ledger("w/things", truth.__getitem__)
            assert {one: said[-1] for one, said in kept.restore(_numbered(parts)).items()} == truth
    keep(parts, kept.changes())
    assert restored(parts) == truth


def _numbered(parts: dict[str, bytes]) -> list[tuple[int, bytes]]:
    return [(int(name[-10:]), parts[name]) for name in sorted(parts)]


def test_nothing_scrubbed_stays_in_any_part() -> None:
    truth = {1: b"secret", 2: b"other"}
    kept = Ledger("w/things", truth.__getitem__)
    parts: dict[str, bytes] = {}
    kept.put(1, b"secret")
    kept.put(2, b"other")
    keep(parts, kept.changes())
    kept.append(1, b"secret again")
    keep(parts, kept.changes())
    truth[1] = b"[removed]"
    kept.append(1, b"removed")
    kept.scrub(1)
    keep(parts, kept.changes())
    assert not any(b"secret" in body for body in parts.values())
    assert restored(parts) == truth


def test_nothing_is_written_where_nothing_changed() -> None:
    kept = Ledger("w/things", lambda thing: b"")
    kept.put(1, b"one")
    kept.changes()
    assert kept.changes() == {}


@given(st.lists(st.tuples(st.sampled_from(["add", "forget", "save", "crash"]), st.integers(0, 5)), max_size=60))
def test_a_tail_is_the_same_after_being_restored(acts: list[tuple[str, int]]) -> None:
    tail = Tail("w/tail", "dq")
    truth: list[tuple[float, int]] = []
    parts: dict[str, bytes] = {}
    saved = (0, 0)
    for step, (act, count) in enumerate(acts):
        if act == "add":
            for _ in range(count):
                tail.add(step / 2, step)
                truth.append((step / 2, step))
        elif act == "forget":
            tail.forget(min(tail.start + count, tail.end))
        else:
            keep(parts, tail.changes())
            saved = tail.start, tail.end
            if act == "crash":
                tail = Tail("w/tail", "dq")
                tail.restore(_numbered(parts), *saved)
        assert tail.end == len(truth)
        held = [(tail.get(0, place), int(tail.get(1, place))) for place in range(tail.start, tail.end)]
        assert held == truth[tail.start :]


@pytest.mark.parametrize("few", [0, 20_000])
def test_nothing_of_what_is_over_stays_once_it_is_cleansed(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(ledger, "_CLEANED", (4, few))
    truth = {thing: f"<{thing}>".encode() for thing in range(100)}
    kept = Ledger("w/things", truth.__getitem__)
    parts: dict[str, bytes] = {}
    for thing, body in truth.items():
        kept.put(thing, body)
        if thing % 5 == 4:
            keep(parts, kept.changes())
    kept.drop(7)
    del truth[7]
    keep(parts, kept.changes())
    assert any(b"<7>" in body for body in parts.values())
    kept.cleanse()
    for _ in range(1 if few else 6):
        keep(parts, kept.changes())
    assert not any(b"<7>" in body for body in parts.values())
    assert restored(parts) == truth
