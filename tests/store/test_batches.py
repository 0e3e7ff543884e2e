"""Many rows take a way of their own into each database; what they say comes out of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.database.copying import copied
from store.rows.upserts import FEW
from store.store import Store
from tests.store import velgrad as v

AWKWARD = ["\\N", "tab\tand\\t", "two\nlines\r\n", "\\", "", "[]", "мост 🌊", "it's", "x" * 3000]
VALUES = st.one_of(
    st.none(),
    st.sampled_from(AWKWARD),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(st.tuples(VALUES, st.sampled_from(AWKWARD), VALUES), min_size=1, max_size=30))
def test_what_is_copied_reads_as_what_it_was(rows: list[tuple[Any, ...]]) -> None:
    text = copied(list(zip(*rows, strict=True)))
    assert text.endswith("\n")
    lines = text[:-1].split("\n")
    assert [tuple(map(read, line.split("\t"))) for line in lines] == [tuple(map(said, row)) for row in rows]


def read(field: str) -> str | None:
    """As PostgreSQL reads a field of COPY's text."""
    if field == "\\N":
        return None
    for mark, written in (("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        field = "\\\\".join(part.replace(written, mark) for part in field.split("\\\\"))
    return field.replace("\\\\", "\\")


def said(value: str | float | datetime | None) -> str | None:
    return None if value is None else str(value)


def test_bytes_are_copied_as_hexadecimal_digits() -> None:
    assert copied([(b"\x00\xff",)]) == "\\\\x00ff\n"


def test_awkward_text_in_many_rows_comes_out_as_it_went_in(store: Store) -> None:
    texts = [AWKWARD[number % len(AWKWARD)] for number in range(2 * FEW)]
    v.keep(store, *(v.enriched(number, text=text) for number, text in enumerate(texts)))
    assert {row["uid"]: row["text"] for row in store.dump("posts")} == {f"x:{n}": text for n, text in enumerate(texts)}


def test_what_no_row_of_a_batch_says_takes_the_place_of_what_was_said(store: Store) -> None:
    numbers = range(2 * FEW)
    v.keep(store, *(v.enriched(number) for number in numbers))
    said = [v.enriched(number, seconds=9, author=2) for number in numbers]
    bare = [
        replace(each, post=replace(each.post, links=(), url="", reply_to="", hashtags=()), entities=()) for each in said
    ]
    v.keep(store, *bare)
    for row in store.dump("posts"):
        assert (row["links"], row["url"], row["reply_to"], row["hashtags"], row["entities"]) == ([], "", "", [], [])
        assert row["quote_of"] == "x:900"
