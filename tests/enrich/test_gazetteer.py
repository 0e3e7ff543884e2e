"""Known names in texts: found without overlap, told apart by language, with bad lines named by their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.names.gazetteer import Gazetteer, Match, Term, read_terms
from enrich.names.pipelines import TextPipeline, blank_pipeline, trained_pipelines
from secondsource.contracts.errors import BadConfiguration
from tests.enrich.makers import CORE, HOSTILE, SCRIPTS

FILE = """\
# what the tests know
velgrad\tplace\tVelgrad|Велград|فلغراد|维尔格勒
velgrad-east\tplace\tEast Velgrad|Velgrad East
qasr\tplace\tالقصر
un\torganisation\tUN|United Nations|الأمم المتحدة
stone\tperson\t=Stone
st-orin\tplace\tSt. Orin
nice\tplace\tNice\tfr
flood\tevent\tVelgrad flood
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gazetteer") / "velgrad.tsv"
    path.write_text(FILE, "utf-8")
    return path


@pytest.fixture(scope="module")
def gazetteer(file: Path) -> Gazetteer:
    return Gazetteer(read_terms([file]))


@pytest.fixture(scope="module")
def shipped() -> Gazetteer:
    return Gazetteer(read_terms(sorted(CORE.parent.glob("*.tsv"))))


def test_what_ships_takes_no_word_for_places_in_general_for_one(shipped: Gazetteer) -> None:
    """The city is Madinah and the island Algiers only to who knows what is spoken of."""
    for word in ("في المدينة", "مدينة", "على الجزيرة", "والعاصمة"):
        assert shipped.find(word) == [], word
    named = {match.id for match in shipped.find("من المدينة المنورة إلى الجزائر")}
    assert "madinah-sa" in named


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In VELGRAD, velgrad's bridge; (Velgrad)", ["VELGRAD", "velgrad", "Velgrad"]),
        ("Velgrader und Neuvelgrad", []),
        ("East Velgrad and Velgrad east", ["East Velgrad", "Velgrad east"]),
        ("the Velgrad flood of the East", ["Velgrad flood"]),
        ("#Velgrad #SaveVelgrad #Velgrad2016 #pray_for_velgrad", ["Velgrad", "Velgrad", "Velgrad", "velgrad"]),
        ("@velgrad http://velgrad.example/Velgrad www.velgrad.example", []),
        ("velgrad.com desk@velgrad.org t.example/Velgrad paper.example/a-velgrad-b paper.velgrad.com.", []),
        ("I left Velgrad.Velgrad is far. And/or Velgrad.", ["Velgrad", "Velgrad", "Velgrad"]),
        ("the UN said; tell un ami; Un", ["UN"]),
        ("TELL UN NOW OR NEVER", []),
        ("a stone. Stone fell", ["Stone"]),
        ("St. Orin, St Orin, st.orin", ["St. Orin", "St Orin", "st.orin"]),
        ("Мост в Велград упал", ["Велград"]),
        ("在维尔格勒的大桥", ["维尔格勒"]),
        ("فلغراد وفلغراد بفلغراد ولفلغراد", ["فلغراد"] * 4),
        ("سفلغراد فلغرادي", []),
        ("القصر والقصر بالقصر", ["القصر"] * 3),
        ("للقصر وللقصر", ["قصر"] * 2),
        ("قصر بقصر", []),
        ("الامم المُتَّحِدَة والأمم المتحده", ["الامم المُتَّحِدَة", "الأمم المتحده"]),
        ("فلـــغراد", ["فلـــغراد"]),
    ],
)
def test_names_in_texts(gazetteer: Gazetteer, text: str, found: list[str]) -> None:
    assert [text[match.start : match.end] for match in gazetteer.find(text)] == found


def test_a_line_with_a_language_counts_in_posts_of_that_language(gazetteer: Gazetteer) -> None:
    assert gazetteer.find("Nice view", "en") == []
    assert [match.id for match in gazetteer.find("À Nice ce matin", "fr")] == ["nice"]


def test_a_later_files_name_wins() -> None:
    terms = [Term("old", "place", "Velgrad", False, "", "a:1"), Term("new", "place", "Velgrad", False, "", "b:1")]
    assert Gazetteer(terms).find("Velgrad") == [Match(0, 7, "place", "new")]


def test_an_empty_gazetteer_finds_nothing() -> None:
    assert Gazetteer(()).find("Velgrad") == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("velgrad\tplace", "between tabs"),
        ("velgrad\ttown\tVelgrad", "kind: expected one of"),
        ("velgrad\tplace\tVelgrad||Grad", "two letters or more"),
        ("velgrad\tplace\tV", "two letters or more"),
        ("\tplace\tVelgrad", "between tabs"),
        ("other\tplace\tvelgrad", "already taken at"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(f"# first\nvel\tplace\tVelgrad\n{line}\n", "utf-8")
    with pytest.raises(BadConfiguration, match=rf"bad\.tsv:3: .*{complaint}"):
        read_terms([path])


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadConfiguration, match=r"bad\.tsv: expected a gazetteer"):
        read_terms([path])


def test_the_gazetteer_we_ship_reads_and_knows_aleppo_as_it_is_written() -> None:
    core = Gazetteer(read_terms([CORE]))
    for text in ("Aleppo", "#aleppo", "Alep", "في حلب", "بحلب", "Алеппо", "阿勒颇", "アレッポ", "#SaveAleppo"):
        assert [match.id for match in core.find(text)] == ["aleppo"], text
    assert core.find("let us go who it is") == []


_PIECES = st.one_of(
    st.sampled_from(
        ["Velgrad", "velgrad", "#SaveVelgrad", "East", "UN", "فلغراد", "ولفلغراد", "للقصر", "维尔格勒", "St. Orin"]
    ),
    st.sampled_from([" ", "  ", ", ", ".", "\n", "#", "@", "_", "'s ", "-", "http://", "\u0301", "ـ"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
_TEXTS = st.lists(_PIECES, max_size=12).map("".join)


@settings(deadline=None, max_examples=60)
@given(text=_TEXTS, language=st.sampled_from(["en", "ar", "fr", "xx"]))
def test_the_direct_path_finds_what_a_blank_spacy_pipeline_finds(file: Path, text: str, language: str) -> None:
    gazetteer = _known(file)
    pipeline = _PIPELINES.setdefault(language, blank_pipeline(language, gazetteer))
    assert list(pipeline.entities([text])) == [gazetteer.find(text, language)]


@settings(deadline=None)
@given(text=_TEXTS)
def test_matches_lie_in_the_text_in_order_without_overlap(file: Path, text: str) -> None:
    free = 0
    for match in _known(file).find(text):
        assert free <= match.start < match.end <= len(text)
        free = match.end


_PIPELINES: dict[str, TextPipeline] = {}
_GAZETTEERS: dict[Path, Gazetteer] = {}


def _known(file: Path) -> Gazetteer:
    if file not in _GAZETTEERS:
        _GAZETTEERS[file] = Gazetteer(read_terms([file]))
    return _GAZETTEERS[file]


def test_spacys_own_entities_cover_every_match(gazetteer: Gazetteer) -> None:
    import spacy

    from enrich.names.pipelines import COMPONENT, GazetteerComponent

    nlp = spacy.blank("en")
    component = nlp.add_pipe(COMPONENT)
    assert isinstance(component, GazetteerComponent)
    component.use(gazetteer)
    doc = nlp("The UN in East Velgrad: #SaveVelgrad ولفلغراد")
    assert [(ent.text, ent.label_, ent.kb_id_) for ent in doc.ents] == [
        ("UN", "ORGANISATION", "un"),
        ("East Velgrad", "PLACE", "velgrad-east"),
        ("SaveVelgrad", "PLACE", "velgrad"),
        ("ولفلغراد", "PLACE", "velgrad"),
    ]


def test_every_language_we_ship_has_a_blank_pipeline(gazetteer: Gazetteer) -> None:
    for language, text in zip(("en", "ar", "ja", "ko", "th", "vi", "zh", "no"), SCRIPTS[:8], strict=True):
        assert list(blank_pipeline(language, gazetteer).entities([text])) == [gazetteer.find(text, language)]


def test_a_trained_pipeline_that_is_not_installed_is_off_and_says_how_to_turn_it_on(gazetteer: Gazetteer) -> None:
    loaded, report = trained_pipelines({"en": "en_velgrad_news", "fr": "blank"}, gazetteer)
    assert loaded == {}
    assert [(part.language, part.on) for part in report] == [("en", False), ("fr", False)]
    assert "spacy download en_velgrad_news" in report[0].detail


def test_hostile_texts_do_no_harm(gazetteer: Gazetteer) -> None:
    for text in HOSTILE:
        for match in gazetteer.find(text):
            assert text[match.start : match.end]


def test_names_among_ten_thousand_mentions_are_found(gazetteer: Gazetteer) -> None:
    text = "@ana Velgrad " * 8_000
    found = gazetteer.find(text)
    assert [match.start for match in found] == list(range(5, len(text), 13))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (
            "Floods in Scotland, Texas, Ontario and Northern Ireland",
            ["scotland", "texas", "ontario", "northern-ireland"],
        ),
        ("From Donbas, Tigray, Kerala, Catalonia, Kurdistan", ["donbas", "tigray", "kerala", "catalonia", "kurdistan"]),
        ("They say in Congo and in Panama", ["congo", "panama"]),
        ("ウクライナとブラジル", ["ukraine", "brazil"]),
        ("우크라이나 브라질", ["ukraine", "brazil"]),
        ("在乌克兰和尼日利亚", ["ukraine", "nigeria"]),
        ("国連がシリアで", ["united-nations", "syria"]),
        ("สหประชาชาติในซีเรีย", ["united-nations", "syria"]),
        ("यूक्रेन में संयुक्त राष्ट्र", ["ukraine", "united-nations"]),
        ("시리아에서 유엔은", ["syria", "united-nations"]),
        ("سازمان ملل در حلب", ["united-nations", "aleppo"]),
        ("Владимир Путин в Минске", ["vladimir-putin", "minsk-by"]),
        ("the reunion was fine, and a grenade", []),
    ],
)
def test_what_ships_knows_countries_in_many_languages_and_their_parts(
    shipped: Gazetteer, text: str, ids: list[str]
) -> None:
    assert [match.id for match in shipped.find(text)] == ids


@pytest.mark.parametrize(
    ("text", "language", "place"),
    [
        ("Gazze'ye yardım gitti", "tr", "gaza"),
        ("Обстрел в Газе прекратился", "ru", "gaza"),
        ("Şam'a yeni vali", "tr", "damascus"),
        ("Sam is late again", "en", ""),
        ("Kudüs'te kar var", "tr", "jerusalem"),
        ("Снег в Иерусалиме", "ru", "jerusalem"),
        ("Moskova'da sis", "tr", "moscow"),
        ("İZMİR'DE SEL", "tr", "izmir-tr"),
        ("Tempête sur La Havane", "fr", "havana"),
        ("Inundaciones en Argel", "es", "algiers"),
        ("حريق في خاركوف", "ar", "kharkiv"),
        ("Газа в квартирах нет с утра", "ru", ""),
        ("Refah içinde bir ülke", "tr", ""),
    ],
)
def test_what_ships_knows_cities_by_their_names_in_six_languages(
    shipped: Gazetteer, text: str, language: str, place: str
) -> None:
    assert {match.id for match in shipped.find(text, language)} == ({place} if place else set())


def test_the_united_nations_are_bm_in_turkish_only(shipped: Gazetteer) -> None:
    assert [match.id for match in shipped.find("BM'ye göre 82 ölü", "tr")] == ["united-nations"]
    assert shipped.find("at the BM in May", "en") == []


def test_a_name_means_who_is_called_so_first_and_none_far_away(shipped: Gazetteer) -> None:
    (bethlehem,) = shipped.find("in Bethlehem")
    assert (shipped.where(bethlehem.id) or (0, 0))[0] == pytest.approx(31.7, abs=0.1)
    (odesa,) = shipped.find("in Odessa")
    assert odesa.id == "odesa"
    assert shipped.where("victoria") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "В Москве, под Харьковом, из Украины и в Санкт-Петербурге",
            ["Москве", "Харьковом", "Украины", "Санкт-Петербурге"],
        ),
        ("киевлянин и москвич", []),
        ("서울에서 화재, 부산은 맑음, 우크라이나의 강", ["서울", "부산", "우크라이나"]),
        ("서울역사박물관", []),
        ("בתל אביב ובירושלים", ["תל אביב", "ירושלים"]),
        ("#prayforparis #savealeppo #freepalestine #standwithukraine", ["paris", "aleppo", "palestine", "ukraine"]),
        ("#PrayForGaza #ПомолимсяЗаАлеппо #молитесьзапариж", ["Gaza", "Алеппо", "париж"]),
        ("#romeo #indianewspaper #chinesefood #loveisall #turkeyday", []),
        ("They saw Jordan Peterson and Paris Hilton in Paris", ["Jordan Peterson", "Paris Hilton", "Paris"]),
        ("The Paris Attacks, the Israel Police", ["Paris", "Israel"]),
        ("between Israel Hamas and Jordan Syria border", ["Israel", "Hamas", "Jordan", "Syria"]),
    ],
)
def test_names_in_their_cases_within_hashtags_and_in_names_of_people(
    shipped: Gazetteer, text: str, found: list[str]
) -> None:
    assert [text[match.start : match.end] for match in shipped.find(text)] == found


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=60))
def test_any_hashtag_is_taken_apart_or_left_whole(shipped: Gazetteer, tag: str) -> None:
    text = f"#{tag}"
    for match in shipped.find(text):
        assert 0 < match.start < match.end <= len(text)


def test_an_apostrophe_before_a_turkish_ending_marks_a_name_where_a_capital_does_not() -> None:
    term = Term("brenn", "place", "Brenn", exact=False, language="", source="test:1", cased=True)
    known = Gazetteer([term])
    for text in ("Brenn'de patlama oldu", "Brenn’den haber yok", "Brenn'e giden yol"):
        assert known.find(text, "tr") == [Match(0, 5, "place", "brenn")], text
    for text in ("Brenn is a word", "Brenn's fun today", "Brenn're gone", "Brenn'll do", "brenn'de patlama"):
        assert known.find(text) == [], text


@pytest.mark.parametrize("piece", ["in Nice ", "NICE UN ", "a UN ", "x Ana ", "Ana Bell is the "])
def test_a_long_text_that_is_all_names(piece: str) -> None:
    """It ends: a reader that looks at all of the text for each of them would take hours."""
    terms = [
        Term("nice", "place", "Nice", False, "", "here", cased=True),
        Term("un", "organisation", "UN", True, "", "here"),
        Term("ana", "given-name", "Ana", False, "", "here"),
    ]
    many = 150_000
    assert len(Gazetteer(terms).find(piece * many + "in Nice")) >= (0 if piece.isupper() else many)
