"""The words that say what a post is about."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from zlib import crc32

from alerts.text.dates import dated
from alerts.text.places import name_of, town
from alerts.text.word_index import MOST_TERMS
from secondsource.contracts.copied import copied_text
from secondsource.contracts.folding import WORD_CHARACTER, fold, words
from secondsource.contracts.messages import Enriched
from secondsource.contracts.watch import Watch

_MOST_NAMED = 8
_ADDRESSED = frozenset({"hashtag", "mention"})

LINKS = re.compile(r"(?:https?://|www\.|pic\.)\S+")
_TAG = re.compile(rf"[#@＠](?<!\w.)(\w{WORD_CHARACTER}*)(?:@[\w.-]+)?")  # the sign first, by which it is found fast
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")
#: A word, or a number whole: "6.1", "6,1", "12,000".
_WORD = re.compile(
    rf"(?<![\w.,])(?:\d{{1,3}}(?:[.,٬]\d{{3}})+|\d{{1,4}}[.,٫]\d{{1,2}})(?![.,٫٬]?\d)|\w{WORD_CHARACTER}*"
)
#: What is written without blanks, or with particles on the words: known by each two signs that follow one another, as
#: Chinese, Japanese and Korean are in search engines (Lee and Ahn, "Using n-grams for Korean text retrieval", SIGIR
#: 1996). Where signs are letters by one of three runs of four, about one a word, always the same ones (Manber, "Finding
#: similar files in a large file system", USENIX 1994). Hiragana alone is grammar.
_SIGNS = re.compile("[\u3400-\u9fff\u30a1-\u30ff\uac00-\ud7a3]{2,}|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{4,}")
_RUN, _LETTERS_RUN, _ONE_OF = 2, 4, 3
_FIRST_UNSPACED, _LAST_LETTER = "\u0e00", "\u1fff"  # beyond the second, signs are syllables or words
#: A word in Cyrillic letters and the ending of a Russian or Ukrainian noun or adjective on it, behind four letters at
#: least. What makes another word (порт, портной) is no ending.
_CYRILLIC_BEGINS, _CYRILLIC_ENDS = "\u0400", "\u0530"
_INFLECTED = re.compile(
    "([\u0400-\u052f]{4,}?)(?:[ыи]ми|[ое]го|[ое]му|[аяь]ми|[оеі]ю|[аоуыи]я|[оеы]е|ие|[ыиоеі]й|[ыиоеёа]м|ям|[аяыи]х|"
    "[уюі]ю|[оеёі]в|ією|[аеёиоуыюяьйіїє])"
)
_MARKS = re.compile(r"[.,٫٬]")
_DIGITS = re.compile(r"\d+")
_ARABIC_NUMBER = re.compile(r"(?<![\w.,٫٬])[وفبلك]?(\d[\d.,٫٬]{0,14}(?<=\d))(?!\d)")

_LISTED = """
the and for that this with have has had was were are been being from they them their there here what when
where which who whom whose will would could should shall may might must can cannot not but you your our his
her hers its him she about after again all also any because before between both did does doing done down
during each few get gets got how into just like more most much near need new now off once one only other out
over own please said same say says see seen seems some such than then these those through today tonight too
two under until very via want way well why yes yet breaking update live news report reports reported people
video photo picture pic watch look rt amp dont didnt isnt thats ive youre theyre cant les des une que qui dans
pour sur par pas plus est sont avec mais nous vous ils elles cette ces son ses leur aux ont été être los las
una por para con del este esta estos está como pero más sus hay muy sin sobre ser han fue что это как так для
его она они при уже или если только еще ещё был была было были все всё нет есть мне нас вас bir bu ve için ile
çok daha olan olarak var yok gibi ama değil في من على إلى الى عن مع هذا هذه الذي التي كان كانت قد ما لا أن ان
إن هو هي هم ثم كل بعد قبل عند حتى
에서 으로 했다 한다 하는 하고 해서 있는 있다 이다 습니 합니 니다 까지 부터 에게 지만 는데 어요 아요 네요
一个 一些 这个 那个 什么 我们 你们 他们 没有 可以 就是 不是 不要 已经 现在 今天 因为 所以 但是 还是 如果 真的 大家 自己
"""

#: Words that tell nothing about what happened. Those under three letters are left out anyway.
STOPWORDS = frozenset(_LISTED.split())


def terms(enriched: Enriched, own: frozenset[str]) -> tuple[str, ...]:
    """Content words, hashtags and known names of a post, without those of the watch itself; no order, no repeats.

    A known name is there by its id, which is the same in every language, and by its words where it has several. A day
    that it writes out comes first, as one term. What can be read in its pictures comes after what it says itself.
    """
    post = enriched.post
    text = post.text[:1_000]
    for picture in enriched.pictures:
        if picture.text:
            text = f"{text} {picture.text}"[:2_000]
    signs = "@" in text or "#" in text or "＠" in text
    if (signs or "/" in text) and ("//" in text or "www." in text or "pic." in text):
        text = LINKS.sub(" ", text)
    if signs:
        text = _TAG.sub(lambda tag: " " if _tag(tag[1]) in own else _split(tag[1]), text)
    text, day = dated(text)
    found = [day] if day else []
    spelt: set[str] = set()
    names: set[str] = set()
    for entity in enriched.entities:
        if entity.kind not in _ADDRESSED and not own.issuperset(name := _words(entity.text)):
            if entity.lat is None or entity.lon is None:
                found.append(f"{entity.kind} {entity.id}")
            else:
                found.append(town(entity.id, entity.lat, entity.lon))
            if _SIGNS.search(entity.text):  # its signs would count beside it
                text = text.replace(entity.text, " ")
            elif len(name) == 1:
                spelt.update(name)
            else:
                names.update(name)
    text = text.casefold().replace("i̇", "i")  # what becomes of the Turkish İ
    if "ا" in text or "و" in text:
        text = _ARABIC_NUMBER.sub(_plain, text)
    words = [
        _uninflected(word) if _CYRILLIC_BEGINS <= word < _CYRILLIC_ENDS and word not in names else word
        for word in _said(text)
        if (len(word) > 2 or _tells(word)) and word not in spelt
    ]
    found += [word for word in words if word not in own]
    return tuple(dict.fromkeys(found))[:MOST_TERMS]


def _plain(number: re.Match[str]) -> str:
    """In our digits, without a particle before it."""
    return f" {_our_digits(number[1])} "


def besides(said: tuple[str, ...], quoted: str, names: Collection[str] | None = None) -> tuple[str, ...]:
    """What a post is known by without a text that stands in it, where it says as much of its own; else all of it. With
    the ids of the `names` in that text it is what the post says and names of its own, however little that is.
    """
    written = _said(quoted.casefold())
    theirs = {*written, *map(_uninflected, written)}
    words = [term for term in said if " " not in term]
    own = tuple(word for word in words if word not in theirs)
    if names is not None:
        return (*(term for term in said if " " in term and name_of(term) not in names), *own)
    return own if 2 * len(own) >= len(words) else said


def without(said: tuple[str, ...], line: str, text: str) -> tuple[str, ...]:
    """What a post is known by besides a line of it, in the form in which copies are compared."""
    standing, rest = line.replace(" ", ""), copied_text(text).replace(line, " ").replace(" ", "")
    spelt = [(term, copied_text(term).replace(" ", "")) for term in said]
    return tuple(term for term, form in spelt if " " in term or form in rest or form not in standing)


def _said(text: str) -> list[str]:
    """As `_WORD.findall`, which most of what stands between blanks needs not be asked."""
    words: list[str] = []
    for written in text.split():
        if written.isalnum() and (written.isascii() or _in_letters(written)):
            words.append(written)
        else:
            for word in _WORD.findall(written):
                if _SIGNS.search(word):
                    words += _runs(word)
                elif word[0].isdecimal():
                    words.append(_whole(word) if _MARKS.search(word) else _our_digits(word))
                else:
                    words.append(word)
    return words


@lru_cache(maxsize=16_384)
def _uninflected(word: str) -> str:
    """A word in Cyrillic letters without its ending: "каменного", "каменный" → "каменн"; any other as it is."""
    found = _INFLECTED.fullmatch(word)
    return found[1] if found is not None else word


def _in_letters(written: str) -> bool:
    return written[0] < _FIRST_UNSPACED and written[-1] < _FIRST_UNSPACED and not written.isdecimal()


def _runs(word: str) -> list[str]:
    """What a word, or a clause, in signs is known by; the numbers in it."""
    runs = [_our_digits(number) for number in _DIGITS.findall(word)]
    for part in _SIGNS.findall(word):
        if part[0] > _LAST_LETTER:
            runs += [part[at : at + _RUN] for at in range(len(part) - _RUN + 1)]
        else:
            every = (part[at : at + _LETTERS_RUN] for at in range(len(part) - _LETTERS_RUN + 1))
            runs += [one for one in every if crc32(one.encode()) % _ONE_OF == 0]
    return runs


def _whole(written: str) -> str:
    """One spelling of a number that has marks in it: "6,1" → "6.1", "12,000" → "12000"."""
    whole, *rest = _MARKS.split(_our_digits(written))
    return f"{whole}.{rest[0]}" if len(rest[-1]) < 3 else "".join((whole, *rest))


def _our_digits(written: str) -> str:
    return written if written.isascii() else "".join(str(int(sign)) if sign.isdecimal() else sign for sign in written)


@lru_cache(maxsize=4_096)  # names come up again and again
def _words(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(name.casefold()))


def _tells(word: str) -> bool:
    """Whether two characters are worth telling of: two digits, or two signs."""
    return len(word) == 2 and (word.isdigit() or word[0] > _LAST_LETTER)


@lru_cache(maxsize=4_096)  # and so do hashtags
def _split(tag: str) -> str:
    """The words that a hashtag or a mention is made of: "MayorOfVelgrad" → " Mayor Of Velgrad "."""
    return f" {' '.join(_JOINT.split(tag))} "


@lru_cache(maxsize=4_096)
def _tag(tag: str) -> str:
    """A hashtag in one spelling, which no word has: "SaveVelgrad", "save_velgrad" → "#savevelgrad"."""
    return f"#{''.join(words(fold(tag)))}"


def named(enriched: Enriched, own: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Ids of the places and events that a post names, each once, at most eight; with a watch's `own` words given,
    without what it is itself about.
    """
    names = [
        entity.id
        for entity in enriched.entities
        if entity.kind in {"place", "event"} and not (own and own.issuperset(_words(entity.text)))
    ]
    return tuple(dict.fromkeys(names))[:_MOST_NAMED] if names else ()


def subjects(watch: Watch) -> dict[str, str]:
    """What a watch is about: each hashtag, keyword and phrase, folded and without blanks as in `Stance.disowns`, and as
    it is written.
    """
    asked = (*watch.phrases, *watch.any_of, *watch.all_of, *watch.hashtags)
    return {"".join(words(fold(each))): each for each in asked}


def own_terms(watch: Watch) -> frozenset[str]:
    """What ties no post of a watch to another: what all of them have in common, and words that tell nothing. A hashtag
    that the watch asks for is there whole, too, for a post may part it into words: "#SaveVelgrad". Each as it is
    written, and without its ending.
    """
    asked = (*watch.hashtags, *watch.all_of, *watch.any_of, *watch.phrases, watch.name)
    said = (part for words in asked for part in _WORD.findall(words.casefold()))
    words = STOPWORDS.union(said, map(_tag, watch.hashtags))
    return words.union(map(_uninflected, words))
