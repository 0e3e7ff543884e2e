"""What collecting costs: matching watches against every post of a platform, and mapping the posts it takes.

The texts are invented, in seven languages and scripts, and of a stream's lengths (8 to 300 characters); where
`../shared/data` holds real tweets, those are matched too.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Report, measured
from ingest.matching import Matcher, normalised
from secondsource.contracts.watch import Watch

RULES = (10, 100, 1_000, 10_000)
TWEETS = Path("../shared/data/langid/xlmt_dev.tsv")

_COMMON = {
    "en": "the water people say bridge again today nobody knows why it has been so long since we saw this morning",
    "ar": "الماء على الجسر منذ ساعة والناس في الشارع لا أحد يعرف لماذا انقطعت الكهرباء عن الحي كله اليوم",
    "ru": "вода на мосту люди говорят что сегодня никто не знает почему так долго нет света во всём районе",
    "tr": "köprüdeki insanlar diyor ki bugün kimse bilmiyor neden bu kadar uzun sürdü elektrik kesildi mahallede",
    "fr": "les gens disent que personne ne sait pourquoi l'eau monte depuis ce matin près de la vieille gare",
}
_WEIGHTS = {"en": 38, "ja": 22, "ar": 10, "ru": 8, "tr": 8, "fr": 14}
_LETTERS = {
    "en": "etaoinshrdlucmfwypvbgk",
    "fr": "esaitnrulodcmpéèvqfbgh",
    "tr": "aeinrlıdkmuyştsbozüşğg",
    "ru": "оеаинтсрвлкмдпуяызбьг",
    "ar": "اليمونرتبةعدسفهكقحجشط",
}
_KANA = "のにはをたがでてとしれさあいうえおかきくけこ水橋町火事地震雨風車駅前後日本人大小中"
_EMOJI = "😀🔥🌊😂❤️🙏🚒✨"


def texts(count: int, seed: int = 3) -> list[str]:
    """Posts of no platform: common and rare words of a language, now and then an emoji, a link, a hashtag."""
    pick = random.Random(seed)
    languages, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    return [_text(pick, pick.choices(languages, weights)[0]) for _ in range(count)]


def _text(pick: random.Random, language: str) -> str:
    length = min(300, max(8, int(pick.lognormvariate(4.3, 0.8))))
    if language == "ja":
        text = "".join(pick.choices(_KANA, k=length // 2))
    else:
        common = _COMMON[language].split()
        parts: list[str] = []
        while sum(map(len, parts)) + len(parts) < length:
            parts.append(pick.choice(common) if pick.random() < 0.6 else _word(pick, language))
        text = " ".join(parts).capitalize() + "."
    if pick.random() < 0.3:
        text += " " + pick.choice(_EMOJI)
    if pick.random() < 0.2:
        text += f" https://example.org/{pick.randint(1, 99999)}"
    return text


def _word(pick: random.Random, language: str) -> str:
    return "".join(pick.choices(_LETTERS[language], k=pick.randint(4, 10)))


def watches(count: int, seed: int = 5) -> list[Watch]:
    """Rules as newsrooms write them: a few names, sometimes a phrase, a second word, a word that must not be there."""
    pick = random.Random(seed)
    made = []
    for number in range(count):
        language = pick.choice(list(_WEIGHTS))
        if language == "ja":
            made.append(Watch(name=f"w{number}", any_of=tuple("".join(pick.choices(_KANA, k=4)) for _ in range(2))))
            continue
        names = tuple(_word(pick, language) for _ in range(pick.randint(1, 3)))
        second = (pick.choice(_COMMON[language].split()),) if pick.random() < 0.3 else ()
        unwanted = (_word(pick, language),) if pick.random() < 0.2 else ()
        phrase = (f"{names[0]} {_word(pick, language)}",) if pick.random() < 0.2 else ()
        made.append(Watch(name=f"w{number}", any_of=names, all_of=second, none_of=unwanted, phrases=phrase))
    return made


def matching(report: Report, scale: float) -> None:
    """Posts/s/core by number of rules and by length of text, beside one regular expression of all the words."""
    stream = texts(int(60_000 * scale))
    letters = sum(map(len, stream)) / len(stream)
    for rules in RULES:
        speed, taken = _matched(watches(rules), stream)
        target = "≥ 50,000" if rules == 1_000 else ""
        note = f"{letters:.0f} characters a post, {taken:.1%} taken"
        report.add("matching", f"{rules:,} rules", speed, "posts/s/core", target=target, note=note)
    for length in (100, 300, 1_000):
        long = ["".join(stream[at : at + 30])[:length] for at in range(0, min(len(stream), 15_000) - 30, 3)]
        speed, _ = _matched(watches(1_000), long)
        report.add(
            "matching", f"1,000 rules, texts of {length:,} characters", speed * length / 1e6, "M characters/s/core"
        )
    real = _tweets()
    if real:
        speed, _ = _matched(watches(1_000), real * 3)
        report.add("matching", "1,000 rules, real tweets in 8 languages", speed, "posts/s/core", target="≥ 50,000")
    else:
        print(f"  real tweets: skipped: no data at {TWEETS}")
    few = stream[: int(300 * scale) + 10]
    regex = _regex(watches(1_000), few)
    report.add("matching", "1,000 rules, one regular expression of all their words", regex, "posts/s/core")


def _matched(rules: Sequence[Watch], stream: Sequence[str]) -> tuple[float, float]:
    matcher = Matcher(rules)
    taken = 0
    with measured() as spent:
        for text in stream:
            if matcher.taking(text):
                taken += 1
    return len(stream) / spent.cpu, taken / len(stream)


def _regex(rules: Sequence[Watch], stream: Sequence[str]) -> float:
    """Finding the words alone, without deciding which rule they meet."""
    terms = {normalised(term) for rule in rules for term in (*rule.any_of, *rule.all_of, *rule.none_of, *rule.phrases)}
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(terms)))})\b")
    with measured() as spent:
        for text in stream:
            pattern.findall(normalised(text))
    return len(stream) / spent.cpu


def _tweets() -> list[str]:
    if not TWEETS.exists():
        return []
    return [line.rsplit("\t", 1)[-1] for line in TWEETS.read_text(encoding="utf-8").splitlines()]
