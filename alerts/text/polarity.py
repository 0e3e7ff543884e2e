"""Whether one text denies what another says: polarity compares, it forbids nothing.

"The bridge has not fallen" says the opposite of "the bridge has fallen", in almost the same words. What a text negates
is the word behind a negation ("no bus", "nobody was hurt") and, of a negated verb, all of its clause. Two texts are
opposed where one plainly says a word that the other negates, or where most of what they have in common stands in
negated clauses of one of them only. "Police did not warn anybody" and "no warning came" agree.

A guess from closed classes of words, which languages have few of; it errs towards opposing, as what denies a claim must
never count for it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from alerts.text.words import LINKS, STOPWORDS
from secondsource.contracts.folding import fold, words
from secondsource.contracts.retweet_prefix import without_rt

_READ = 300  # characters of a text: about as many as are kept of a claim
_FEW = 2  # words in common under which clauses are not compared word by word
_CLAUSE = (7, 6)  # words before and after a negation that are of its clause, as far as that goes
_REACH = 4  # words behind a negation in which the first that tells anything is negated

# Folded, as `words(fold(…))` gives them: "isn't" is "isn t".
#: Negate the verb of a clause, and so the clause.
_VERBAL_WORDS = """
not never cannot dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt wont cant couldnt pas jamais guere
nunca jamas tampoco nao nicht nie niemals niet non не ні لم لن ليس ليست ليسوا مش مو نيست نشد نشده نبود نكرد degil
degildir degildi nije nem inte ikke ei
"""
#: Before "t" ("isn't").
_BEFORE_T_WORDS = """
isn aren wasn weren ain don doesn didn won can couldn wouldn shouldn hasn haven hadn mustn needn
"""
#: Negate what they stand before, or who does something, and nothing else of the clause.
_OTHERS_WORDS = """
no none nobody nothing neither nor without aucun aucune rien personne ni ningun ninguna ninguno nadie nada sin sem
nenhum nenhuma ninguem kein keine keinen keinem keiner niemand нет ни никто никогда никакой никакая никакого никаких
никакие ничего нема немає ніхто без لا غير بدون بلا دون هيچ مافيش مفيش مافي ماكو
"""
#: Stand behind what they negate, as all Turkish ones do.
_BEHIND_WORDS = """
degil degildir degildi yok yoktu olmadi olmamis yasanmadi نيست نشد نشده نبود نكرد
"""
_SUFFIXED = re.compile("^(\\w{2,})(?:ma(?:di|mis|yacak)|me(?:di|mis|yecek)|m[iu]yor)(?:lar|ler|k|m|n)?$")
_UNSUFFIXED = re.compile(r"(?<!\w)[A-ZÇĞİÖŞÜ]\w+m[ae]di(?!\w)")  # a name: "Ahmadi"
#: Not what is negated, but in front of it.
_LIGHT_WORDS = """
been being have has had was were are the yet ever even really actually any anyone anybody una une ete encore sido
han has fue fueron hubo habia esta estan ning ningun ninguna было был была были бы wurde wird ist sind eine einen
يكن تكن يتم تم اي هناك يوجد توجد bir hic
"""
#: A negation of these is of what somebody knows or says, or none at all ("not only", "can't believe").
_OF_NO_MATTER_WORDS = """
only just know knows known knew sure clear certain confirmed verified comment commented respond responded
reply said say saying believe imagine forget understand wait stop again alone immediately independently
surprised enough care doubt idea words word wonder matter seen see longer least sait sais savons clair
seulement croire crois oublier tenu resiste resistio resistieron aguanto soporto comprends sabe saben sabemos
claro solo solamente olvidar creer entiendo respondio comento только просто знает знаю знаем известно ясно
понятно забыть верится прокомментировал ответил يعرف نعرف اعرف يعلم معروف واضح فقط شك يصدق اصدق выдержал
выдержала выдержало выдержали устоял устояла устояло يصمد تصمد يتحمل تتحمل nur bekannt klar weiss sicher
sadece biliyor bilinmiyor bilmiyor dayanamadi dayanmadi
"""
#: "What", not "not": ما before these, or behind those.
_WHAT_WORDS = """
زال زالت زالوا زلنا دام دامت حدث حصل جري وقع كان كانت هو هي هذا هذه لا لم لن من علي عن الي ان اذا بين بعد قبل عدا سبق
ورد تردد ادي اثار دفع جعل بقي قال قالت قاله قالته نعرفه
"""
_BEFORE_WHAT_WORDS = """
كل هذا هذه ذلك هناك بعد قبل حسب بحسب وفق رغم مع عن من علي في الي قدر اول اهم مثل هو هي شاهد شاهدوا اكد قال نفي عند
"""
#: Stand before a word in one of the cases that "не было" leaves alone.
_RUSSIAN_PREPOSITIONS_WORDS = """
в во на у по от до из за с со к ко при после без для около под над об о перед из-за
"""
#: How Spanish tells several people not to do something.
_SPANISH_BIDDEN_WORDS = """
acerquen acerque acerques salgan vayan pasen circulen compartan difundan crean entren muevan usen viajen
"""
#: Of languages in which "no" negates the verb.
_SPANISH_WORDS = """
el la los las se ha han una que del es por con al y en su fue hay lo le
"""

_VERBAL = frozenset(_VERBAL_WORDS.split())
_BEFORE_T = frozenset(_BEFORE_T_WORDS.split())
_OTHERS = frozenset(_OTHERS_WORDS.split())
_BEHIND = frozenset(_BEHIND_WORDS.split())
_LIGHT = frozenset(_LIGHT_WORDS.split())
_OF_NO_MATTER = frozenset(_OF_NO_MATTER_WORDS.split())
_SPANISH = frozenset(_SPANISH_WORDS.split())
_SPANISH_BIDDEN = frozenset(_SPANISH_BIDDEN_WORDS.split())
_WHAT, _BEFORE_WHAT = frozenset(_WHAT_WORDS.split()), frozenset(_BEFORE_WHAT_WORDS.split())
_RUSSIAN_PREPOSITIONS = frozenset(_RUSSIAN_PREPOSITIONS_WORDS.split())
_WAS = frozenset({"было", "будет"})
_EGYPTIAN = re.compile("^ما?(\\w{3,})ش$")  # "ماسقطش"
_NOT_EGYPTIAN = frozenset({"مدهش", "منعش", "متوحش", "مناقش", "مشوش", "مفتش", "مهمش", "منتعش", "مغشوش", "مرعش"})

_APART = re.compile(r"[.,،、:;؛!?؟。…\n()\[\]\"“”„«»]+|\s[-–—]+\s")
_MENTION = re.compile(r"@[\w.@-]+")
_ENGLISH_ENDING = re.compile("(?<=[a-z]{3})(?:ings?|ed|es|s|e)$")
_KEY = 5  # first letters by which forms of one word are known
_SPOKEN_TO = frozenset({"please", "do", "don", "dont", "and", "just", "but", "so"})


class Polarity(NamedTuple):
    """Words by their first letters. `negated`: those behind a negation; `denied`: those, and of negated verbs all of
    the clause. `opens`: whether its first clause that says anything is negated.
    """

    words: frozenset[str]
    negated: frozenset[str]
    denied: frozenset[str]
    opens: bool


def opposed(text: str, claim: str, own: frozenset[str] = frozenset(), *, in_words: bool = True) -> bool:
    """Whether one negates what the other says. `own`: words that all posts of the watch have. `in_words`: whether it is
    their words that tie them; then two that share hardly any, as of two languages, are compared by their first clauses.
    """
    one, other = polarity(text), polarity(claim)
    if not (one.denied or other.denied):
        return False
    if (one.negated & other.words) - other.denied or (other.negated & one.words) - one.denied:
        return True
    common = (one.words & other.words) - _keys(own)
    if len(common) < _FEW:
        return in_words and one.opens != other.opens
    return 2 * len(common & (one.denied ^ other.denied)) >= len(common)


@lru_cache(maxsize=2_048)  # a claim is compared with all that come after it
def polarity(text: str) -> Polarity:
    text = _MENTION.sub(" ", LINKS.sub(" ", without_rt(text[:_READ])))
    every: set[str] = set()
    negated: set[str] = set()
    denied: set[str] = set()
    opens: bool | None = None
    named = _UNSUFFIXED.search(text) is not None
    for part in _APART.split(text):
        said = words(fold(part))
        telling = {_key(word) for word in said if _tells(word)}
        every |= telling
        of, around = _negated(said, suffixes=not named)
        negated |= of
        denied |= of | around
        if opens is None and len(telling) > 1:
            opens = bool(around)
    return Polarity(frozenset(every), frozenset(negated), frozenset(denied), bool(opens))


def _negated(said: list[str], *, suffixes: bool) -> tuple[set[str], set[str]]:
    """The words that a clause negates, and those around a verb that it negates."""
    of: set[str] = set()
    around: set[str] = set()
    for place, word in enumerate(said):
        stem = _SUFFIXED.match(word) if suffixes and word not in _OF_NO_MATTER else None
        bare = _bare_arabic(said, place) if word[0] == "م" else ""
        if stem is not None or bare:
            of.add(_key(bare or word))
            around |= _around(said, place)
        if word in {"personne", "rien"} and not {"n", "ne"}.isdisjoint(said[max(0, place - 4) : place - 1]):
            of.update(_key(before) for before in said[place - 1 : place] if _tells(before))
            around |= _around(said, place)
        if word in _BEHIND:
            of.update(_key(before) for before in said[max(0, place - 1) : place] if _tells(before))
            if word in _VERBAL:
                around |= _around(said, place)
        elif word in _VERBAL or word in _OTHERS or (word == "t" and place and said[place - 1] in _BEFORE_T):
            follows = [
                after for after in said[place + 1 : place + 1 + _REACH] if after in _OF_NO_MATTER or _is_negated(after)
            ]
            if not follows and word == "не" and said[place + 1 : place + 2] and said[place + 1] in _WAS:
                of.update(_missing(said[:place]))
                continue
            if not follows or follows[0] in _OF_NO_MATTER or _bids(said, place):  # none: "a not…" was a note
                continue
            if word == "pas" and place and said[place - 1] in _OF_NO_MATTER:  # "on ne sait pas pourquoi"
                continue
            of.add(_key(follows[0]))
            if word not in _OTHERS or (word == "no" and not _SPANISH.isdisjoint(said)):
                around |= _around(said, place)
    return of, around


def _missing(before: list[str]) -> list[str]:
    """What "не было" says was not there: the first word without a preposition."""
    alone = (
        word
        for previous, word in zip(["", *before], before, strict=False)
        if _tells(word) and word not in _RUSSIAN_PREPOSITIONS and previous not in _RUSSIAN_PREPOSITIONS
    )
    return [_key(word) for word in alone][:1]


def _bare_arabic(said: list[str], place: int) -> str:
    """What ما negates there: "ما انهار", "ماسقطش", "ما سقطش", "ما في انفجار"; "" where it is "what"."""
    word, after = said[place], said[place + 1 : place + 3]
    if word != "ما":
        joined = _EGYPTIAN.match(word)
        whole = joined is not None and word not in _NOT_EGYPTIAN and (word.startswith("ما") or len(word) > 5)
        return joined[1] if joined is not None and whole else ""
    if after[:1] == ["في"]:
        return after[1] if len(after) > 1 and not after[1].startswith("ال") and _tells(after[1]) else ""
    if not after or after[0] in _WHAT or (place and said[place - 1] in _BEFORE_WHAT):
        return ""
    if after[0].endswith("ش") and len(after[0]) > 3:
        return after[0][:-1]
    return after[0] if _tells(after[0]) and after[0][0] not in "يتن" and not after[0].startswith("ال") else ""


def _around(said: list[str], place: int) -> set[str]:
    """The words of a clause whose verb is negated: not of all that somebody writes without a full stop."""
    before, after = _CLAUSE
    return {_key(word) for word in said[max(0, place - before) : place + after + 1] if _tells(word)}


def _bids(said: list[str], place: int) -> bool:
    """Whether it tells others not to do something: "do not go near the bridge"."""
    word, before, after = said[place], said[:place], said[place + 1 : place + 2]
    if word in {"not", "t", "dont"}:
        return bool(before or word == "dont") and _SPOKEN_TO.issuperset(before)
    if word in {"pas", "jamais"}:
        return bool(before) and before[0] in {"n", "ne"}
    if word == "no" and not _SPANISH_BIDDEN.isdisjoint(said[place + 1 : place + 3]):
        return _SPOKEN_TO.issuperset(before) or set(before) <= {"por", "favor"}
    if not after or before:
        return False
    if word in {"не", "ні"}:
        return after[0].endswith(("йте", "ите", "йтесь", "итесь"))
    return word == "لا" and after[0].startswith("ت")


def _is_negated(word: str) -> bool:
    return _tells(word) and word not in _LIGHT


def _tells(word: str) -> bool:
    return len(word) > 2 and word not in STOPWORDS and word not in _VERBAL and word not in _OTHERS


@lru_cache(maxsize=64)  # a watch's own words are hundreds, and the same each time
def _keys(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_key, words))


@lru_cache(maxsize=8_192)
def _key(word: str) -> str:
    return _ENGLISH_ENDING.sub("", word)[:_KEY]
