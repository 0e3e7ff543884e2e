"""Cues and mappings as people write them: ours are right, and what is wrong is told with its place."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from config.cues import LISTS, SHORTEST_STEM, check_cues, load_cues
from config.loader import BUILT_IN
from config.mappings import Columns, Mapping, load_mapping
from enrich.annotators.stance import StanceAnnotator
from enrich.stance import cues as stance_cues
from ingest.formats.delimited import ColumnMapping
from secondsource.contracts.errors import BadConfiguration
from tests.config.folders import folder_of

UNCLOSED = "a list or mapping on one line is not closed, or lacks a comma"
BAD_CUE = "a cue has a word in it and at most 100 characters"
NO_EXPRESSION = "stands in no cue, which is no regular expression; write instead the words, a cue for each form"
NO_FORMAT = "neither iso, epoch or epoch_ms nor a strptime format"


def test_cues(tmp_path: Path) -> None:
    text = "denies: [this is not, old picture, this is not]\nasks:\n  - هل هذا صحيح\n"
    cues = load_cues(folder_of(tmp_path, {"en.yaml": text, "notes.txt": "x"}))
    assert cues == {"en": {"denies": ("this is not", "old picture"), "asks": ("هل هذا صحيح",)}}


def test_no_cues(tmp_path: Path) -> None:
    assert check_cues(tmp_path / "nowhere") == ({}, [])
    with pytest.raises(BadConfiguration, match="nowhere: there is no such folder; write instead one with files like"):
        load_cues(tmp_path / "nowhere")


def test_our_own_cues_are_right() -> None:
    assert check_cues(BUILT_IN / "cues")[1] == []


def test_the_lists_are_those_the_annotator_reads() -> None:
    assert stance_cues.LISTS == LISTS
    assert stance_cues.SHORTEST_STEM == SHORTEST_STEM
    StanceAnnotator(load_cues(BUILT_IN / "cues"))


def test_bad_cues(tmp_path: Path) -> None:
    text = "denies: this is not\ndenied: [a]\nasks: [5, '', no]\n"
    folder = folder_of(tmp_path, {"english.yaml": text, "de.yaml": "[a]", "fr.yaml": "a: [b", "es.yaml": ""})
    with pytest.raises(BadConfiguration) as raised:
        load_cues(folder)
    assert str(raised.value).replace(f"{tmp_path}/", "").splitlines() == [
        "de.yaml:1:1: expected lists of cues, came a list; write instead denies: [this is not]",
        'english.yaml:1:1: "english" is not a language code we know; write instead a file name like en.yaml',
        'english.yaml:1:9 denies: expected a list, came "this is not"; write instead denies: [this is not]',
        'english.yaml:2:1 denied: no list "denied"; write instead one of ' + ", ".join(LISTS),
        'english.yaml:3:8 asks[0]: expected text, came the number 5; write instead "5" in quotes',
        f"english.yaml:3:11 asks[1]: {BAD_CUE}; write instead a few words, like this is not",
        "es.yaml: expected lists of cues, came nothing; write instead denies: [this is not]",
        f"fr.yaml:1:6: {UNCLOSED}; write instead [one, two] or {{key: value}}",
    ]


@pytest.mark.parametrize(
    ("label", "cue", "said"),
    [
        ("denies", "is from {date}", '"{date}" cannot stand here; write instead {year} or a word'),
        ("denies", "is from {year", '"{year" cannot stand here; write instead {year} or a word'),
        ("denies", "is from year}", '"}" cannot stand here; write instead {year} or a word'),
        ("denies", "from {year} to {year}", "more than one place to fill in; write instead a cue for each"),
        ("asks", "{source} asks", '"{source}" cannot stand here; write instead {year} or a word'),
        ("negations", "not {year}", '"{year}" cannot stand here; write instead a word'),
        (
            "attribution",
            "as {source} said",
            "a name with words on both sides of it; write instead the words before it, or those after it",
        ),
        (
            "denies",
            "debunk* this",
            "* stands at the end of a cue, for any ending of its last word; write instead debunk this",
        ),
        ("negations", "nev*", "* stands at the end of a cue, for any ending of its last word; write instead nev"),
        ("denies", "de*", "a * after fewer than 3 letters would be in every post; write instead more of the word"),
        ("denies", "(fake", f'"(" {NO_EXPRESSION}'),
        ("denies", "fake|hoax", f'"|" {NO_EXPRESSION}'),
        ("denies", "fake.* photo", f'".*" {NO_EXPRESSION}'),
        ("asks", r"\\bfake", f'"\\" {NO_EXPRESSION}'),
        ("denies", "{year}", f"{BAD_CUE}; write instead a few words, like this is not"),
        ("denies", "a" * 101, f"{BAD_CUE}; write instead a few words, like this is not"),
    ],
)
def test_a_bad_pattern_is_named_with_its_place(tmp_path: Path, label: str, cue: str, said: str) -> None:
    folder = folder_of(tmp_path, {"en.yaml": f'{label}:\n  - right enough\n  - "{cue}"\n'})
    (problem,) = check_cues(folder)[1]
    assert str(problem).replace(f"{tmp_path}/", "") == f"en.yaml:3:5 {label}[1]: {said}"


@pytest.mark.parametrize(
    ("cue", "said"),
    [
        ("this is not", "no place for what this is not; write instead this is not {name}"),
        ("this is not {year}", '"{year}" cannot stand here; write instead {name} or a word'),
        ("not {name} but", "a name with words on both sides of it; write instead the words before it, or"),
        ("{name}.", f"{BAD_CUE}; write instead a few words, like this is not"),
    ],
)
def test_what_this_is_not_has_its_place(tmp_path: Path, cue: str, said: str) -> None:
    (problem,) = check_cues(folder_of(tmp_path, {"en.yaml": f'disowns:\n  - "{cue}"\n'}))[1]
    assert str(problem).replace(f"{tmp_path}/", "").startswith(f"en.yaml:2:5 disowns[0]: {said}")
    with pytest.raises(BadConfiguration, match=r"disowns"):
        StanceAnnotator({"en": {"disowns": [cue]}})


MAPPING = """
platform: x
delimiter: "\\t"
columns: {id: a, text: b, author_id: c, created_at: d, media: e}
created_at_formats: ["%Y", iso]
timezone: Europe/Berlin
"""


def test_a_mapping_fits_its_reader(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MAPPING)
    found = load_mapping(tmp_path / "m.yaml")
    assert ColumnMapping(**found) == ColumnMapping(
        platform="x",
        delimiter="\t",
        id="a",
        text="b",
        author_id="c",
        created_at="d",
        media="e",
        created_at_formats=("%Y", "iso"),
        timezone="Europe/Berlin",
    )


def test_a_mapping_can_say_all_its_reader_takes() -> None:
    ours = (set(Mapping.model_fields) - {"columns"}) | set(Columns.model_fields)
    assert ours == {field.name for field in fields(ColumnMapping)}


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("mappings/*.yaml")), ids=lambda path: path.stem)
def test_our_own_mappings_are_right(path: Path) -> None:
    ColumnMapping(**load_mapping(path))


def test_bad_mappings(tmp_path: Path) -> None:
    text = """
platform: X Corp
delimiter: tab
quoting: all
columns: {id: a, text: 5, created_at: d, medium: e}
header: [a]
created_at_formats: [dd.mm.yyyy]
timezone: Berlin
"""
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(BadConfiguration) as raised:
        load_mapping(tmp_path / "m.yaml")
    assert sorted(line.partition(" ")[2] for line in str(raised.value).splitlines()) == [
        'columns.author_id: the key author_id is missing; write instead author_id: user_id',
        'columns.medium: no key "medium" here; write instead media',
        'columns.text[0]: expected text, came the number 5; write instead "5" in quotes',
        f'created_at_formats[0]: {NO_FORMAT}, came "dd.mm.yyyy"; write instead "%Y-%m-%d %H:%M:%S"',
        'delimiter: more than 1 characters; write instead less',
        'platform: a platform is one word of small letters, because it begins every id, came "X Corp"; write instead x',
        "quoting: must be 'none' or 'minimal', came \"all\"; write instead quoting: minimal",
        'timezone: not an IANA time zone, came "Berlin"; write instead Europe/Berlin',
    ]  # fmt: skip


def test_a_mapping_whose_header_lacks_a_column(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MAPPING + "header: [a, b, c, d]\n")
    with pytest.raises(BadConfiguration, match="header: has no column e; write instead one of a, b, c, d"):
        load_mapping(tmp_path / "m.yaml")
