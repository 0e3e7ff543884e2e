"""A day in Velgrad, a town that does not exist, for the demo: a recording to replay, its pictures, and a configuration.

What happens, all in 2026 but for the first:

    2014-03-02  a depot burns at Karst Bridge, another town; somebody posts a picture
    05:00       an ordinary day: a hundred small stories, over the whole of it
    12:10       a crane falls in the harbour; three people who do not know each other show it
    16:05       the picture of 2014 comes back as "the Chain Bridge is burning": one origin, a great many copies
    16:45       somebody looks it up and says so under the same hashtag, and is passed on as well
    18:20       a tram leaves its rails; one person shows it, many pass it on
    18:47       a second person shows the same tram from a window

Everybody and everything in it is invented. The same seed gives the same day.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from config.loader import Configuration
from secondsource.app.configuring import load
from secondsource.app.demo import texts
from secondsource.app.demo.pictures import draw_all
from secondsource.contracts.messages import Account, Counts, Engagement, MediaRef, Message, Post, Takedown, encode
from secondsource.contracts.watch import Watch

WATCH = "velgrad"
COLLECTOR = "replay"
PLATFORM = "plaza"  #: as invented as the town
DAY = datetime(2026, 5, 14, tzinfo=UTC)
EARLIER_DAY = datetime(2014, 3, 2, 7, 40, tzinfo=UTC)

_WATCH_FILE = """\
# The invented town of the demo. Copy this file to watch something real, and run: secondsource config check
watches:
  - name: velgrad
    hashtags: [Velgrad, فيلغراد]
    keywords:
      any: [Velgrad, فيلغراد]
    thresholds:
      min_interactions: 30
      max_surprise: 0.001
      min_history: 30
      independent_origins: 2
      story_hours: 48
      lateness_seconds: 1
"""
_SETTINGS_FILE = """\
# No broker, no database server, no key: everything in one process, and pictures from the folder beside this one.
transport: inline
store:
  url: "sqlite:///{store}"
enrich:
  languages: [en, ar, es]
  gazetteers: [gazetteer/velgrad.tsv]
  media:
    roots: [../pictures]
notify:
  console: true
"""
_GAZETTEER_FILE = """\
# id, kind, names
velgrad\tplace\tVelgrad|فيلغراد
karst\tplace\tKarst
karst-bridge\tplace\tKarst Bridge
chain-bridge\tplace\tChain Bridge|جسر السلاسل
brinmoor\tplace\tBrinmoor|برينمور
tavlo\tplace\tTavlo
mill-square\tplace\tMill Square
velgrad-rovers\torganisation\tVelgrad Rovers
velgrad-council\torganisation\tVelgrad council
"""


class Town(NamedTuple):
    """What was written, and who is who in it.

    `uids` names the posts the story turns on: earlier, claim, debunk, crane, crane-radio, crane-ferry, tram,
    tram-confirmed. `messages` are good lines of the recording, `malformed` the bad ones at its end.
    """

    folder: Path
    posts: Path
    pictures: Path
    config: Path
    watch: Watch
    messages: int
    malformed: int
    uids: Mapping[str, str]

    def configuration(self, environ: Mapping[str, str]) -> Configuration:
        return load(self.config, environ)


def write_town(folder: Path, seed: int = 7) -> Town:
    """Write posts.jsonl, pictures/ and config/ into a folder, over what is there of an earlier demo."""
    config = folder / "config"
    (config / "watches").mkdir(parents=True, exist_ok=True)
    (config / "gazetteer").mkdir(exist_ok=True)
    (config / "watches" / "velgrad.yaml").write_text(_WATCH_FILE, encoding="utf-8")
    settings = _SETTINGS_FILE.format(store=folder.resolve() / "velgrad.sqlite")
    (config / "secondsource.yaml").write_text(settings, encoding="utf-8")
    (config / "gazetteer" / "velgrad.tsv").write_text(_GAZETTEER_FILE, encoding="utf-8")
    pictures = draw_all(folder / "pictures", seed)
    day = _Day(random.Random(seed), {name: path.resolve().as_uri() for name, path in pictures.items()})
    day.tell()
    lines = [encode(message) for message in day.messages()]
    posts = folder / "posts.jsonl"
    malformed = _malformed(lines)
    posts.write_bytes(b"".join(line + b"\n" for line in (*lines, *malformed)))
    (watch,) = load(config, {}).watches
    return Town(folder, posts, folder / "pictures", config, watch, len(lines), len(malformed), day.uids)


def _malformed(lines: Sequence[bytes]) -> tuple[bytes, ...]:
    """What a recording may hold besides messages: a cut line, notes, no time, no author, bytes that are no text."""
    return (
        lines[-1][: len(lines[-1]) // 2],
        b"notes to self: ask the ferry office about the crane",
        b'{"type":"post","uid":"plaza:900001","text":"no time #Velgrad","author":{"uid":"plaza:u1","handle":"nina"}}',
        b'{"type":"post","uid":"plaza:900002","text":"no author #Velgrad","created_at":"2026-05-14T20:00:00Z"}',
        b'{"type":"post","uid":"plaza:900003","text":"caf\xe9 #Velgrad"}',
    )


class _Day:
    """Gathers what happens, in any order."""

    def __init__(self, dice: random.Random, pictures: Mapping[str, str]) -> None:
        self._dice = dice
        self._pictures = pictures
        self._said: list[Message] = []
        self._number = 0
        self._names: set[str] = set()
        self._public = [self._account() for _ in range(420)]
        self.uids: dict[str, str] = {}

    def messages(self) -> list[Message]:
        """In the order they were observed."""
        return sorted(self._said, key=lambda message: (_observed(message), encode(message)))

    def tell(self) -> None:
        self._earlier()
        self._ordinary_day()
        self._crane()
        self._bridge()
        self._tram()

    # --- what happens ---

    def _earlier(self) -> None:
        author = self._named("karst_observer", "Karst Observer", 5_400, datetime(2011, 6, 1, tzinfo=UTC))
        post = self._post(author, texts.EARLIER, EARLIER_DAY, picture="karst-bridge")
        self.uids["earlier"] = post.uid
        self._pass_on(post, EARLIER_DAY, 4, minutes=300)

    def _ordinary_day(self) -> None:
        lines = [*texts.ORDINARY, *texts.ARABIC, *texts.SPANISH, *texts.HOSTILE]
        self._dice.shuffle(lines)
        shown = [f"town-{number:02d}" for number in range(1, 13)]
        for index, text in enumerate(lines):
            at = _at("05:00") + timedelta(minutes=index * 900 / len(lines) + self._dice.uniform(0, 6))
            picture = shown[index // 8] if index % 8 == 3 and index // 8 < len(shown) else ""
            post = self._post(self._dice.choice(self._public), text, at, picture=picture)
            self._pass_on(post, at, min(11, int(self._dice.expovariate(1 / 2.4))), minutes=150)
            for _ in range(int(self._dice.expovariate(1 / 0.8))):
                self._answer(post, at + timedelta(minutes=self._dice.uniform(2, 90)), self._dice.choice(texts.REPLIES))
            if index % 10 == 4:
                counts = Counts(reposts=self._dice.randrange(2, 9), quotes=0, replies=self._dice.randrange(4), likes=12)
                self._refresh(post, at + timedelta(minutes=70), counts)
            if index == 50:
                self._take_down(post, at + timedelta(hours=2))

    def _crane(self) -> None:
        """Three origins within minutes, so that by the time it spreads it is corroborated."""
        at = _at("12:10")
        tellings = (
            ("crane", "pier_four_pete", "Pete from pier four", 310, texts.CRANE, "crane-quay", 0.0),
            ("crane-radio", "brinmoor_radio", "Brinmoor Radio", 21_000, texts.CRANE_RADIO, "crane-radio", 2.5),
            ("crane-ferry", "ida_commutes", "Ida", 190, texts.CRANE_FERRY, "crane-ferry", 4.0),
        )
        for key, handle, name, followers, text, picture, minutes in tellings:
            told = at + timedelta(minutes=minutes)
            post = self._post(self._named(handle, name, followers), text, told, picture=picture)
            self.uids[key] = post.uid
            self._pass_on(post, told + timedelta(minutes=5), 55, minutes=140)
            self._refresh(post, told + timedelta(hours=2), Counts(reposts=80, quotes=4, replies=11, likes=240))

    def _bridge(self) -> None:
        """One account, one old picture; then everybody who copies it, in text or picture or both."""
        at = _at("16:05")
        author = self._named("velgrad_alerts24", "VELGRAD ALERTS 24", 830, datetime(2026, 4, 29, tzinfo=UTC))
        claim = self._post(author, texts.CLAIM, at, picture="bridge-again")
        self.uids["claim"] = claim.uid
        self._pass_on(claim, at, 150, minutes=150)
        for minutes in self._wave(70, 150):
            written = self._dice.choice(texts.COPIED if self._dice.random() < 0.93 else texts.CLAIM_HOSTILE)
            picture = self._dice.choice(("bridge-again", "bridge-again", "bridge-brighter", ""))
            told = at + timedelta(minutes=2 + minutes)
            copy = self._post(self._someone(), written.format(texts.CLAIM), told, picture=picture)
            self._pass_on(copy, told, int(self._dice.expovariate(1 / 1.5)), minutes=60)
            if self._dice.random() < 0.06:
                self._take_down(copy, told + timedelta(minutes=95))
        arabic = self._post(self._someone(), texts.CLAIM_ARABIC, at + timedelta(minutes=21), picture="bridge-again")
        self._pass_on(arabic, at + timedelta(minutes=21), 14, minutes=80)
        for minutes in self._wave(24, 120):
            self._answer(claim, at + timedelta(minutes=1 + minutes), self._dice.choice(texts.CLAIM_REPLIES))
        for minutes in self._wave(9, 120):
            quote = self._dice.choice(
                ("Unbelievable. #Velgrad", "Look at this #Velgrad", "Praying for everyone #Velgrad")
            )
            self._post(self._someone(), quote, at + timedelta(minutes=4 + minutes), quote_of=claim.uid)
        self._refresh(
            claim, at + timedelta(minutes=30), Counts(reposts=120, quotes=6, replies=25, likes=310, views=9_000)
        )
        self._refresh(
            claim, at + timedelta(minutes=90), Counts(reposts=260, quotes=14, replies=41, likes=600, views=31_000)
        )
        checker = self._named("brinmoor_checks", "Brinmoor Fact Desk", 7_700)
        debunk = self._post(checker, texts.DEBUNK, _at("16:45"), picture="bridge-checked")
        self.uids["debunk"] = debunk.uid
        self._pass_on(debunk, _at("16:45"), 75, minutes=120)
        again = self._post(self._named("ida_walks", "Ida's brother", 95), texts.DEBUNK_AGAIN, _at("16:58"))
        self._pass_on(again, _at("16:58"), 12, minutes=60)

    def _tram(self) -> None:
        """Takes off on one telling; the second comes half an hour later."""
        at, confirmed = _at("18:20"), _at("18:47")
        first = self._post(self._named("nils_rides", "Nils", 410), texts.TRAM, at, picture="tram-corner")
        self.uids["tram"] = first.uid
        self._pass_on(first, at, 110, minutes=100)
        neighbour = self._named("orla_on_mill", "Orla", 260)
        second = self._post(neighbour, texts.TRAM_CONFIRMED, confirmed, picture="tram-window")
        self.uids["tram-confirmed"] = second.uid
        self._pass_on(second, confirmed, 45, minutes=90)
        self._refresh(first, at + timedelta(minutes=80), Counts(reposts=170, quotes=3, replies=20, likes=400))

    # --- how it is said ---

    def _post(  # (a post has this many parts)
        self,
        author: Account,
        text: str,
        at: datetime,
        *,
        picture: str = "",
        repost_of: str = "",
        quote_of: str = "",
        reply_to: str = "",
    ) -> Post:
        self._number += 1
        number = f"{self._number:06d}"
        post = Post(
            uid=f"{PLATFORM}:{number}",
            platform=PLATFORM,
            author=author,
            text=text,
            created_at=_whole(at),
            observed_at=_whole(at) + timedelta(milliseconds=self._dice.randrange(800, 5_000)),
            collector=COLLECTOR,
            watches=(WATCH,),
            url=f"https://{PLATFORM}.example/@{author.handle}/{number}",
            repost_of=repost_of,
            quote_of=quote_of,
            reply_to=reply_to,
            media=(MediaRef(url=self._pictures[picture]),) if picture else (),
            hashtags=tuple(re.findall(r"#(\w+)", text)),
            mentions=tuple(re.findall(r"@(\w+)", text)),
        )
        self._said.append(post)
        return post

    def _pass_on(self, post: Post, start: datetime, people: int, *, minutes: float) -> None:
        """Reposts, each by somebody else. A platform gives them the original's text and no picture of their own."""
        there = [account for account in self._public if account.created_at and account.created_at < start]
        for account, after in zip(self._dice.sample(there, people), self._wave(people, minutes), strict=True):
            self._post(account, post.text, start + timedelta(minutes=after, seconds=20), repost_of=post.uid)

    def _answer(self, post: Post, at: datetime, text: str) -> None:
        self._post(self._someone(), f"@{post.author.handle} {text}", at, reply_to=post.uid)

    def _refresh(self, post: Post, at: datetime, counts: Counts) -> None:
        self._said.append(
            Engagement(uid=post.uid, observed_at=_whole(at), collector=COLLECTOR, watches=(WATCH,), counts=counts)
        )

    def _take_down(self, post: Post, at: datetime) -> None:
        self._said.append(
            Takedown(
                uid=post.uid,
                observed_at=_whole(at),
                collector=COLLECTOR,
                watches=(WATCH,),
                reason="deleted by its author",
            )
        )

    def _wave(self, count: int, minutes: float) -> list[float]:
        """Minutes after which each of `count` acts comes: slow for a moment, then many, then fewer and fewer."""
        return sorted(minutes * self._dice.betavariate(1.3, 3.5) for _ in range(count))

    # --- who says it ---

    def _someone(self) -> Account:
        return self._dice.choice(self._public)

    def _account(self) -> Account:
        while True:
            name = "".join(self._dice.choice(_SYLLABLES) for _ in range(self._dice.randrange(2, 4)))
            handle = (
                name + self._dice.choice(("", "", "_", "x")) + self._dice.choice(("", str(self._dice.randrange(2, 99))))
            )
            if handle not in self._names:
                break
        joined = datetime(2012, 1, 1, tzinfo=UTC) + timedelta(days=self._dice.randrange(5_000))
        return self._named(handle, name.capitalize(), int(self._dice.lognormvariate(5, 1.4)), joined)

    def _named(
        self, handle: str, name: str, followers: int, joined: datetime = datetime(2019, 5, 1, tzinfo=UTC)
    ) -> Account:
        self._names.add(handle)
        uid = f"{PLATFORM}:u{len(self._names):04d}"
        return Account(uid=uid, handle=handle, name=name, followers=followers, created_at=joined)


_SYLLABLES = re.findall(
    r"\w+",
    "ba bel bri da den dor el fen ga hal is jo ka kel la lin lo mar mi na nel ol or pa ra ri sa sol tes ur va ven zo",
)


def _at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _observed(message: Message) -> datetime:
    assert isinstance(message, Post | Engagement | Takedown)
    return message.observed_at
