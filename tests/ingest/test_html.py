"""HTML as posts and feeds carry it, and as those carry it who want a reader to choke."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.html import plain, read

TOOT = (
    '<p>Smoke over <a href="https://social.example/tags/Velgrad" class="mention hashtag" rel="tag">#<span>Velgrad'
    '</span></a>, says <span class="h-card"><a href="https://far.example/@mira" class="u-url mention">@<span>mira'
    '</span></a></span></p><p>More:<br><a href="https://news.example/a?x=1&amp;copy=2" rel="nofollow">'
    '<span class="invisible">https://</span><span class="ellipsis">news.example/a</span>'
    '<span class="invisible">?x=1&amp;copy=2</span></a></p>'
)


def test_a_toot() -> None:
    marked = read(TOOT)
    assert marked.text == "Smoke over #Velgrad, says @mira\n\nMore:\nhttps://news.example/a?x=1&copy=2"
    assert marked.links == ("https://news.example/a?x=1&copy=2",)
    assert marked.hashtags == ("Velgrad",)
    assert marked.mentions == ("mira",)
    assert plain(TOOT) == marked.text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("no markup &amp; none", "no markup & none"),
        ("a < b, b > c", "a < b, b > c"),
        ("<p>one</p>\n\n<p>two<br/>three</p>", "one\n\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("a<script>alert('</p>')</script>b<style>p{}</style>c", "abc"),
        ("a<SCRIPT>x</ScRiPt >b", "ab"),
        ("a<script>never closed", "a"),
        ("a<!-- <p>hidden</p> -->b", "ab"),
        ("a<!-- never closed", "a"),
        ("a<![CDATA[x]]>b", "ab"),
        ("a<?php x ?>b", "ab"),
        ("cut in the middle of <a href='http", "cut in the middle of"),
        ("<b title='a > b'>x</b>", "x"),
        ("&#8207;&#x41;&nbsp;&lt;b&gt;", "\u200fA\xa0<b>"),
        ("&#" + "9" * 5000 + "; &#0; &#xD800; \x00", "\ufffd \ufffd \ufffd \ufffd"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("<p>\u202eneddih\u202c</p>", "\u202eneddih\u202c"),
        ("", ""),
    ],
)
def test_the_text(html: str, text: str) -> None:
    assert plain(html).replace("\n\n", "\n") == text.replace("\n\n", "\n")


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "/relative", "", "https" + "x" * 9999]
)
def test_only_web_addresses_are_links(href: str) -> None:
    assert read(f'<a href="{href}">x</a>').links == ()


def test_tabs_and_breaks_are_no_part_of_an_address() -> None:
    assert read('<a href=" https://a.exam\nple/x">x</a>').links == ("https://a.example/x",)


def test_tags_written_by_other_programs() -> None:
    """Friendica has the sign before the anchor; right-to-left posts have marks within it."""
    html = '#<a href="x" rel="tag">velgrad</a> @<a class="mention" href="y">mira@far.example</a>'
    assert read(html).hashtags == ("velgrad",)
    assert read(html).mentions == ("mira@far.example",)
    assert read('<a class="hashtag" href="x">\u200f#<span>\u200fسيل</span></a>').hashtags == ()
    assert read('<a class="hashtag" href="x">#<span>\u200fسيل</span></a>').hashtags == ("سيل",)


def test_what_is_asked_to_be_left_out() -> None:
    html = '<p>Mine<span class="quote-inline"><span><br>RE: <a href="https://a.example/1">a</a></span></span> too</p>'
    assert plain(html) == "Mine\nRE: a too"
    assert read(html, without="quote-inline").text == "Mine too"
    assert read(html, without="quote-inline").links == ("https://a.example/1",)


def test_an_anchor_within_an_anchor_ends_it() -> None:
    assert read('<a href="https://a.example/"><a href="https://b.example/">x').links == (
        "https://a.example/",
        "https://b.example/",
    )


@pytest.mark.parametrize("piece", ["<a b ", "<x/", '<a ="', "<!--", "<a href='", "<a>", "&#", "<p> ", "<script>"])
def test_a_megabyte_made_to_be_slow(piece: str) -> None:
    """It ends: a reader that looks for each end anew would take hours."""
    assert len(plain(piece * (1_000_000 // len(piece)))) <= 1_000_000


@given(st.text(alphabet="<>/!-\"'= abprescit&#;x0\n\u202e", max_size=60))
def test_whatever_comes_text_comes_out(html: str) -> None:
    marked = read(html)
    assert "\x00" not in marked.text
    assert marked.text == marked.text.strip(" \n")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\n\t\f\v "), max_size=40))
def test_escaped_text_comes_back(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(f"<p>{escaped}</p>") == text
