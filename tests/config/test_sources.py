"""The source registry: what is wrong is told by file and line, and what ships is right."""

from __future__ import annotations

from pathlib import Path

from config.loader import BUILT_IN
from config.sources import FOLDER, check_sources
from secondsource.contracts.credits import AGENCIES
from tests.config.folders import folder_of

_ENTRY = """  - id: {id}
    name: {id}
    kind: outlet
    reference: https://{id}.example/about
    date: 2026-11-22
"""


def _file(*entries: str) -> str:
    return "sources:\n" + "".join(entries)


def _entry(name: str, *more: str) -> str:
    return _ENTRY.format(id=name) + "".join(f"    {line}\n" for line in more)


def _said(tmp_path: Path, text: str) -> list[str]:
    folder = folder_of(tmp_path, {"town.yaml": text})
    _, problems = check_sources(folder)
    return [str(problem).replace(f"{tmp_path}/", "") for problem in problems]


def test_what_ships_is_right() -> None:
    sources, problems = check_sources(BUILT_IN / FOLDER)
    assert problems == []
    assert len(sources) > 100
    assert {source.kind for source in sources} == {"agency", "outlet", "official", "fact-checker", "owner"}
    assert {source.credit for source in sources if source.credit} <= set(AGENCIES)


def test_no_registry(tmp_path: Path) -> None:
    assert check_sources(tmp_path / "nowhere") == ((), [])


def test_a_loop_of_owners(tmp_path: Path) -> None:
    text = _file(
        _entry("ana", "owner: {id: boris}"),
        _entry("boris", "owner: {id: carla}"),
        _entry("carla", "owner: {id: boris}"),
    )
    assert _said(tmp_path, text) == [
        (
            "town.yaml:13:17 sources[1].owner.id: owns itself in the end: boris → carla → boris; "
            "write instead the owner at the top without owner:"
        ),
        (
            "town.yaml:19:17 sources[2].owner.id: owns itself in the end: carla → boris → carla; "
            "write instead the owner at the top without owner:"
        ),
    ]


def test_an_account_in_two_entries(tmp_path: Path) -> None:
    text = _file(_entry("ana", "accounts: {x: [Gazette]}"), _entry("boris", "accounts: {x: [other, gazette]}"))
    assert _said(tmp_path, text) == [
        (
            'town.yaml:13:27 sources[1].accounts.x[1]: the x account "gazette" is already that of ana, in town.yaml:7; '
            "write instead it in one entry"
        )
    ]


def test_what_is_misspelt_or_missing(tmp_path: Path) -> None:
    text = _file(
        _entry("ana", "owner: {id: nobody}", "domains: [https://www.ana.example/]", "acounts: {x: [ana]}"),
        "  - id: boris\n",
    )
    said = _said(tmp_path, text)
    assert said[0].startswith("town.yaml:8:15 sources[0].domains[0]: a domain stands in small letters")
    assert any("sources[0].acounts" in line and "accounts" in line for line in said)
    assert any(line.startswith("town.yaml:10") and "sources[1].name" in line for line in said)
    assert _said(tmp_path, _file(_entry("ana", "owner: {id: nobody}"))) == [
        (
            'town.yaml:7:17 sources[0].owner.id: there is no entry "nobody"; '
            "write instead the id of an entry, which may be of kind: owner"
        )
    ]


def test_what_could_never_be_found_is_told(tmp_path: Path) -> None:
    text = _file(
        _entry("ana", "accounts: {twitter: [ana], X: [ana]}", "credit: Velgrad News"),
        _entry("boris").replace("2026-11-22", "2026-02-30"),
    )
    platform = "not a platform as posts name it"
    assert sorted(line.partition(", dpa")[0] for line in _said(tmp_path, text)) == [
        'town.yaml:13:11 sources[1].date: not a date, came "2026-02-30"; write instead 2026-11-22',
        f'town.yaml:7:16 sources[0].accounts.twitter: {platform}, came "twitter"; write instead x',
        f'town.yaml:7:32 sources[0].accounts.X: {platform}, came "X"; write instead x',
        (
            'town.yaml:8:13 sources[0].credit: no agency whose credit is found in texts, came "Velgrad News"; '
            "write instead one of AFP, AP, Reuters"
        ),
    ]
