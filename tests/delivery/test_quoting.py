"""Whatever people wrote, it does not act on the terminal, the page or the words around it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.quoting import clean, clipped, host, isolated, paragraphs, web_address

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
HARMFUL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff\u2028\u2029")


@pytest.mark.parametrize(
    ("wrote", "shown"),
    [
        ("plain words", "plain words"),
        ("two\nlines\r\nand\ta tab", "two lines and a tab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1b]0;a new title\x07after", "after"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never ended, still shown", "0;never ended, still shown"),
        ("\x9d0;never ended \x90and one that is\x9c shown", "0;never ended shown"),
        ("null\x00byte, back\x08space, bell\x07", "nullbyte, backspace, bell"),
        ("pay \u202etxt.exe", "pay txt.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("a\u2028b", "a b"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("z" + "\u0301" * 40, "z" + "\u0301" * 4),
        ("hidden\U000e0041\U000e0042 tags", "hidden tags"),
        ("صورة قديمة", "صورة قديمة"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🚒 and ❤\ufe0f", "👩\u200d🚒 and ❤\ufe0f"),
    ],
)
def test_keeps_the_words_and_nothing_that_acts(wrote: str, shown: str) -> None:
    assert clean(wrote) == shown


@pytest.mark.parametrize("begins", ["\x90", "\x98a", "\x9d0;", "\x1b]", "\x1bPq\x9b", "\x9b1;"])
def test_terminal_codes_that_never_end_take_no_time(begins: str) -> None:
    assert len(clean(begins * 300_000)) <= 1_200_000  # squared, it would take an hour


@given(ANY_TEXT)
def test_leaves_one_harmless_line(text: str) -> None:
    shown = clean(text)
    assert not HARMFUL.intersection(shown)
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in shown)
    assert shown == shown.strip()
    shown.encode()


@given(ANY_TEXT, st.integers(1, 50))
def test_cuts_to_length(text: str, most: int) -> None:
    assert len(clipped(text, most)) <= most
    assert len(paragraphs(text, most)) <= most


def test_paragraphs_keep_lines_apart() -> None:
    assert paragraphs("one \x07\n\n\n two\u202e\r\nthree", 100) == "one\ntwo\nthree"


def test_right_to_left_is_isolated_and_nothing_else() -> None:
    assert isolated("bridge") == "bridge"
    assert isolated("جسر") == "\u2068جسر\u2069"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//x.example/a",
        "x.example",
        "http://",
        "",
        "https://[",
        "http://a\ud800.example",
    ],
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert web_address(url) == ""
    assert host(url) == ""


def test_addresses_cannot_end_what_they_stand_in() -> None:
    address = web_address("https://x.example/a b\"'<>|\n?q=é#f")
    assert not set(address) & set('"<>| \n')
    assert web_address("HTTPS://x.example/a%20b?c=d&e=f") == "https://x.example/a%20b?c=d&e=f"
    assert host("https://trusted.example@other.example/x") == "other.example"
