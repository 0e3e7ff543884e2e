"""What denies a claim by negating it is no second origin of it, whatever ties the two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.judging.stage import AlertsStage
from alerts.stories.book import StoryBook
from alerts.text.polarity import opposed
from secondsource.contracts.messages import Enriched
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import CLAIM, at, final_stories, history, ordered, post, records, updates, watch
from tests.fakes.archive import MemoryArchive

OWN = frozenset({"velgrad"})
FELL = "The old stone bridge of Velgrad has collapsed this morning with a yellow bus on it"


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("The old stone bridge of Velgrad has NOT collapsed this morning with a yellow bus on it", FELL),
        ("No, the stone bridge of Velgrad has not collapsed and the yellow bus is at the depot", FELL),
        ("I was on the stone bridge in Velgrad. It stands. No yellow bus", FELL),
        ("The stone bridge of Velgrad has not fallen", FELL),
        ("stone bridge didn't collapse", FELL),
        ("Le pont de pierre de Velgrad ne s'est pas effondré, le bus jaune roule", FELL),
        ("Mayor: I have not resigned", "The mayor of Velgrad has resigned"),
        ("The hospital says it was not hit", "Hospital hit by a rocket in Velgrad"),
        ("Nobody was killed in the fire", "Twelve killed in a fire at the mill"),
        ("Le maire n'a pas démissionné", "Le maire de Velgrad a démissionné hier"),
        ("El alcalde no ha dimitido", "El alcalde de Velgrad ha dimitido"),
        ("Мэр Велграда не подал в отставку", "Мэр Велграда подал в отставку"),
        ("لم ينهار الجسر القديم", "انهار الجسر القديم في فلغراد"),
        ("Velgrad köprüsü yıkılmadı", "Velgrad köprüsü yıkıldı"),
        ("Vali: patlama olmadı", "Velgrad'da patlama, üç yaralı"),
        ("Die Brücke ist nicht eingestürzt", "Die Brücke in Velgrad ist eingestürzt"),
        ("الجسر القديم في فلغراد ما وقف عن العمل وما سقط", "سقط الجسر القديم في فلغراد"),
        ("الكوبري القديم ماوقعش يا جماعة", "الكوبري القديم وقع في فلغراد"),
        ("مفيش حريق في مصنع فلغراد", "حريق في مصنع فلغراد"),
        ("ما في حريق بمصنع فلغراد", "حريق في مصنع فلغراد"),
        ("لا يوجد حريق في مصنع فلغراد", "حريق في مصنع فلغراد"),
        ("Пожара на мельнице Велграда не было", "Пожар на мельнице Велграда"),
        ("На мельнице в Велграде пожара не было и не будет", "Крупный пожар на мельнице в Велграде"),
        ("Police warned residents before the flood", "Police did not warn residents before the flood in Velgrad"),
    ],
)
def test_who_negates_what_the_other_says_is_opposed_to_it(text: str, claim: str) -> None:
    assert opposed(text, claim, OWN)
    assert opposed(claim, text, OWN)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Can't believe the stone bridge of Velgrad has collapsed with a bus on it", FELL),
        ("I don't know what happened but the old stone bridge collapsed", FELL),
        ("Do not go near the stone bridge of Velgrad, it has collapsed", FELL),
        ("Don't go near the stone bridge", FELL),
        ("No entren al molino de Velgrad, se incendia", "Se incendia el molino de Velgrad"),
        ("On ne sait pas pourquoi le moulin de Velgrad brûle", "Le moulin de Velgrad brûle"),
        ("Le maire n'a averti personne avant la crue", "Le maire n'avait pas averti les habitants avant la crue"),
        ("Дамба у Велграда не выдержала, вода прорвала дамбу", "Вода прорвала дамбу у Велграда"),
        ("После пожара света на мельнице не было", "Пожар на мельнице Велграда после грозы"),
        ("Velgrad barajı neden yıkıldı bilinmiyor", "Velgrad barajı yıkıldı"),
        ("Velgrad barajı dayanamadı, yıkıldı", "Velgrad barajı yıkıldı"),
        ("سقط سد فلغراد وما زالت فرق الإنقاذ تبحث", "سقط سد فلغراد"),
        ("كل ما سقط من سد فلغراد في الوادي", "سقط سد فلغراد في الوادي"),
        ("سد فلغراد لم يصمد وسقط", "سقط سد فلغراد"),
        ("لا يوجد ماء في فلغراد", "فلغراد بلا ماء"),
        ("RT do not go near the stone bridge of Velgrad, it has collapsed", FELL),
        ("No survivors as the stone bridge of Velgrad collapses with a yellow bus", FELL),
        ("Not only the stone bridge of Velgrad collapsed, the mill too", FELL),
        ("The stone bridge of Velgrad collapsed, the mayor has not commented", FELL),
        ("The stone bridge of Velgrad collapsed. Firefighters could not reach the bus", FELL),
        ("Police never warned residents of the flood", "Police did not warn residents before the flood in Velgrad"),
        ("Нет света в Велграде со вчерашнего дня", "Нет света в Велграде"),
        ("N'allez pas au pont de pierre, il s'est effondré", "Le pont de pierre s'est effondré"),
        ("Не ходите к мосту, мост рухнул", "Мост в Велграде рухнул"),
        ("Ahmadi says the bridge collapsed", "The bridge collapsed"),
    ],
)
def test_negations_of_something_else_oppose_nothing(text: str, claim: str) -> None:
    assert not opposed(text, claim, OWN)
    assert not opposed(claim, text, OWN)


@given(text=st.text(max_size=400), claim=st.text(max_size=300))
def test_any_texts_are_compared_alike_both_ways(text: str, claim: str) -> None:
    assert opposed(text, claim) == opposed(claim, text)
    assert not opposed(text, text)


EVENTS = [
    ("The old stone bridge of Velgrad {} collapsed this morning with a yellow bus on it", "has", "has not"),
    ("The grain mill at the harbour of Velgrad {} exploded while forty workers were inside", "has", "hasn't"),
    ("Soldiers from the northern camp {} entered the hospital of Velgrad during the night", "have", "have never"),
    ("Le vieux pont de pierre de Velgrad {} effondré ce matin avec un bus jaune", "s'est", "ne s'est pas"),
    ("El viejo puente de piedra de Velgrad {} caído esta mañana con un autobús amarillo", "ha", "no ha"),
    ("Старый каменный мост в Велграде Velgrad {} рухнул сегодня утром вместе с автобусом", "уже", "не"),
    ("الجسر الحجري القديم في فلغراد Velgrad {} انهار هذا الصباح مع حافلة صفراء", "قد", "لم"),
    ("Velgrad'daki eski taş köprü bu sabah sarı otobüsle birlikte {} görüldü", "yıkıldı", "yıkılmadı"),
]


def book_of(*sent: Enriched) -> StoryBook:
    book = StoryBook(watch())
    for one in sent:
        book.take(one, one.post.observed_at.timestamp())
    return book


@given(
    event=st.sampled_from(EVENTS),
    negated_first=st.booleans(),
    before=st.sampled_from(["", "Look: ", "RT @ana: ", "🔥 "]),
    behind=st.sampled_from(["", " #Velgrad", " http://velgrad.example/9", "!!"]),
    link=st.booleans(),
)
@settings(deadline=None)
def test_a_copy_with_a_negation_put_in_is_no_origin(
    event: tuple[str, str, str], negated_first: bool, before: str, behind: str, link: bool
) -> None:
    words, plainly, negated = event
    first, second = (negated, plainly) if negated_first else (plainly, negated)
    links = ("https://gazette.example/1",) if link else ()
    book = book_of(
        post(1, 0, words.format(first), by="ana", links=links),
        post(2, 60, before + words.format(second) + behind, by="ben", links=links),
    )
    found = [book.find(post(number, 0).post.uid) for number in (1, 2)]
    assert all(story is not None and len(story.asserted) == 1 for story in found)
    if found[0] is found[1]:
        assert found[0] is not None
        assert [note.stance for note in found[0].notes.values()] == ["asserts", "comments"]


def test_a_negated_copy_joins_the_story_and_asserts_nothing() -> None:
    stage = AlertsStage({"velgrad": watch(thresholds=Thresholds(min_interactions=2))}, MemoryArchive())
    sent = [post(1, 0), post(2, 60, CLAIM.replace("has fallen", "has NOT fallen"), by="ben"), post(3, 90, by="cleo")]
    outs = stage.handle(records(ordered([*history(1_000, -600, 12), *sent])))
    (story,) = [one for one in final_stories(outs).values() if one.opened_at >= at(0)]
    told = {member.uid: member.stance for one in updates(outs) for member in one.members}
    assert (told["x:1"], told["x:2"], story.independent) == ("asserts", "comments", 1)
