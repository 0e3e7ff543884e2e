"""Whose text an outlet says it carries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondsource.contracts.credits import AGENCIES, OURS, Credits


@pytest.mark.parametrize(
    ("text", "credited"),
    [
        ("VELGRAD (Reuters) - The old bridge fell on Monday", ("Reuters",)),
        ("Reuters - The old bridge fell", ("Reuters",)),
        ("VELGRAD, Nov 12 (AFP) — The old bridge fell", ("AFP",)),
        ("The old bridge fell (AFP)", ("AFP",)),
        ("The old bridge fell. (AFP/Reuters)", ("AFP", "Reuters")),
        ("The old bridge fell, via Reuters", ("Reuters",)),
        ("(ANSA) - VELGRAD, 12 NOV - Il ponte è crollato", ("ANSA",)),
        ("Il ponte è crollato © ANSA", ("ANSA",)),
        ("فلغراد (رويترز) - انهار الجسر القديم", ("Reuters",)),
        ("انهار الجسر القديم نقلا عن رويترز", ("Reuters",)),
        ("انهار الجسر القديم (أ ف ب)", ("AFP",)),
        ("ВЕЛГРАД, 12 ноября. /ТАСС/. Старый мост обрушился", ("TASS",)),
        ("ВЕЛГРАД, 12 ноя - РИА Новости. Старый мост обрушился", ("RIA Novosti",)),
        ("Старый мост обрушился (АФП)", ("AFP",)),
        ("VELGRAD (AP) — The bridge fell", ("AP",)),
        ("【新华社】大桥倒塌", ("Xinhua",)),
        ("Velgrad (dpa) - Die alte Brücke ist eingestürzt", ("dpa",)),
        ("The old bridge fell via @Reuters", ("Reuters",)),
        ("Le vieux pont est tombé. Source : AFP", ("AFP",)),
        ("Köprü çöktü. Kaynak: AA", ("Anadolu",)),
        ("A ponte caiu. Com informações da Reuters", ("Reuters",)),
        ("پل قدیمی فرو ریخت به نقل از رویترز", ("Reuters",)),
        ("Velgrad (dpa/lth) - Die alte Brücke ist eingestürzt", ("dpa",)),
        ("(벨그라드=연합뉴스) 낡은 다리가 무너졌다", ("Yonhap",)),
        ("[ベルグラード 4日 ロイター] - 古い橋が崩れた", ("Reuters",)),
        ("The old bridge fell (seen by Reuters)", ()),
        ("The old bridge. Photo: AFP/Getty Images", ()),
        ("The mayor told Reuters that the bridge had fallen before he came", ()),
        ("Reuters reports that the bridge fell", ()),
        ("The AP exam is on Monday; the map app via ap", ()),
        ("The bridge (the old one) fell", ()),
        ("", ()),
        ("EFE.- Cayó el puente de Velgrado", ("EFE",)),
        ("Velgrado, 9 nov (Efe).- Cayó el puente", ("EFE",)),
        ("Cayó el puente. Con información de la agencia EFE", ("EFE",)),
        ("Le pont est tombé. Par la rédaction avec l'AFP", ("AFP",)),
        ("Перевал /Корр. БЕЛТА/. Упал мост", ("BelTA",)),
        ("ПЕРЕВАЛ, 9 мая. /Корр. ТАСС Анна Белова/. Упал мост", ("TASS",)),
        ("فلغراد-سانا سقط الجسر القديم", ("SANA",)),
        ("سقط الجسر القديم في فلغراد (كونا)", ("KUNA",)),
        ("فلغراد 9 أيار (بترا) - سقط الجسر القديم", ("Petra",)),
        ("PEREVAL (İHA) - Köprü yıkıldı", ("IHA",)),
        ("Köprü yıkıldı. Kaynak: DHA", ("DHA",)),
    ],
)
def test_credits_of_a_text(text: str, credited: tuple[str, ...]) -> None:
    assert OURS.found_in(text) == credited


@pytest.mark.parametrize(
    ("byline", "credited"),
    [
        ("Associated Press", ("AP",)),
        ("By The Associated Press", ("AP",)),
        ("Ana Brankova and Reuters", ("Reuters",)),
        ("AFP", ("AFP",)),
        ("AFP in Velgrad", ("AFP",)),
        ("reuters", ("Reuters",)),
        ("Staff, agencies", ()),
        ("Ana Brankova", ()),
        ("Napoleon Apa", ()),
    ],
)
def test_credits_of_a_byline(byline: str, credited: tuple[str, ...]) -> None:
    assert OURS.found_in("", (byline,)) == credited


@pytest.mark.parametrize(
    ("whom", "heard"),
    [
        ("Reuters", "Reuters"),
        ("ТАСС мост упал", "TASS"),
        ("رويترز انهار الجسر", "Reuters"),
        ("AP", "AP"),
        ("l'AFP", "AFP"),
        ("L’Agence France-Presse", "AFP"),
        ("l'agence de presse Belga", "Belga"),
        ("la agencia de noticias EFE", "EFE"),
        ("Efe", "EFE"),
        ("dépêche de l'AFP", "AFP"),
        ("despacho de la agencia EFE", "EFE"),
        ("корреспондента ТАСС", "TASS"),
        ("del AP", "AP"),
        ("Агентство РИА Новости", "RIA Novosti"),
        ("информагентства «Интерфакс»", "Interfax"),
        ("Ассошиэйтед Пресс", "AP"),
        ("وكالة أسوشيتد برس", "AP"),
        ("لوكالة الأنباء رويترز", "Reuters"),
        ("İtalyan haber ajansı ANSA", "ANSA"),
        ("DHA'nın", "DHA"),
        ("l'agence du coin", ""),
        ("la agencia", ""),
        ("агентство недвижимости", ""),
        ("وكالة السفر", ""),
        ("the mayor", ""),
        ("APA's", "APA"),
        ("Apart", ""),
        ("", ""),
    ],
)
def test_the_agency_that_something_was_heard_from(whom: str, heard: str) -> None:
    assert OURS.agency_heard(whom) == heard


def test_no_form_stands_for_two_agencies() -> None:
    forms = [form for written in AGENCIES.values() for form in written]
    assert len(forms) == len(set(forms))
    for name, written in AGENCIES.items():
        assert {OURS.agency(form) for form in written} == {name}


@given(
    st.text(max_size=300),
    st.sampled_from([form for forms in AGENCIES.values() for form in forms]),
    st.text("x .", max_size=200),
)
def test_a_glance_overlooks_no_credit(text: str, form: str, more: str) -> None:
    for credited in (f"{text} ({form})", f"{form} - {more}", f"{text} via {form}"):
        assert OURS.may_stand_in(credited) or not OURS.found_in(credited)
    assert not OURS.may_stand_in("The old bridge has fallen, cars and a bus lie in the river")


@pytest.mark.parametrize("form", ["İHA", "A.N.A.", "A.A.A.", "⑴⑵", "HW!"])
def test_a_glance_overlooks_no_spelling_of_ones_own(form: str) -> None:
    """Small letters of İ are two, and a word "a" stands in many texts."""
    agencies = Credits({"Own": (form,)})
    assert agencies.credited(f"The bridge fell ({form})") == ("Own",)


@given(st.text(max_size=400), st.text(max_size=100))
def test_any_text_is_read(text: str, byline: str) -> None:
    assert set(OURS.found_in(text, (byline,))) <= set(AGENCIES)
