"""Posts that nobody should write, and stories larger than any should be, through the annotators of the pipeline."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from alerts.origins.union import Origins
from alerts.stories.book import StoryBook
from alerts.text import word_index
from alerts.text.copies import Likeness, best
from secondsource.app.evaluation.lines import Lines
from secondsource.app.evaluation.stories import judge_stories
from tests.alerts.invented import CLAIM, post, repost, watch

PLEA = "The old bridge in Velgrad fell into the river this morning, three people are hurt"
#: Two claims in each of ten scripts, of more than seven words each.
SCRIPTS = {
    "Latin": (
        "The old bridge of Velgrad fell into the river before noon today",
        "The bakery by the mill opens its doors again at six tomorrow",
    ),
    "Cyrillic": (
        "Старый мост в Велграде обрушился в реку сегодня утром до полудня",
        "Пекарня у мельницы снова открывает свои двери завтра в шесть утра",
    ),
    "Greek": (
        "Η παλιά γέφυρα του Βέλγκραντ έπεσε στο ποτάμι σήμερα το πρωί",
        "Ο φούρνος δίπλα στον μύλο ανοίγει ξανά τις πόρτες του αύριο",
    ),
    "Arabic": (
        "انهار الجسر القديم في مدينة فلغراد في النهر صباح هذا اليوم",
        "يفتح المخبز بجانب الطاحونة أبوابه من جديد غدا في السادسة صباحا",
    ),
    "Hebrew": (
        "הגשר הישן של ולגראד קרס אל תוך הנהר הבוקר לפני הצהריים",
        "המאפייה ליד הטחנה פותחת שוב את דלתותיה מחר בשש בבוקר",
    ),
    "Devanagari": (
        "वेलग्राद का पुराना पुल आज सुबह दोपहर से पहले नदी में गिर गया",
        "चक्की के पास की बेकरी कल सुबह छह बजे फिर से खुलेगी",
    ),
    "Bengali": (
        "ভেলগ্রাদের পুরনো সেতু আজ সকালে দুপুরের আগে নদীতে ভেঙে পড়েছে বলে জানা গেছে",
        "কলের পাশের বেকারি আগামীকাল সকাল ছয়টায় আবার তার দরজা খুলবে",
    ),
    "Chinese": (
        "维尔格勒的老桥今天上午中午之前倒塌落入河中三人受伤",
        "磨坊旁边的面包店明天早上六点重新开门迎接所有的客人",
    ),
    "Hangul": (
        "벨그라드의 오래된 다리가 오늘 아침 정오 전에 강으로 무너져 내렸다고 합니다",
        "방앗간 옆에 있는 빵집이 내일 아침 여섯 시에 다시 문을 엽니다",
    ),
    "Thai": (
        "สะพานเก่าของเวลกราดพังลงไปในแม่น้ำเมื่อเช้าวันนี้ก่อนเที่ยง",
        "ร้านขนมปังข้างโรงสีจะเปิดประตูอีกครั้งพรุ่งนี้เวลาหกโมงเช้า",
    ),
}


def stories(texts: Iterable[str]) -> list[str]:
    """The story of each text, by the number of its first post."""
    lines = "".join(json.dumps({"id": str(number), "text": text}) + "\n" for number, text in enumerate(texts))
    out, errors = io.StringIO(), io.StringIO()
    judge_stories(Lines(io.StringIO(lines), errors), out)
    assert errors.getvalue() == ""
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    return [one["story"] for one in told]


DISGUISED = {
    "spaced": " ".join(PLEA),
    "homoglyphs": PLEA.translate(str.maketrans("aeop", "аеор")),
    "joiners": "".join(f"{letter}\u200d" for letter in PLEA),
    "invisible": PLEA.replace("e", "e\u2060").replace("i", "\u200bi"),
    "backwards": "\u202e" + PLEA[::-1],
    "backwards and back": f"\u202e{PLEA[::-1]}\u202c",
    "bold": "".join(chr(0x1D400 + ord(letter) - 65) if letter.isupper() else letter for letter in PLEA),
    "figures": PLEA.replace("o", "0").replace("i", "1"),
    "tail": PLEA + " 😀😀😀 https://t.example/abc",
}


def test_a_disguised_copy_is_in_the_story_of_what_it_copies() -> None:
    found = stories([PLEA, *DISGUISED.values()])
    assert [name for name, story in zip(DISGUISED, found[1:], strict=True) if story != "0"] == []


def test_ten_scripts_keep_their_claims_apart_and_find_their_copies() -> None:
    texts = [claim for pair in SCRIPTS.values() for claim in pair]
    assert len(SCRIPTS) == 10
    assert stories(texts) == [str(number) for number in range(20)]
    copied = stories([*texts, *(f"RT @brana_k: {text} https://t.example/a" for text in texts)])
    assert copied[20:] == copied[:20]


def test_posts_of_one_emoji_or_of_nothing_are_tied_to_none() -> None:
    texts = ["😀", "👨‍👩‍👧‍👦", "", " ", "\u200d", "🏳️‍🌈🏳️‍🌈", "!!!", "#", "@"] * 30
    assert stories(texts) == [str(number) for number in range(len(texts))]


def test_ten_thousand_posts_of_the_same_two_words_are_compared_with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = _counting(monkeypatch)
    book = StoryBook(watch())
    for number in range(1, 10_001):
        enriched = post(number, number / 10, "pray velgrad", by=f"user{number % 900}")
        book.take(enriched, enriched.post.observed_at.timestamp())
    assert looked["texts"] == 0
    assert looked["words"] <= 10_000 * 8


def test_a_story_of_a_hundred_thousand_posts_has_no_step_that_grows_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared is counted, not timed: as often for the last ten thousand posts as for the first."""
    looked = _counting(monkeypatch)
    book = StoryBook(watch())
    counted: list[Counter[str]] = []
    story = book.take(post(1, 0), 0.0)
    for number in range(2, 100_001):
        if number % 10:
            enriched = repost(number, number / 50, 1, by=f"user{number % 60_000}")
        else:
            enriched = post(number, number / 50, f"{CLAIM} number {number}", by=f"user{number % 60_000}")
        assert book.take(enriched, number / 50) is story
        if number % 10_000 == 0:
            counted.append(Counter(looked))
            looked.clear()
    assert len(story.notes) == 100_000
    assert all(sum(last.values()) <= 1.1 * sum(counted[1].values()) for last in counted[2:])
    assert all(last["texts"] <= 4 * 1_000 for last in counted)
    book.remove("x:50000")
    assert looked["anew"] == 0


def _counting(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Texts and words that are compared, unions of origins, and groups of origins found anew."""
    looked: Counter[str] = Counter()
    union = Origins._union

    def counting(text: str, candidates: list[tuple[int, str]]) -> tuple[int, Likeness] | None:
        looked["texts"] += len(candidates)
        return best(text, candidates)

    def uniting(origins: Origins, one: int, other: int) -> int:
        looked["unions"] += 1
        return union(origins, one, other)

    monkeypatch.setattr("alerts.stories.texts.best", counting)
    monkeypatch.setattr(Origins, "_union", uniting)
    find = word_index._find

    def finding(terms: Any, places: Any, sayings: Any, logs: Any, known: Any, *others: Any) -> tuple[int, float]:
        for first in word_index._likely(terms, places, sayings, known):
            at = first
            while at != word_index._NOWHERE:
                looked["words"] += 1
                at = sayings[at, word_index._NEXT]
        return find(terms, places, sayings, logs, known, *others)

    monkeypatch.setattr(word_index, "_find", finding)
    return looked
