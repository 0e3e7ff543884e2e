"""The day that a text writes out: "4 May 2031", "May 4, 2031", "4 мая 2031", "2031-05-04", "04.05.2031", "30/5/2031".

Behind strokes and dashes some write the month first: "4/5/2031" may be either day, and says neither.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import Final, NamedTuple

from secondsource.contracts.folding import fold

DATE: Final = "date "  #: what the term of a day begins with; the day follows, as ISO 8601 writes it

# How the months begin in English, French, Spanish, Turkish, Russian and Arabic, of both its sets of names and the
# Maghreb's.
_LISTED = (
    "jan ene oca янв يناي جانف", "feb fev şub фев فبرا فيفر شباط", "mar мар مارس آذار",
    "apr abr avr nis апр أبري أفري نيسا",
    "may mai май мая ماي أيار", "jun juin haz июн يوني جوان حزير", "jul juil tem июл يولي جويل تموز",
    "aug aou ago ağu авг أغس أوت آب", "sep seti eyl сен سبت أيلو", "oct eki окт أكتو",
    "nov kas ноя نوف", "dec dic ara дек ديس",
)  # fmt: skip
_MONTHS = {fold(begins): number for number, listed in enumerate(_LISTED, start=1) for begins in listed.split()}
#: Arabic months of two words.
_OF_TWO_WORDS = {
    fold(month): number
    for month, number in {"كانون الثاني": 1, "تشرين الأول": 10, "تشرين الثاني": 11, "كانون الأول": 12}.items()
}

# A year is looked for first, and the rest of the date around it: most texts have none.
_YEAR = re.compile(r"[12][09]\d\d(?<!\d\d\d\d\d)(?!\d)")
_AFTER = re.compile(r"([-/])(\d\d?)\1(\d\d?)(?!\d)")
_BEFORE = re.compile(
    r"(?<!\d)(\d{1,2})([./-])(\d{1,2})\2$"
    r"|(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s+(?:of\s+|de\s+)?([^\W\d_]{2,10}(?:\sال\w{3,5})?)"
    r"(?:/[^\W\d_]{3,10})?\.?,?\s+(?:de\s+|del\s+)?$"
    r"|(?<!\w)([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+$"
)
_ARABIC = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")
_LONGEST = 30  # characters of a day and a month before their year


class Dated(NamedTuple):
    """A text without the dates that it writes out, and the term of the last that names one day; "" for none."""

    text: str
    term: str


def dated(text: str) -> Dated:
    """Digits of Arabic writing become ours."""
    if "٢٠" in text or "١٩" in text:
        text = text.translate(_ARABIC)
    elif not ("19" in text or "20" in text):
        return Dated(text, "")
    left, kept, last = 0, [], ""
    for year in _YEAR.finditer(text):
        found = _AFTER.match(text, year.end())
        start, end = year.start(), year.end() if found is None else found.end()
        if found is None:
            found = _BEFORE.search(text, max(left, start - _LONGEST), start)
            start = start if found is None else found.start()
        days = [] if found is None else _days(int(year[0]), found)
        if days:
            kept.append(text[left:start])
            left, last = end, f"{DATE}{days[0].isoformat()}" if len(days) == 1 else last
    return Dated(" ".join((*kept, text[left:])), last) if left else Dated(text, "")


def ordinal(term: str) -> int:
    """The number of the day that a term stands for (days since the year 1), 0 where it is a term of another kind."""
    return date.fromisoformat(term[len(DATE) :]).toordinal() if term.startswith(DATE) else 0


def _days(year: int, found: re.Match[str]) -> list[date]:
    """The days it may be: two where the month may come first."""
    if found.re is _AFTER:
        told = [(int(found[2]), int(found[3]))]
    elif found[1]:
        told = [(int(found[3]), int(found[1]))]
        if found[2] != ".":
            told.append((int(found[1]), int(found[3])))
    elif found[4]:
        told = [(_month(found[5]), int(found[4]))]
    else:
        told = [(_month(found[6]), int(found[7]))]
    return [date(year, month, day) for month, day in dict.fromkeys(told) if _is_day(year, month, day)]


def _is_day(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _month(name: str) -> int:
    """1..12; 0 where it names none."""
    folded = fold(name)
    if len(folded) == 2:
        return _MONTHS.get(folded, 0)
    return _OF_TWO_WORDS.get(folded) or _MONTHS.get(folded[:3]) or _MONTHS.get(folded[:4], 0)
