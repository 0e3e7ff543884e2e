"""Which news agency's text somebody says they carry: bylines, datelines and credit lines, in canonical names.

An agency is only found where a credit stands: as (part of) a byline, in brackets or before a dash at the beginning of
a text, in brackets or after a dash or slash at its end, or after "via" and its like. An article that merely quotes
what an agency reports is not its text, and a picture's credit says whose the picture is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

#: Canonical name → how it is written where credit is given. Latin short forms count in capitals only.
AGENCIES: Mapping[str, tuple[str, ...]] = {
    "AFP": ("AFP", "Agence France-Presse", "Agence France Presse", "АФП", "أ ف ب", "ا ف ب", "أ.ف.ب", "ا.ف.ب",
            "فرانس برس", "وكالة فرانس برس", "وكالة الصحافة الفرنسية", "Франс Пресс", "Франс-Пресс",
            "خبرگزاری فرانسه", "اے ایف پی", "एएफपी", "法新社", "AFP通信"),
    "AP": ("AP", "A.P.", "Associated Press", "The Associated Press", "АП", "Ассошиэйтед Пресс",
           "أسوشيتد برس", "اسوشيتد برس", "أ ب", "美联社", "美聯社", "AP通信"),
    "Reuters": ("Reuters", "Thomson Reuters", "REUTERS", "Рейтер", "Рейтерс", "رويترز", "رویترز", "رائٹرز",
                "路透社", "路透", "ロイター", "रॉयटर्स", "로이터"),
    "dpa": ("dpa", "DPA", "Deutsche Presse-Agentur", "د ب أ", "د.ب.أ", "德新社"),
    "EFE": ("EFE", "Efe", "Agencia EFE", "إفي", "埃菲社"),
    "ANSA": ("ANSA", "Agenzia ANSA"),
    "TASS": ("TASS", "ITAR-TASS", "ТАСС", "ИТАР-ТАСС", "تاس", "塔斯社"),
    "RIA Novosti": ("RIA Novosti", "RIA", "РИА Новости", "РИА", "نوفوستي", "俄新社"),
    "Interfax": ("Interfax", "INTERFAX.RU", "Интерфакс", "انترفاكس"),
    "Ukrinform": ("Ukrinform", "Укринформ", "Укрінформ"),
    "UNIAN": ("UNIAN", "УНИАН", "УНІАН"),
    "BelTA": ("BelTA", "БЕЛТА", "БелТА"),
    "Anadolu": ("Anadolu Agency", "Anadolu Ajansı", "Anadolu", "AA", "وكالة الأناضول", "الأناضول", "Анадолу"),
    "DHA": ("DHA", "Demirören Haber Ajansı"),
    "IHA": ("İHA", "IHA", "İhlas Haber Ajansı"),
    "Xinhua": ("Xinhua", "Xinhua News Agency", "新华社", "新華社", "新华网", "Синьхуа", "شينخوا"),
    "Kyodo": ("Kyodo", "Kyodo News", "共同", "共同社", "共同通信"),
    "Jiji": ("Jiji", "Jiji Press", "時事", "時事通信"),
    "Yonhap": ("Yonhap", "Yonhap News Agency", "연합뉴스", "韩联社"),
    "PTI": ("PTI", "Press Trust of India", "पीटीआई"),
    "ANI": ("ANI", "Asian News International"),
    "SANA": ("SANA", "سانا"),
    "IRNA": ("IRNA", "ایرنا", "إرنا"),
    "MENA": ("أ ش أ", "أ.ش.أ", "Middle East News Agency"),
    "WAM": ("WAM", "وام"),
    "SPA": ("واس", "Saudi Press Agency"),
    "KUNA": ("KUNA", "كونا"),
    "QNA": ("QNA", "وكالة الأنباء القطرية"),
    "Petra": ("بترا",),
    "WAFA": ("WAFA", "وفا"),
    "Belga": ("Belga",),
    "ANP": ("ANP",),
    "APA": ("APA", "Austria Presse Agentur"),
    "Keystone-SDA": ("Keystone-SDA", "Keystone-ATS", "SDA", "ATS"),
    "PAP": ("PAP", "Polska Agencja Prasowa"),
    "Lusa": ("Lusa", "Agência Lusa"),
    "PA Media": ("PA Media", "Press Association", "PA"),
    "UPI": ("UPI", "United Press International"),
    "CP": ("The Canadian Press", "Canadian Press"),
    "AAP": ("AAP", "Australian Associated Press"),
    "Europa Press": ("Europa Press",),
    "Adnkronos": ("Adnkronos",),
    "AGI": ("AGI",),
    "Télam": ("Télam", "Telam"),
    "Prensa Latina": ("Prensa Latina",),
    "Agência Brasil": ("Agência Brasil",),
}  # fmt: skip

_JOINED = re.compile(r"\s*(?:[/,;&+،、]| and | und | et | y | e | и | و)\s*")
_BRACKETED = re.compile(r"[(\[（【]([^()\[\]（）【】]{2,80})[)\]）】]")
_DESK = re.compile(r"[a-z]{2,4}")  # (dpa/lth): who wrote it
_WORDS = re.compile(r"\w+")
#: What an agency is called before its name: "l'AFP", "la agencia EFE", "агентства Рейтер", "لوكالة رويترز";
#: or what of it is spoken of: "dépêche de l'AFP".
_CALLED = (
    r"(?:(?:dépêche|despacho|корреспондент\w{0,2})\s+)?(?:de\s+)?(?:[ld]['’]|(?:the|la|el|le|de|du|del)\s+)?"
    r"(?:(?:news agency|agence(?: de presse)?|agencia(?: de noticias)?|(?:информ)?агентств\w{1,2}|(?:\w+ )?haber ajansı"
    r"|[ول]?وكالة(?: الأنباء)?)\s+)?[«\"“„]?"
)
#: One of these stands beside each name to which credit is given.
_BESIDE = (*"(:/-–—−|©[（【", "via", "with", "avec", "mit", "con información", "com informações", "نقل")
_EDGE = 120  #: characters at either end of a text in which credit is given in brackets


def known_in_any_case(form: str) -> bool:
    """Whether a spelling is long enough, or unusual enough: "reuters", "associated press", but not "aa"."""
    return len(form) > 4 or not form.isascii()


class Credits:
    """The agencies whose credit is found in texts.

    `agencies`: canonical name → how it is written. A form stands for one agency only.
    """

    def __init__(self, agencies: Mapping[str, Sequence[str]] = AGENCIES) -> None:
        self.agencies = agencies
        self._names = {written: name for name, forms in agencies.items() for written in forms}
        self._folded = {form.casefold(): name for form, name in self._names.items() if known_in_any_case(form)}
        # Written forms, the longest first, so that "The Associated Press" is not read as something and "Press".
        form = "|".join(map(re.escape, sorted(self._names, key=len, reverse=True)))
        self._forms = re.compile(rf"(?<!\w)(?:{form})(?!\w)")
        self._heard = re.compile(rf"(?i:{_CALLED})({form})(?!\w)")
        self._beginning = re.compile(rf"^(?:[^.!?\n]{{0,60}}[,/(\s])?({form})\)?\.?\s?[-–—−:]{{1,2}}\s")
        # "ВЕЛГРАД, 12 ноября. /ТАСС/.", "/Корр. ТАСС Иван Петров/.", "فلغراد-سانا"
        self._dateline = re.compile(
            rf"^[^\n]{{0,60}}[-–—−/]\s?(?:[Кк]орр\.\s)?({form})(?:\s\w+\s\w+(?=/))?[./](?:[.\s]|$)"
            rf"|^[\u0621-\u064a]{{2,20}}-({form})\s"
        )
        self._ending = re.compile(rf"(?:[-–—−/|©]|\(c\)|©️)\s?({form})[./)]?\s*$")
        self._via = re.compile(
            r"(?:\b(?:via|with|h/t|(?:source|credit|Quelle|Fonte|fuente|Kaynak|Źródło|Источник|Джерело)\s?:"
            r"|con información de|com informações da|avec|mit(?: Material(?: von| der))?)|نقلا عن|نقلاً عن|به نقل از"
            rf"|المصدر\s?:)\s+[@#]?{_CALLED}({form})(?!\w)",
            re.IGNORECASE,
        )
        telling = {form: max(_WORDS.findall(form.casefold()), key=len) for form in self._names}
        self._telling = frozenset(telling.values()) - {"a"}
        self._lettered = tuple(form for form, word in telling.items() if word == "a")  # "A.P."
        self._unspaced = re.compile("|".join(sorted({one for one in self._names if ord(one[0]) > 0x2E80})) or "(?!)")

    def agency(self, name: str) -> str:
        """The canonical name of an agency, "" for anything else."""
        name = " ".join(name.split()).strip(" ©")
        return (
            self._names.get(name)
            or self._names.get(name.rstrip("."))
            or self._folded.get(name.casefold().rstrip("."), "")
        )

    def agency_heard(self, whom: str) -> str:
        """The agency from which somebody says to have it ("Reuters", "ТАСС, the bridge"), "" where it is none."""
        begins = self._heard.match(whom)
        return self._names[begins[1]] if begins is not None else self.agency(whom)

    def may_stand_in(self, text: str) -> bool:
        """Whether any agency is named where credit is given: a glance, before looking closely."""
        edges = text if len(text) <= 3 * _EDGE else f"{text[: 2 * _EDGE]} {text[-_EDGE:]}"
        folded = edges.casefold()
        if not any(sign in folded for sign in _BESIDE):
            return False
        if not self._telling.isdisjoint(_WORDS.findall(folded)) or any(form in edges for form in self._lettered):
            return True
        return not edges.isascii() and self._unspaced.search(edges) is not None

    def found_in(self, text: str, bylines: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Agencies in the order in which they are credited, those of the bylines first. `text` is plain."""
        found = [name for line in bylines for name in self._of_byline(line[:200])]
        for paragraph in (text[: 2 * _EDGE], text[-_EDGE:]):
            found += self._of_text(paragraph.strip())
        return _distinct(found)

    def credited(self, text: str) -> tuple[str, ...]:
        """The agencies a text credits: "(AFP)", "via Reuters"."""
        return self.found_in(text) if self.may_stand_in(text) else ()

    def _of_byline(self, line: str) -> list[str]:
        """All of it is about who wrote: an agency anywhere in it is credited."""
        whole = self.agency(line)
        if whole:
            return [whole]
        parts = [self.agency(part) for part in _JOINED.split(line)]
        return [*filter(None, parts), *(self._names[found] for found in self._forms.findall(line))]

    def _of_text(self, text: str) -> list[str]:
        found: list[str] = []
        lines = text.split("\n")
        starts = [self._beginning.match(line) or self._dateline.match(line) for line in lines]
        found += [self._known(start[start.lastindex or 1]) for start in starts if start]
        for bracketed in _BRACKETED.finditer(text):
            first, *others = _JOINED.split(bracketed[1])
            whose = self.agency(first) or (
                self.agency(re.split(r"[\s=]", first)[-1]) if not text[: bracketed.start()].strip() else ""
            )
            parts = [whose, *(self.agency(part) for part in others)]
            if whose and all(part or _DESK.fullmatch(other) for part, other in zip(parts[1:], others, strict=True)):
                found += filter(None, parts)
        endings = [self._ending.search(line) for line in lines]
        found += [self._known(ending[1]) for ending in endings if ending]
        found += [self._known(via[1]) for via in self._via.finditer(text) if self._is_written(via[1])]
        return found

    def _known(self, written: str) -> str:
        return self._names.get(written) or self._folded[written.casefold()]

    def _is_written(self, written: str) -> bool:
        """Not only alike: `via` is sought in any case, and "via ap" is no credit."""
        return written in self._names or written.casefold() in self._folded


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, dict.fromkeys(names)))


OURS = Credits()
