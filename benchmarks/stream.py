"""An invented stream to measure on: the same posts for the same seed, in seven languages, no real person in it.

Of 100 posts, 60 are texts of their own, 25 reposts, 10 near-copies of an earlier text, 5 replies; accounts and
reposted posts follow a power law, as they do on platforms. Two in three posts name a place of the gazetteer.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec import structs

from secondsource.contracts.messages import Account, Counts, Engagement, Message, Post, Tick

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
WATCH = "velgrad"

_OPENINGS = {
    "en": (
        "People on the bridge say",
        "We just heard",
        "My cousin near the station writes that",
        "Reports from the square:",
        "Nobody here understands why",
        "Standing at the harbour,",
        "The hospital confirms",
        "Neighbours tell us",
    ),
    "fr": (
        "Les gens sur le pont disent que",
        "On vient d'apprendre que",
        "Mon cousin près de la gare écrit que",
        "Selon les habitants du quartier,",
        "Personne ne comprend pourquoi",
        "Depuis le port,",
    ),
    "es": (
        "La gente en el puente dice que",
        "Acabamos de saber que",
        "Mi prima cerca de la estación escribe que",
        "Según los vecinos del barrio,",
        "Nadie entiende por qué",
        "Desde el puerto,",
    ),
    "ar": (
        "يقول الناس على الجسر إن",
        "سمعنا الآن أن",
        "كتب قريبي قرب المحطة أن",
        "بحسب سكان الحي",
        "لا أحد يفهم لماذا",
        "من الميناء",
    ),
    "ru": (
        "Люди на мосту говорят, что",
        "Мы только что узнали, что",
        "Мой брат у вокзала пишет, что",
        "По словам соседей,",
    ),
    "tr": (
        "Köprüdeki insanlar diyor ki",
        "Az önce öğrendik:",
        "İstasyonun yanındaki kuzenim yazıyor:",
        "Mahalleliye göre",
    ),
    "de": (
        "Die Leute auf der Brücke sagen,",
        "Wir haben gerade gehört,",
        "Mein Vetter am Bahnhof schreibt,",
        "Nach Angaben der Nachbarn",
    ),
}
_HAPPENINGS = {
    "en": (
        "the water has reached the second floor",
        "the power went out in the whole district",
        "a crane fell onto the quay",
        "the trains stopped an hour ago",
        "smoke is rising behind the old mill",
        "the school has been closed until Monday",
        "three roads to the south are blocked",
        "volunteers are handing out blankets and tea",
    ),
    "fr": (
        "l'eau a atteint le deuxième étage",
        "le courant est coupé dans tout le quartier",
        "une grue est tombée sur le quai",
        "les trains sont arrêtés depuis une heure",
        "de la fumée monte derrière le vieux moulin",
    ),
    "es": (
        "el agua ha llegado al segundo piso",
        "se fue la luz en todo el distrito",
        "una grúa cayó sobre el muelle",
        "los trenes están parados desde hace una hora",
        "sale humo detrás del viejo molino",
    ),
    "ar": (
        "الماء وصل إلى الطابق الثاني",
        "الكهرباء انقطعت عن الحي كله",
        "رافعة سقطت على الرصيف",
        "القطارات توقفت منذ ساعة",
        "الدخان يتصاعد خلف المطحنة القديمة",
    ),
    "ru": (
        "вода поднялась до второго этажа",
        "во всём районе отключили свет",
        "кран упал на набережную",
        "поезда стоят уже час",
    ),
    "tr": (
        "su ikinci kata ulaştı",
        "bütün mahallede elektrik kesildi",
        "rıhtıma bir vinç devrildi",
        "trenler bir saattir çalışmıyor",
    ),
    "de": (
        "das Wasser steht im zweiten Stock",
        "im ganzen Viertel ist der Strom ausgefallen",
        "ein Kran ist auf den Kai gestürzt",
    ),
}
_WEIGHTS = {"en": 40, "ar": 20, "fr": 10, "es": 10, "ru": 8, "tr": 6, "de": 6}
_SYLLABLES = [
    "vel",
    "kar",
    "mos",
    "tri",
    "ban",
    "dor",
    "lus",
    "pen",
    "zar",
    "min",
    "hol",
    "gra",
    "tes",
    "rov",
    "ulm",
    "sek",
]


def gazetteer(terms: int, seed: int = 1) -> list[tuple[str, str, str]]:
    """`terms` invented places as (id, kind, name)."""
    pick = random.Random(seed)
    names: dict[str, None] = {}
    while len(names) < terms:
        name = "".join(pick.choices(_SYLLABLES, k=pick.randint(2, 4))).capitalize()
        names[name if pick.random() < 0.7 else f"{name} {pick.choice(_SYLLABLES).capitalize()}"] = None
    return [(f"place:{name.lower().replace(' ', '-')}", "place", name) for name in names]


def posts(
    count: int, *, seed: int = 7, per_second: float = 500.0, places: int = 10_000, watches: int = 1
) -> Iterator[Post]:
    """`count` posts in event time, `per_second` of them in each second; a post and its reposts share a watch."""
    pick = random.Random(seed)
    names = [name for _, _, name in gazetteer(places)]
    languages, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    rare = ["".join(pick.choices(_SYLLABLES, k=3)) for _ in range(30_000)]
    recent: list[Post] = []
    for number in range(count):
        at = START + timedelta(seconds=number / per_second)
        account = int(pick.paretovariate(0.7)) % 200_000
        author = Account(uid=f"x:a{account}", handle=f"user{account}", followers=account * 37 % 90_000)
        uid = f"x:{10_000_000 + number}"
        kind = pick.random()
        if recent and kind < 0.25:
            original = recent[-1 - min(int(pick.paretovariate(0.6)), len(recent) - 1)]
            post = _post(uid, author, at, original.text, repost_of=original.uid)
        elif recent and kind < 0.35:
            original = recent[-1 - min(int(pick.paretovariate(0.6)), len(recent) - 1)]
            post = _post(uid, author, at, f"{original.text} please share @{author.handle}")
        elif recent and kind < 0.40:
            post = _post(uid, author, at, "Thank you for telling us, stay safe", reply_to=recent[-1].uid)
        else:
            language = pick.choices(languages, weights)[0]
            words = [pick.choice(_OPENINGS[language]), pick.choice(_HAPPENINGS[language])]
            words += pick.choices(rare, k=pick.randint(3, 12))
            if pick.random() < 0.66:
                words.insert(1, pick.choice(names))
            words.append(f"{pick.randint(2, 9999)} #Velgrad")
            post = _post(uid, author, at, " ".join(words))
            recent.append(post)
            del recent[:-5000]
        if watches > 1:
            post = structs.replace(post, watches=(watch_name(zlib.crc32(post.root.encode()) % watches),))
        yield post


def watch_name(number: int) -> str:
    return f"{WATCH}-{number}"


def with_counts(stream: Iterator[Post], every: int = 10) -> Iterator[Message]:
    """The stream with a refreshed count after each `every`-th post of its own text."""
    for number, post in enumerate(stream):
        yield post
        if not post.repost_of and number % every == 0:
            yield Engagement(uid=post.uid, observed_at=post.observed_at, collector="bench", watches=post.watches,
                             counts=Counts(reposts=number % 7, replies=number % 3, likes=number % 50))  # fmt: skip


def batches(stream: Iterator[Message], size: int) -> Iterator[list[Message]]:
    """Lists of `size` messages, each ending with a tick; the last tick is final."""
    batch: list[Message] = []
    last = START
    for message in stream:
        assert isinstance(message, (Post, Engagement))
        batch.append(message)
        last = message.observed_at
        if len(batch) == size:
            yield [*batch, Tick(collector="bench", at=last - timedelta(microseconds=1))]
            batch = []
    yield [*batch, Tick(collector="bench", at=last, final=True)]


def _post(uid: str, author: Account, at: datetime, text: str, *, repost_of: str = "", reply_to: str = "") -> Post:
    return Post(uid=uid, platform="x", author=author, text=text, created_at=at, observed_at=at, collector="bench",
                watches=(WATCH,), repost_of=repost_of, reply_to=reply_to, hashtags=("Velgrad",))  # fmt: skip
