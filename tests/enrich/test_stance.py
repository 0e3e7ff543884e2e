"""What posts deny, ask, assert or merely comment on, in the cues' languages: no denial is ever an assertion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.annotators.stance import StanceAnnotator
from enrich.stance.cues import STOP
from enrich.stance.model import StanceModel, Weights
from secondsource.contracts.credits import Credits
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.folding import fold
from secondsource.contracts.messages import Account, MediaRef, Review, Stance
from tests.enrich.makers import HOSTILE, SCRIPTS, cues, post


@pytest.fixture(scope="module")
def annotator() -> StanceAnnotator:
    return StanceAnnotator(cues())


def stance(annotator: StanceAnnotator, text: str, **fields: Any) -> Stance:
    return annotator.annotate([post(text, **fields)], {})[0]


@pytest.mark.parametrize(
    "text",
    [
        "Old photo! Please stop",
        "This picture is not from Velgrad",
        "The #Velgrad pic is from 2014, people",
        "FACT CHECK: the bridge stands",
        "fact-check: the bridge stands",
        "There is no evidence that it fell",
        "That isn't true.",
        "That isn’t true.",
        "This has been debunked",
        "Misleading. The bridge in the video is another one, far from Velgrad",
        "Police deny that the bridge fell",
        "Wrong RT @ana: the bridge fell",
        "Hoax RT “@ana: the bridge fell”",
        "The picture of the bridge was a fake",
        "RT @ana: this is an old picture of another town",
        "C'est une vieille photo, rien à voir avec Velgrad",
        "La foto es de 2012, no es de Velgrad",
        "الصورة قديمة وليست من فلغراد",
        "لا صِحّة لهذا الخبر",
    ],
)
def test_denials(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "denies"


@pytest.mark.parametrize(
    "text",
    [
        "This is not Velgrad",
        "This isn't #Velgrad #Help, it's Pereval",
        "NOT VELGRAD!!!",
        "I know that street: Pereval, not Velgrad. Share this",
        "Not Velgrad, only Pereval",
        "Th1s? No: thіs іs nоt Velgrad",
        "Ce n'est pas Velgrad mais Pereval",
        "C’est Pereval, pas Velgrad",
        "PAS VELGRAD !",
        "Ces images ne sont pas de Pereval et pas d'ici, ce n’est pas Velgrad",
        "Cette photo n'est pas d’Velgrad",
        "Es Pereval, no Velgrad",
        "Esto no es Velgrad, es Pereval",
        "Это не Velgrad, это Перевал",
        "وهذه ليست Velgrad بل مدينة أخرى",
        "Burası Velgrad değil",
        "Velgrad değil, sadece bir film",
        "Bu fotoğraf Velgrad'dan değil",
    ],
)
def test_what_a_post_says_that_this_is_not(annotator: StanceAnnotator, text: str) -> None:
    assert "velgrad" in stance(annotator, text).disowns


@pytest.mark.parametrize(
    "text",
    [
        "This is Velgrad",
        "I am not leaving Velgrad",
        "We must not forget Velgrad",
        "The mayor is not in Velgrad today",
        "There is no water, not even Velgrad has any",
        "This is not only Velgrad",
        "This is not Velgrad's fault",
        "Not a single bus left Velgrad",
        "Ne pas oublier Velgrad",
        "Pereval? No, es Velgrad",
        "Pereval it is not, Velgrad it is",
        "Я не в Velgrad",
        "Not Velgrad alone, the whole valley burns",
        "Oh no, not Velgrad again",
        "They did not Velgrad",
        "Why not Velgrad",
        "I'm not Velgrad based",
        "N'oublions pas Velgrad",
        "Le monde ne voit pas Velgrad mourir",
        "Pas Velgrad seulement",
        "No es Velgrad solamente",
        "Если не Velgrad, то что",
        "Sadece Velgrad değil Pereval da yanıyor",
        "Velgrad değil mi burası",
        "ليست Velgrad وحدها تحت القصف",
        "ليس في Velgrad كهرباء",
    ],
)
def test_what_a_post_does_not_say_that_this_is_not(annotator: StanceAnnotator, text: str) -> None:
    found = stance(annotator, text)
    assert (found.label, "velgrad" in found.disowns) == ("asserts", False)


@pytest.mark.parametrize(
    "text",
    [
        "Is this real?",
        "Is this an old photo of Velgrad?",
        "Can anyone confirm the bridge fell in Velgrad",
        "really???",
        "?",
        "هل هذا صحيح؟",
        "source? #velgrad http://velgrad.example/1",
        "What is happening in Velgrad?",
        "¿Alguien puede confirmar?",
    ],
)
def test_questions(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "asks"


@pytest.mark.parametrize(
    "text",
    [
        "The bridge in Velgrad fell this morning",
        "This is not an old photo, it is Velgrad today",
        "Never debunked: the bridge fell",
        "The old photographs hang in Velgrad's museum",
        "This is from 2016, I was there",
        "Where is the world? Velgrad is burning. Share it",
        "Fakenham is far from Velgrad",
    ],
)
def test_assertions(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "asserts"


@pytest.mark.parametrize("text", ["so sad", "😭😭", "@ana @ben thank you", "", "wow http://velgrad.example/1"])
def test_short_replies_comment(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text, reply_to="x:9").label == "comments"


def test_a_reply_that_shows_or_names_its_source_asserts(annotator: StanceAnnotator) -> None:
    picture = (MediaRef(url="http://pictures.example/a.jpg"),)
    assert stance(annotator, "so sad", reply_to="x:9", media=picture).label == "asserts"
    assert stance(annotator, "@ana https://pictures.example/a", reply_to="x:9", media=picture).label == "comments"
    assert stance(annotator, "I saw it fall", reply_to="x:9") == Stance(label="asserts", cue="i saw")


def test_a_picture_without_words_asserts_and_nothing_at_all_comments(annotator: StanceAnnotator) -> None:
    assert stance(annotator, "", media=(MediaRef(url="http://pictures.example/a.jpg"),)).label == "asserts"
    assert stance(annotator, "").label == "comments"


def test_a_repost_takes_the_stance_of_the_words_it_carries(annotator: StanceAnnotator) -> None:
    for text, label in (
        ("Old photo, not Velgrad", "denies"),
        ("The bridge fell", "asserts"),
        ("Is this real?", "asks"),
    ):
        assert stance(annotator, text, repost_of="x:9", reply_to="x:8").label == label


def test_the_cue_says_what_told(annotator: StanceAnnotator) -> None:
    assert stance(annotator, "This photo is from 2011!").cue == "is from 2011"


@pytest.mark.parametrize(
    "bad", [{"en": {"doubts": ("hm",)}}, {"en": {"denies": ("?!",)}}, {"en": {"asks": ("{year}",)}}]
)
def test_lists_and_cues_that_cannot_work_are_refused(bad: dict[str, dict[str, tuple[str, ...]]]) -> None:
    with pytest.raises(BadConfiguration, match=r"cues\.en\."):
        StanceAnnotator(bad)


def test_without_cues_all_is_assertion_or_question() -> None:
    bare = StanceAnnotator({})
    assert stance(bare, "Old photo").label == "asserts"
    assert stance(bare, "really?").label == "asks"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("?" + "! " * 2_400 + "end", "asserts"),
        ("?" + "#a" * 2_400 + "?a", "asserts"),
        ("one two three four five six seven " + "!" * 4_800 + "a?", "asks"),
    ],
)
def test_texts_made_to_be_slow_to_read_are_read_once(text: str, label: str) -> None:
    assert StanceAnnotator({}).annotate([post(text)], {})[0].label == label


@pytest.mark.parametrize(
    ("scores", "label", "cue"),
    [
        ((0.0,), "denies", "rated 0.0"),
        ((0.39,), "denies", "rated 0.39"),
        ((None,), "denies", "rated None"),
        ((0.4,), "comments", "rated 0.4"),
        ((0.79,), "comments", "rated 0.79"),
        ((0.8,), "asserts", "rated 0.8"),
        ((1.0, 0.9), "asserts", "rated 0.9"),
        ((1.0, 0.5), "comments", "rated 0.5"),
        ((1.0, 0.5, None), "denies", "rated None"),
    ],
)
def test_a_post_with_reviews_takes_the_stance_of_their_ratings(
    annotator: StanceAnnotator, scores: tuple[float | None, ...], label: str, cue: str
) -> None:
    reviews = tuple(
        Review(
            claim="The bridge fell",
            publisher="Checks",
            url="https://checks.example/1",
            rating=f"rated {score}",
            score=score,
        )
        for score in scores
    )
    assert stance(annotator, "Is this an old photo of Velgrad?", reviews=reviews) == Stance(label=label, cue=cue)  # type: ignore[arg-type] # a label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Это старое фото, не Велград", "denies"),
        ("Минобороны опровергло обрушение моста", "denies"),
        ("Eski bir fotoğraf, Velgrad ile ilgisi yok", "denies"),
        ("Bu haber doğru değil", "denies"),
        ("Fotoğraf eski değil, bugün çekildi", "asserts"),
        ("هذه الصورة تعود إلى عام 2011", "denies"),
        ("وكاذبة هذه الأخبار", "denies"),
        ("لا أساس لهذا الخبر", "denies"),
        ("هاي الصورة مو من فلغراد", "denies"),
        ("Bu haber yalan", "denies"),
        ("Bu görüntüler Velgrad'a ait değil", "denies"),
        ("ليس هناك أي دليل على سقوط الجسر", "denies"),
        ("Cette image date de 2013", "denies"),
        ("Esto no es cierto, el puente sigue en pie", "denies"),
        ("Кто-нибудь может подтвердить", "asks"),
        ("Bu gerçek mi", "asks"),
        ("Quelqu'un peut confirmer la chute du pont", "asks"),
        ("هل من مصدر", "asks"),
        ("Alguna fuente de esto", "asks"),
    ],
)
def test_six_languages(annotator: StanceAnnotator, text: str, label: str) -> None:
    assert stance(annotator, text).label == label


@pytest.mark.parametrize(
    "text",
    [
        "Este video no tiene nada que ver con Velgrad",
        "No existe ninguna prueba de que cayera el puente",
        "Не имеет ничего общего с Велградом",
        "Нет никаких доказательств",
        "Вчера в Велграде не было никакого обстрела",
        "Je ne vois aucune preuve de cela",
    ],
)
def test_two_negations_are_one_where_the_language_wants_both(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "denies"


@pytest.mark.parametrize(
    "text",
    [
        "Сообщается о трёх погибших при обрушении моста",
        "Köprünün çökmesinde üç kişinin öldüğü bildirildi",
        "أفادت تقارير بمقتل ثلاثة أشخاص في انهيار الجسر",
        "Le barrage a cédé, la préfecture n'a pas confirmé le bilan",
        "Se rompió la presa, el gobierno no ha confirmado cuántos faltan",
        "Baraj yıkıldı, Valilik kayıp sayısını doğrulamadı",
        "Плотину прорвало, мэрия не подтвердила число пропавших",
    ],
)
def test_what_is_said_to_have_been_reported_is_said_with_reserve(annotator: StanceAnnotator, text: str) -> None:
    found = stance(annotator, text)
    assert (found.label, found.hedged) == ("asserts", True)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("It is not an old photo", "asserts"),
        ("I don't think this is fake", "asserts"),
        ("No! That is an old photo", "denies"),  # the negation is of another sentence
        ("Never. Debunked hours ago", "denies"),
        ("Is this debunked yet?", "asks"),
    ],
)
def test_a_negation_turns_a_cue_of_its_own_sentence(annotator: StanceAnnotator, text: str, label: str) -> None:
    assert stance(annotator, text).label == label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('They call it "fake" and walk on', Stance(label="comments", cue="fake")),
        (
            'The mayor said: "this is a hoax"',
            Stance(label="denies", cue="is a hoax", attributed_to="The mayor"),
        ),
        ("“The bridge fell” is false", Stance(label="denies", cue="is false")),
        ("“This is fake”", Stance(label="denies", cue="is fake")),
    ],
)
def test_a_denial_between_quotation_marks_asserts_nothing(
    annotator: StanceAnnotator, text: str, expected: Stance
) -> None:
    found = stance(annotator, text)
    assert (found.label, found.cue) == (expected.label, expected.cue)


@pytest.mark.parametrize(
    ("text", "name", "hedged"),
    [
        ("The UN said it had received reports of shelling in Velgrad", "UN", True),
        ("The bridge fell, according to the Velgrad fire brigade", "Velgrad fire brigade", False),
        ("According to Ana Bell the bridge in the old town fell", "Ana Bell", False),
        ("Local police say the bridge fell", "Local police", False),
        ("Selon la mairie, le pont serait tombé", "mairie", True),
        ("Según la policía, el puente cayó", "policía", False),
        ("По данным полиции, мост упал", "полиции", False),
        ("BM'ye göre köprü yıkıldı", "BM", False),
        ("بحسب وكالة فلغراد، سقط الجسر", "وكالة فلغراد", False),
    ],
)
def test_a_report_asserts_on_the_word_of_whom_it_names(
    annotator: StanceAnnotator, text: str, name: str, hedged: bool
) -> None:
    found = stance(annotator, text)
    assert (found.label, found.attributed_to, found.hedged) == ("asserts", name, hedged)


@pytest.mark.parametrize(
    "text",
    [
        "I said the bridge fell",
        "As you said the bridge fell",
        "he says so in Velgrad",
        "Explosion reported near the bridge of Velgrad",
        "Nine drivers reported dead after the bridge fell",
        "Engineers from the United States work on the bridge",
    ],
)
def test_a_pronoun_names_nobody(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).attributed_to == ""


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("wrong, I cross it every day and it stands", "denies"),
        ("Nonsense. The bridge is where it always was", "denies"),
        ("confirmed, my sister works beside the bridge", "asserts"),
        ("my thoughts are with everybody who lives around there tonight", "comments"),
        ("This has been debunked", "denies"),
    ],
)
def test_what_a_reply_says_of_what_it_answers(annotator: StanceAnnotator, text: str, label: str) -> None:
    assert stance(annotator, text, reply_to="x:9").label == label


REBUTTALS = [
    ("en", "no he did not, the bridge stands"),
    ("en", "You got this wrong, it is another bridge"),
    ("fr", "Arrêtez de mentir, le pont est debout"),
    ("es", "No fue así, el puente sigue en pie"),
    ("ar", "هذا لم يحدث، الجسر قائم"),
    ("ru", "Хватит врать, мост стоит"),
    ("tr", "Öyle bir şey olmadı, köprü yerinde"),
]
ASKED = [
    ("en", "is this true?"), ("fr", "c'est vrai?"), ("es", "fuente?"), ("ar", "هل هذا صحيح؟"), ("ru", "правда ли?"),
    ("tr", "doğru mu?"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text"), REBUTTALS)
def test_a_reply_disputes_what_it_answers_in_each_language(
    annotator: StanceAnnotator, language: str, text: str
) -> None:
    assert language in cues()
    assert stance(annotator, text, reply_to="x:9").label == "denies"


@given(
    asked=st.sampled_from(ASKED),
    before=st.sampled_from(["", "@ana ", "Velgrad: ", "#Velgrad "]),
    after=st.sampled_from(["", "?", " #Velgrad", " http://velgrad.example/1"]),
    answers=st.booleans(),
)
def test_a_question_stays_a_question_in_each_language(
    asked: tuple[str, str], before: str, after: str, answers: bool
) -> None:
    assert stance(_PLAIN, f"{before}{asked[1]}{after}", reply_to="x:9" if answers else "").label == "asks"


@pytest.mark.parametrize(
    "text",
    [
        "This is f a k e news",
        "F A K E picture of Velgrad",
        "This picture is f\u0430k\u0435",  # Cyrillic letters
        "Это ф\u0065йк",  # a Latin one
        "This is fa\u200bk\u200de",
        "\u202eekaf si siht\u202c",
        "𝐓𝐡𝐢𝐬 𝐢𝐬 𝐟𝐚𝐤𝐞",
        "Ｔhis is ＦＡＫＥ",
    ],
)
def test_disguised_denials(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "denies"


DENIALS = [
    (language, cue.replace("{year}", "2001").replace("{source}", "The army").replace("*", ""))
    for language, lists in cues().items()
    for cue in lists["denies"]
]


@given(
    cue=st.sampled_from(DENIALS),
    before=st.sampled_from(["", "Velgrad: ", "The bridge fell! ", "🔥 ", "#Velgrad ", "Reuters said ", "BREAKING "]),
    after=st.sampled_from(["", "!", ".", " #Velgrad", " http://velgrad.example/1", " 😭", "\nVelgrad"]),
    fields=st.sampled_from([{}, {"reply_to": "x:9"}, {"quote_of": "x:9"}, {"repost_of": "x:9"}]),
    shown=st.booleans(),
    trained=st.booleans(),
)
def test_a_denial_never_counts_as_assertion(
    cue: tuple[str, str], before: str, after: str, fields: dict[str, str], shown: bool, trained: bool
) -> None:
    media = (MediaRef(url="http://pictures.example/a.jpg"),) if shown else ()
    annotator = _EAGER if trained else _PLAIN
    assert stance(annotator, f"{before}{cue[1]}{after}", media=media, **fields).label != "asserts"


def eager() -> StanceModel:
    """A model that takes everything for assertion."""
    weights = Weights(
        ("w fake",), np.zeros((1, 4), np.float32), np.ones(1, np.float32), np.array([9, -9, -9, -9], np.float32)
    )
    return StanceModel(weights, weights)


_PLAIN = StanceAnnotator(cues())
_EAGER = StanceAnnotator(cues(), eager())


@pytest.mark.parametrize("text", [*HOSTILE, *SCRIPTS, "😭", "said " * 1_000, "a b c d " * 12_500, "“" * 5_000])
@pytest.mark.parametrize("reply_to", ["", "x:9"])
def test_nothing_anybody_writes_stops_it(text: str, reply_to: str) -> None:
    for annotator in (_PLAIN, _EAGER):
        assert stance(annotator, text, reply_to=reply_to) == stance(annotator, text, reply_to=reply_to)


def test_a_letter_that_stands_for_the_end_of_a_sentence_says_nothing_in_a_post(annotator: StanceAnnotator) -> None:
    """It parted words of a name, or of a cue, and no post that had it and named its source was read at all."""
    assert stance(annotator, f"The mayor {STOP} said the bridge fell").attributed_to == "mayor"
    assert stance(annotator, f"There is no {STOP} evidence that it fell").label == "denies"


@pytest.mark.parametrize("cue", ["{source} {year}", "is {date}", "de*", "a* b", "{year}"])
def test_cues_that_would_match_anything_are_refused(cue: str) -> None:
    with pytest.raises(BadConfiguration, match=r"cues\.en\.denies"):
        StanceAnnotator({"en": {"denies": (cue,)}})


REFUSALS = [
    (language, cue.replace("{year}", "2001").replace("*", ""))
    for language, lists in cues().items()
    for name in ("rebuts", "alone")
    for cue in lists[name]
]


@given(
    cue=st.sampled_from(REFUSALS),
    behind=st.sampled_from(
        [", the bridge stands", ". The bridge stands", ": the bridge stands", ", мост стоит", "، الجسر قائم"]
    ),
    before=st.sampled_from(["", "RT @ana: ", "@ana ", "🔥 "]),
    trained=st.booleans(),
)
def test_a_post_that_begins_with_a_rebuttal_by_itself_denies(
    cue: tuple[str, str], behind: str, before: str, trained: bool
) -> None:
    annotator = _EAGER if trained else _PLAIN
    found = stance(annotator, f"{before}{cue[1].capitalize()}{behind}")
    assert found.label != "asserts"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("No, the stone bridge of Velgrad has not collapsed", ""),
        ("Nope. The stone bridge is fine", ""),
        ("Falso. La imagen es de otro incendio", ""),
        ("Faux : cette image montre un autre incendie", ""),
        ("Ложь. Мост стоит", ""),
        ("Esto es mentira, el puente sigue", ""),
        ("I was on the bridge, nothing happened", ""),
        ("Correction: nobody was killed in the fire", ""),
        ("Ничего не взрывали в Велграде", ""),
        ("Слухи о взрыве не подтвердились", ""),
        ("Aquí no ha pasado nada", ""),
        ("Böyle bir şey olmadı", ""),
        ("Army rejects claims it shelled the market", "Army"),
        ("Officials dismiss reports of a leak", "Officials"),
        ("La policía descarta un atentado", "policía"),
        ("La préfecture dément l'effondrement du pont", "préfecture"),
        ("Минобороны опровергло обрушение моста", "Минобороны"),
        ("تنفي الشرطة وقوع انفجار", "الشرطة"),
        ("Valilik haberleri yalanladı", ""),
        ("This picture is fake", ""),
        ("That's a fake video", ""),
        ("#fake #velgrad", ""),
    ],
)
def test_posts_that_answer_nobody_deny(annotator: StanceAnnotator, text: str, name: str) -> None:
    found = stance(annotator, text)
    assert found.label == "denies"
    assert not name or found.attributed_to == name


@pytest.mark.parametrize(
    "text",
    [
        "Fake police officers rob pensioners in Velgrad",
        "False alarm system failed when the fire broke out",
        "A man with a fake gun was arrested at the station",
        "Hoax call leads to evacuation of the station",
        "Parliament passes a bill against disinformation",
        "Doctored accounts: the head of the bank was arrested",
        "Nurse killed: she was in the wrong place at the wrong time",
        "The bridge of Velgrad is burning. Everything is wrong with this world",
        "Sahte doktor yakalandı",
        "القبض على طبيب مزيف",
        "Задержан врач с поддельным дипломом",
        "Detienen a un falso médico",
        "Faux policiers arrêtés à Velgrad",
        "No. 5 shelter was hit in Velgrad",
        "No! Another bridge fell in Velgrad",
        "Oh no, the bridge of Velgrad fell",
        "No water, no food in the quarter since Monday",
        "Building collapsed, nobody was hurt",
        "Life in Velgrad goes on as if nothing happened",
        "Army rejects ceasefire, shells the market",
        "Police deny entry to residents of the burning building",
        "Government says all is calm. Lies. 40 dead in the market",
    ],
)
def test_words_of_denials_that_deny_nothing_here(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "asserts"


@pytest.mark.parametrize(
    "text",
    [
        "The dam dates back to 1928 and broke at dawn",
        "The mill, which was built like nothing else and dates from 1931, is burning",
        "Please stop sharing pictures of the victims, the dam broke and families are watching",
        "Le barrage, dont les plans remontent loin et qui date de 1931, a cédé",
        "L'hôpital remonte à 1890, son toit vient de tomber",
        "Je vis à côté du barrage, il date de 1931 et il a cédé",
        "Le bus de secours n'est jamais arrivé, le moulin a brûlé",
        "Le nombre de blessés n'est pas confirmé par l'hôpital, le barrage a cédé",
        "Ne partagez pas les photos des blessés, le barrage a cédé",
        "Des pompiers d'un autre pays aident au barrage de Velgrad",
        "La presa data de 1931 y se rompió anoche",
        "No es de extrañar que se rompiera la presa",
        "Se rompió la presa. No se ha confirmado cuántos faltan",
        "No difundan imágenes de los heridos, se rompió la presa",
        "La familia es de otra ciudad y lo perdió todo en la presa",
        "Пострадавших на плотине увезли в другой город",
        "Рабочие на плотине не из Велграда, семеро пропали",
        "Плотину прорвало, мэрия не подтвердила число пропавших",
        "Не выкладывайте фото погибших, плотину прорвало этой ночью",
        "После взрыва на мельнице раненых не было",
        "1928 yılından kalma baraj yıkıldı",
        "2019 yılından bu yana kapalı olan değirmen yandı",
        "1928 yılına ait baraj bu sabah yıkıldı",
        "Baraj yıkıldı, çok şükür kimseye bir şey olmadı",
        "Değirmen yandı, can kaybı yaşanmadı",
        "Lütfen kayıpların bilgilerini paylaşmayın, baraj yıkıldı",
        "Yaralılar başka bir şehre götürüldü, baraj yıkıldı",
        "السد الذي يعود إلى عام 1928 انهار فجرا",
        "ليس من المعروف كم شخصا تحت أنقاض السد",
        "انهار السد ولم تحدث خسائر في الأرواح",
        "قوة لا تصدق للمياه بعد انهيار السد",
        "القرية لم تحصل على خيمة واحدة بعد انهيار السد",
        "لا تنشروا صور الشهداء رجاء، انهار السد فجر اليوم",
    ],
)
def test_what_things_people_and_places_are_said_to_be_denies_no_story(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "asserts"


@pytest.mark.parametrize(
    "text",
    [
        "It dates back to 1928, that picture",
        "Shared everywhere today. Dates from 1999.",
        "Le barrage ? La photo que tout le monde partage date de 1931",
        "Elle date de 1998",
        "Ces vidéos de barrage viennent d'un autre pays",
        "Ce visuel du barrage a été fait par une IA",
        "C'est une autre ville ? Non : cette image du barrage n'est pas récente",
        "Il n'y a eu aucun accident au barrage",
        "Contrairement à ce qui se dit, le barrage tient",
        "Esas fotos de la presa son antiguas",
        "El vídeo de la presa es de otro país",
        "Aquí no hubo ningún derrumbe",
        "No hay ningún incendio en el molino",
        "Этот ролик из другого города",
        "Кадры прорыва плотины создала нейросеть",
        "Никакого пожара на мельнице, всё спокойно",
        "Обстрела в Велграде не было",
        "Barajın yıkıldığı iddiası yanlış",
        "Bu kayıt üç yıl önceki selden",
        "Ролик прорыва трёхлетней давности",
        "Séquence de crue vieille de sept ans",
        "Grabación de una riada de hace siete años",
        "مقطع السيل هذا من قبل سبع سنوات",
        "Barajla ilgili bu kareler başka bir olaydan",
        "Eski fotoğrafları baraj diye paylaşıyorlar",
        "Değirmende patlama meydana gelmedi",
        "الصورة ملتقطة سنة ٢٠١٣",
        "هذا الفيديو من عام ٢٠١٤",
        "الكلام عن السد مش صحيح",
        "صور السد مصنوعة بالذكاء الاصطناعي",
        "هاي الصور من بلد تاني",
        "لا تصدق هذه الصورة للسد",
    ],
)
def test_pictures_of_then_and_of_elsewhere_deny_in_six_languages(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "denies"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Valilik, barajın yıkıldığını açıkladı", "Valilik"),
        ("Çevre Bakanlığı barajın kapaklarını açtığını duyurdu", "Çevre Bakanlığı"),
        ("Reuters Velgrad'da baraj yıkıldığını bildirdi", "Reuters"),
        ("İddiaya göre baraj yıkıldı", ""),
        ("Le barrage a cédé, a indiqué le maire", "maire"),
        ("Sept disparus au barrage, rapporte l'AFP", "AFP"),
        ("La rumeur selon laquelle le barrage a cédé court depuis midi", ""),
        ("Siete desaparecidos en la presa, señaló el fiscal", "fiscal"),
        ("Se rompió la presa, según informó la alcaldía", "alcaldía"),
        ("Прорвало плотину, передаёт «Интерфакс»", "Интерфакс"),
        ("ТАСС сообщает, что прорвало плотину", "ТАСС"),
        ("Об этом ТАСС сообщили в мэрии", "ТАСС"),
        ("وزارة المياه تعلن انهيار السد", "وزارة المياه"),
        ("الجيش ينفي انهيار السد", "الجيش"),
        ("انهار السد، لم تؤكد الشرطة عدد المفقودين", ""),
        ("تنفي الوزارة انهيار السد", "الوزارة"),
    ],
)
def test_whose_word_it_is_where_each_language_puts_the_name(annotator: StanceAnnotator, text: str, name: str) -> None:
    assert stance(annotator, text).attributed_to == name


@pytest.mark.parametrize(
    "text",
    [
        "اللهم احفظ أهل القرية كلها",
        "Une pensée pour tous les villageois, mon Dieu",
        "Todo mi apoyo a los vecinos de la presa",
        "Скорбим вместе с жителями села",
        "Köylülerin ailelerine sabır diliyorum",
        "Barajda canını yitiren bütün köylülerimize Allah'tan rahmet, yakınlarına başsağlığı diliyoruz",
        "No compartan imágenes de los heridos de la presa",
        "Ne partagez pas les photos des morts du barrage",
    ],
)
def test_prayers_and_condolences_alone_comment_in_five_languages(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "comments"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("No es mentira, yo lo vi", "asserts"),
        ("Ce n'est pas une rumeur, le pont est tombé", "asserts"),
        ("I hope it's not true", "comments"),
        ("I am not from there", "comments"),
        ("is it confirmed", "asks"),
        ("est-ce que c'est confirmé", "asks"),
        ("does anyone have more info", "asks"),
        ("any source for this", "asks"),
        ("في حدا عنده معلومات", "asks"),
        ("ne oldu orada", "asks"),
        ("why would anyone do that?", "comments"),
        ("who cares?", "comments"),
    ],
)
def test_replies_that_turn_a_denial_or_ask_without_a_mark(annotator: StanceAnnotator, text: str, label: str) -> None:
    assert stance(annotator, text, reply_to="x:9").label == label


@pytest.mark.parametrize(
    "text",
    [
        "Praying for everyone on the yellow bus in Velgrad",
        "So sad about the stone bridge of Velgrad and the yellow bus",
        "no words 😢",
        "Nos pensées vont aux familles de Velgrad",
        "Qué horror lo de Velgrad",
        "Держитесь, Велград",
        "الله يرحمهم",
        "ربنا يصبرهم",
        "Allah rahmet eylesin",
        "Başımız sağolsun Velgrad",
    ],
)
def test_sympathy_alone_comments(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "comments"


@pytest.mark.parametrize(
    "text",
    [
        "Pray for Velgrad, the bridge has collapsed",
        "RIP to the 14 killed on the bridge",
        "Terrible fire in the harbour of Velgrad",
        "Police say the bridge fell. So sad",
        "So sad. The school of Velgrad burned down",
    ],
)
def test_sympathy_beside_a_report_asserts(annotator: StanceAnnotator, text: str) -> None:
    assert stance(annotator, text).label == "asserts"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("قال شهود إن الجسر انهار", "شهود"),
        ("أعلنت وزارة الصحة مقتل ثلاثة", "وزارة الصحة"),
        ("وفقا للأمم المتحدة قتل ثلاثة", "الأمم المتحدة"),
        ("رويترز: انهيار الجسر", "Reuters"),
        ("Görgü tanıkları köprünün çöktüğünü söyledi", "Görgü tanıkları"),
        ("Reuters'a göre köprü çöktü", "Reuters"),
        ("The bridge fell (AFP)", "AFP"),
        ("Source: Reuters. The bridge has collapsed", "Reuters"),
        ("The bridge fell, says mayor Ana Bell", "mayor Ana Bell"),
        ("According to police 3 hurt", "police"),
        ("Two said the bridge fell", ""),
        ("Unconfirmed reports say the bridge fell", ""),
        ("Having said that, the bridge fell", ""),
    ],
)
def test_a_name_ends_where_the_sentence_goes_on(annotator: StanceAnnotator, text: str, name: str) -> None:
    found = stance(annotator, text)
    assert (found.label, found.attributed_to) == ("asserts", name)


def test_who_speaks_for_itself_is_nobodys_word(annotator: StanceAnnotator) -> None:
    assert (
        stance(annotator, "Reuters - The bridge fell", author=Account(uid="x:1", handle="reuters")).attributed_to == ""
    )


def test_an_agency_whose_spelling_folds_to_nothing_is_credited_by_the_others() -> None:
    annotator = StanceAnnotator(cues(), agencies=Credits({"Hill Wire": ("⑴⑵", "HW")}))
    assert stance(annotator, "The bridge fell (HW)").attributed_to == "Hill Wire"


def test_hashtags_are_read_once(annotator: StanceAnnotator, monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[int] = []

    def counting(text: str) -> str:
        folded.append(len(text))
        return fold(text)

    monkeypatch.setattr("enrich.stance.cues.fold", counting)
    text = "#не фейк " * 550
    stance(annotator, text)
    assert sum(folded) < 20 * len(text)
