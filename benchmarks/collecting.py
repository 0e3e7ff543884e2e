"""What collecting costs: matching watches against every post of a platform, mapping posts, a consumer too slow.

The texts are invented, in seven languages and scripts, and of a stream's lengths (8 to 300 characters); where
`../shared/data` holds real tweets, those are matched too.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from benchmarks.report import Report, measured, resident_megabytes
from ingest.collectors.bluesky import Bluesky
from ingest.collectors.bluesky.settings import BlueskySettings
from ingest.collectors.bluesky.wire import read, record_in
from ingest.collectors.x.lines import Ownership, to_posts
from ingest.formats.bluesky import COLLECTION, Where, hashtags_of, languages_of, to_post
from ingest.matching import Matcher, normalised
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.messages import Coverage, Post
from secondsource.contracts.watch import Watch
from tests.fakes.bluesky import CID, THEN, FakeBluesky, Happened, post_record, v2_frame
from tests.fakes.surroundings import surroundings
from tests.ingest.payloads import NOW, body, v2_line

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


def mappers(report: Report, scale: float) -> None:
    """X: from the line to posts. Bluesky: from the frame to the decision whether 1,000 rules want it, and to a post."""
    stream = texts(int(20_000 * scale))
    lines = [body(v2_line(number % 3600, text)) for number, text in enumerate(stream)]
    owners = Ownership({"secondsource:velgrad:0:00000000": ("velgrad",)}, Matcher([]), frozenset({"velgrad"}))
    with measured() as mapping:
        posts = sum(len(to_posts(line, NOW, "x", owners).messages) for line in lines)
    report.add("mappers", "X, line to posts", posts / mapping.cpu, "posts/s/core", target="≥ 20,000")
    frames = _frames(stream)
    matcher = Matcher(watches(1_000))
    with measured() as deciding:
        for frame in frames:
            said = read(frame, "v2")
            assert said.record is not None
            record = said.record
            matcher.taking(
                record.text,
                hashtags=hashtags_of(record.text, record.facets, record.tags),
                accounts=(said.did,),
                languages=languages_of(record.langs),
            )
    report.add("mappers", "Bluesky, frame to decision", len(frames) / deciding.cpu, "posts/s/core", target="≥ 20,000")
    with measured() as mapping:
        for frame in frames:
            said = read(frame, "v2")
            to_post(record_in(frame), Where(said.did, said.rkey, said.seen_at), THEN, "bluesky", ("w",))
    report.add("mappers", "Bluesky, frame to post", len(frames) / mapping.cpu, "posts/s/core", target="≥ 20,000")


def slow_consumer(report: Report, scale: float) -> None:
    """A host that sends as fast as it can, a consumer that takes a tenth of that: what is held, and what is told."""
    count = int(30_000 * scale)
    with FakeBluesky(from_start=True) as fake:
        for number in range(count):
            fake.post("did:plc:bench", f"3{number}", "flood " * 50)
        free, _, _ = _drained(fake, count, 0.0)
        before = resident_megabytes()
        slow, most, reasons = _drained(fake, count, 9 * free)
        report.add("slow-consumer", "a consumer that keeps up", count / free, "posts/s")
        report.add("slow-consumer", "one that is 10 times slower", count / slow, "posts/s", note="each post once")
        report.add("slow-consumer", "memory it added", max(0.0, most - before), "MB", target="bounded")
        told = "; ".join(sorted(reasons)) or "nothing"
        report.add("slow-consumer", "reasons in the ledger", len(reasons), "", target="≥ 1", note=told)


def _drained(fake: FakeBluesky, count: int, wait: float) -> tuple[float, float, set[str]]:
    """Seconds taken, MB held at most, and why it was blind. `wait` is spread over the posts taken."""
    settings = BlueskySettings(hosts=(fake.stream,), behind_seconds=1.0)
    stop, uids, reasons, most = Event(), set[str](), set[str](), 0.0
    begun = time.perf_counter()
    for batch in Bluesky(settings, [Watch(name="w", any_of=("flood",))], surroundings(SystemClock())).batches("", stop):
        posts = [message for message in batch.messages if isinstance(message, Post)]
        uids |= {post.uid for post in posts}
        reasons |= {
            one.reason.partition(":")[0] for one in batch.messages if isinstance(one, Coverage) and "slow" in one.reason
        }
        most = max(most, resident_megabytes())
        if len(uids) >= count:
            stop.set()
        time.sleep(wait * len(posts) / count)
    return time.perf_counter() - begun, most, reasons


def _frames(stream: Sequence[str]) -> list[bytes]:
    """Of three posts one has a hashtag, of four one a picture; every second is a reply."""
    parent = {"uri": "at://did:plc:bench/app.bsky.feed.post/3k", "cid": CID}
    frames = []
    for number, text in enumerate(stream):
        more: dict[str, object] = {}
        if number % 3 == 0:
            tag = {"$type": "app.bsky.richtext.facet#tag", "tag": "Velgrad"}
            more["facets"] = [{"index": {"byteStart": 0, "byteEnd": 4}, "features": [tag]}]
        if number % 4 == 0:
            picture = {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/jpeg", "size": 90_000}
            more["embed"] = {"$type": "app.bsky.embed.images", "images": [{"alt": "The quay", "image": picture}]}
        if number % 2 == 0:
            more["reply"] = {"root": parent, "parent": parent}
        commit = {"did": f"did:plc:bench{number}", "rev": "3l", "operation": "create", "collection": COLLECTION}
        payload = {**commit, "rkey": f"3l{number}", "record": post_record(text, **more)}
        frames.append(v2_frame(Happened(number + 1, THEN, "commit", payload)))
    return frames
