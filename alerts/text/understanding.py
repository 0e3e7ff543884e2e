"""What a model of meanings makes of a text, where it knows the language of it.

A model finds any two texts of a language that it does not know alike: all that it sees of them is the language. So it
is tried at the start on sentences of which no two say the same, in many languages. Those whose sentences are hardly
more alike than those of the language it tells apart best are known. A text that is nearer to a sentence of another one
is not asked about: a model of English finds three in ten pairs of Arabic posts alike, and is asked about none of them
(`python -m benchmarks --only same-claim`).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import combinations
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from alerts.text.words import LINKS
from secondsource.contracts.folding import is_unspaced

#: Cosine from which two texts are said to be one claim. Models differ: `secondsource eval stories --alike` measures it.
#: With all-MiniLM-L6-v2 it is the least of .50, .55, … at which nine in ten of the posts that only it ties are tied
#: rightly (CheckThat! 2022, task 2A, training part), in each of five folds without the fifth; in the fifths, all were.
ALIKE: Final = 0.7
_FEWEST_WORDS = 4  # what is shorter than this says too little
_LONGEST = 1_000  # characters that are read
_NO_MORE = 0.2  # cosine by which sentences of a known language may be more alike than those of the best known

Floats = NDArray[np.float32]

#: In each language, sentences of which no two say the same: a bridge fell, a bakery is looked for, two to one, prices.
SENTENCES: Final = {
    "en": (
        "The old bridge over the river fell this morning",
        "My sister is looking for a good bakery near the station",
        "Our team won the match by two goals to one",
        "Prices of bread went up again this week",
    ),
    "ar": (
        "انهار الجسر القديم فوق النهر هذا الصباح",
        "أختي تبحث عن مخبز جيد قرب المحطة",
        "فاز فريقنا بالمباراة بهدفين مقابل هدف",
        "ارتفعت أسعار الخبز مرة أخرى هذا الأسبوع",
    ),
    "de": (
        "Die alte Brücke über den Fluss ist heute Morgen eingestürzt",
        "Meine Schwester sucht eine gute Bäckerei am Bahnhof",
        "Unsere Mannschaft hat das Spiel mit zwei zu eins gewonnen",
        "Brot ist diese Woche schon wieder teurer geworden",
    ),
    "es": (
        "El viejo puente sobre el río se cayó esta mañana",
        "Mi hermana busca una buena panadería cerca de la estación",
        "Nuestro equipo ganó el partido por dos goles a uno",
        "El precio del pan volvió a subir esta semana",
    ),
    "fa": (
        "پل قدیمی روی رودخانه امروز صبح فرو ریخت",
        "خواهرم دنبال یک نانوایی خوب نزدیک ایستگاه می‌گردد",
        "تیم ما بازی را دو بر یک برد",
        "قیمت نان این هفته دوباره بالا رفت",
    ),
    "fr": (
        "Le vieux pont sur la rivière est tombé ce matin",
        "Ma sœur cherche une bonne boulangerie près de la gare",
        "Notre équipe a gagné le match deux buts à un",
        "Le prix du pain a encore augmenté cette semaine",
    ),
    "he": (
        "הגשר הישן מעל הנהר קרס הבוקר",
        "אחותי מחפשת מאפייה טובה ליד התחנה",
        "הקבוצה שלנו ניצחה במשחק שתיים אחת",
        "מחירי הלחם עלו שוב השבוע",
    ),
    "hi": (
        "नदी पर बना पुराना पुल आज सुबह गिर गया",
        "मेरी बहन स्टेशन के पास एक अच्छी बेकरी ढूँढ रही है",
        "हमारी टीम ने मैच दो एक से जीता",
        "इस हफ्ते रोटी के दाम फिर बढ़ गए",
    ),
    "it": (
        "Il vecchio ponte sul fiume è crollato stamattina",
        "Mia sorella cerca un buon panificio vicino alla stazione",
        "La nostra squadra ha vinto la partita due a uno",
        "Il prezzo del pane è salito ancora questa settimana",
    ),
    "ja": (
        "川にかかる古い橋が今朝落ちた",
        "姉は駅の近くで良いパン屋を探している",
        "私たちのチームは二対一で試合に勝った",
        "今週またパンの値段が上がった",
    ),
    "ku": (
        "Pira kevn a li ser çem îro sibê hilweşiya",
        "Xwişka min li nêzîkî îstasyonê li firineke baş digere",
        "Tîma me maç bi du golan li hember yekê qezenc kir",
        "Bihayê nan vê hefteyê dîsa zêde bû",
    ),
    "pt": (
        "A velha ponte sobre o rio caiu esta manhã",
        "A minha irmã procura uma boa padaria perto da estação",
        "A nossa equipa ganhou o jogo por dois golos a um",
        "O preço do pão voltou a subir esta semana",
    ),
    "ru": (
        "Старый мост через реку рухнул сегодня утром",
        "Моя сестра ищет хорошую пекарню у вокзала",
        "Наша команда выиграла матч со счётом два один",
        "Цены на хлеб на этой неделе снова выросли",
    ),
    "tr": (
        "Nehrin üzerindeki eski köprü bu sabah çöktü",
        "Kız kardeşim istasyonun yakınında iyi bir fırın arıyor",
        "Takımımız maçı iki bir kazandı",
        "Ekmek fiyatları bu hafta yine arttı",
    ),
    "uk": (
        "Старий міст через річку впав сьогодні вранці",
        "Моя сестра шукає гарну пекарню біля вокзалу",
        "Наша команда виграла матч із рахунком два один",
        "Ціни на хліб цього тижня знову зросли",
    ),
    "zh": (
        "河上的老桥今天早上塌了",
        "我姐姐在车站附近找一家好面包店",
        "我们队以二比一赢了比赛",
        "这周面包又涨价了",
    ),
}


class Embedder(Protocol):
    """Texts to vectors: the same text gives the same vector, whatever it is sent with."""

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One row a text, of any length that is the same for all; rows need not have length one."""
        ...


class Understanding:
    """A model that is asked only of what it understands. `alike`: cosine from which two texts say the same."""

    def __init__(self, embedder: Embedder, alike: float = ALIKE) -> None:
        self.alike = alike
        self._embedder = embedder
        tried = {language: _units(embedder.vectors(said)) for language, said in SENTENCES.items()}
        inner = {language: _mean_cosine(rows) for language, rows in tried.items()}
        self._bound = min(inner.values()) + _NO_MORE
        #: Languages of the tried ones that it tells texts of apart, sorted.
        self.known = tuple(sorted(language for language, cosine in inner.items() if cosine <= self._bound))
        self._own = np.concatenate([tried[language] for language in self.known])
        self._strange = np.concatenate([self._own[:0], *(tried[one] for one in tried if one not in self.known)])
        #: Another one for another model: what one made is nothing to compare with what another makes.
        self.mark = int.from_bytes(blake2b((np.round(self._own, 1) + 0.0).tobytes(), digest_size=6).digest())
        self._last: tuple[str, Floats | None] = ("", None)

    def vector(self, text: str) -> Floats | None:
        """Of length one; None for what says too little or in no known language, or of which the model makes nothing."""
        if self._last[0] != text:
            self._last = (text, self._made(LINKS.sub(" ", text[:_LONGEST])))
        return self._last[1]

    def reads(self, text: str) -> bool:
        """Whether it says enough for the model to be asked."""
        return _says_enough(LINKS.sub(" ", text[:_LONGEST]))

    def _made(self, text: str) -> Floats | None:
        if not _says_enough(text):
            return None
        made: Floats = _units(self._embedder.vectors([text]))[0]
        if not made.any():
            return None
        if len(self._strange) and float((self._strange @ made).max()) > max(
            self._bound, float((self._own @ made).max())
        ):
            return None
        return made


def _says_enough(text: str) -> bool:
    return len(text.split()) >= _FEWEST_WORDS or any(map(is_unspaced, text))


def _units(rows: Floats) -> Floats:
    """Rows of length one; of 0 what has no direction."""
    rows = np.asarray(rows, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    sound = np.isfinite(lengths) & (lengths > 0)
    return np.asarray(np.where(sound, rows / np.where(sound, lengths, 1.0), 0.0), np.float32)


def _mean_cosine(rows: Floats) -> float:
    return float(np.mean([float(rows[one] @ rows[other]) for one, other in combinations(range(len(rows)), 2)]))
