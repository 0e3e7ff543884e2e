"""The source registry: what is wrong is told by file and line, and what ships is right."""

from __future__ import annotations

from pathlib import Path

from config.loader import BUILT_IN
from config.sources import FOLDER, agencies_of, check_sources
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
    ours = agencies_of(sources)
    assert ours.credited("The town's dogs find a home (SPA)") == ()
    assert ours.credited("الجسر (واس)") == ("SPA",)


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
        _entry("ana", "accounts: {twitter: [ana], X: [ana]}"),
        _entry("boris").replace("2026-11-22", "2026-02-30"),
    )
    platform = "not a platform as posts name it"
    assert sorted(_said(tmp_path, text)) == [
        'town.yaml:12:11 sources[1].date: not a date, came "2026-02-30"; write instead 2026-11-22',
        f'town.yaml:7:16 sources[0].accounts.twitter: {platform}, came "twitter"; write instead x',
        f'town.yaml:7:32 sources[0].accounts.X: {platform}, came "X"; write instead x',
    ]
    (said,) = _said(tmp_path, _file(_entry("ana", "credit: Velgrad News")))
    assert said.startswith(
        'town.yaml:7:13 sources[0].credit: no agency whose credit is found in texts, came "Velgrad News"; '
        "write instead one of AFP, AP, Reuters"
    )
    assert said.endswith("; or what also stands in name: or names:")


def test_an_agency_of_ones_own(tmp_path: Path) -> None:
    text = _file(
        _entry("ana", "names: [Hill Wire, HW]", "credit: Hill Wire"),
        _entry("boris", "names: [ТАСС, 塔斯]", "credit: TASS"),
    )
    sources, problems = check_sources(folder_of(tmp_path, {"town.yaml": text}))
    agencies = agencies_of(sources)
    assert problems == []
    assert agencies.credited("The bridge fell (HW)") == agencies.credited("via Hill Wire") == ("Hill Wire",)
    assert agencies.credited("【塔斯】大桥倒塌") == agencies.credited("(ТАСС)") == ("TASS",)
    assert agencies.credited("The bridge fell (AFP)") == ("AFP",)


def test_a_spelling_of_two_agencies(tmp_path: Path) -> None:
    text = _file(
        _entry("ana", "names: [Hill Wire, AP]", "credit: Hill Wire"),
        _entry("boris", "names: [Lake Wire, HILL WIRE, '+']", "credit: Lake Wire"),
    )
    own = "write instead a spelling that is only its own"
    assert _said(tmp_path, text) == [
        f'town.yaml:7:24 sources[0].names[1]: "AP" is already how AP is credited; {own}',
        f'town.yaml:14:24 sources[1].names[1]: "HILL WIRE" is already how Hill Wire is credited; {own}',
        "town.yaml:14:35 sources[1].names[2]: a name has a letter in it; write instead how outlets write it",
    ]
