"""Enrichment as it is configured: a post the whole way through, and a report of what is on and off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.pipeline import EntityRuler

from enrich.setup import EnrichSettings, build
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Enriched, MediaRef
from secondsource.contracts.stage import Record
from tests.enrich.makers import CORE, cues, post, saved, scene
from tests.enrich.reuse.clip_makers import film, mp4
from tests.fakes.clock import ManualClock
from tests.fakes.web import answer, fake_web


def test_the_whole_of_enrichment_on_one_post() -> None:
    with fake_web() as web:
        web.on("/a.jpg", answer(saved(scene())))
        enrichment = build(EnrichSettings(gazetteers=(CORE,), cues=cues()), ManualClock(), web.network())
        one = post(
            "The bridge near #Aleppo fell this morning, according to people there",
            media=(MediaRef(url="http://pictures.example/a.jpg"),),
        )
        (out,) = enrichment.stage.handle([Record(one)])
        enrichment.close()
    enriched = out.message
    assert isinstance(enriched, Enriched)
    assert enriched.post == one
    assert enriched.language.code == "en"
    assert [(entity.kind, entity.id) for entity in enriched.entities] == [("place", "aleppo"), ("hashtag", "aleppo")]
    assert (enriched.stance.label, enriched.stance.cue) == ("asserts", "according to")
    assert enriched.pictures[0].state == "fingerprinted"
    assert enriched.sketch.bands


def test_a_video_is_known_by_its_key_frames() -> None:
    with fake_web() as web:
        web.on("/clip.mp4", answer(mp4(film(1, 2, seconds=6.0)), headers={"Content-Type": "video/mp4"}))
        enrichment = build(EnrichSettings(), ManualClock(), web.network())
        one = post("On the bridge", media=(MediaRef(url="http://pictures.example/clip.mp4", kind="video"),))
        (out,) = enrichment.stage.handle([Record(one)])
        enrichment.close()
    assert isinstance(out.message, Enriched)
    first, *later = out.message.pictures
    assert later
    assert {picture.of for picture in later} == {first.id}
    assert all(picture.pdq and picture.at_seconds > 0 for picture in later)


def installed(folder: Path, name: str) -> None:
    """A package of a trained pipeline, as pip would leave it. It knows a person, a place, and no entity of ours."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    assert isinstance(ruler, EntityRuler)
    known = {"PERSON": "Ana Beltran", "GPE": "Osmar", "DATE": "Monday", "ORG": "Velgrad"}
    ruler.add_patterns([{"label": label, "pattern": words} for label, words in known.items()])
    nlp.meta |= {"name": name.removeprefix("en_"), "version": "1.0.0"}
    (folder / name).mkdir()
    nlp.to_disk(folder / name / f"{name}-1.0.0")
    (folder / name / "meta.json").write_text(json.dumps(nlp.meta), "utf-8")
    (folder / name / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n"
        "def load(**options):\n    return load_model_from_init_py(__file__, **options)\n"
    )
    (folder / f"{name}-1.0.0.dist-info").mkdir()
    (folder / f"{name}-1.0.0.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: 1.0.0\n")


def test_a_trained_pipeline_that_is_installed_is_asked_in_its_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "en_velgrad_news")
    monkeypatch.syspath_prepend(tmp_path)
    names = tmp_path / "names.tsv"
    names.write_text("velgrad\tplace\tVelgrad\n", "utf-8")
    enrichment = build(EnrichSettings(gazetteers=(names,), pipelines={"en": "en_velgrad_news"}), ManualClock())
    texts = (
        "On Monday the old bridge was closed, Ana Beltran told people in Osmar and Velgrad",
        "Le vieux pont est fermé depuis hier, a dit Ana Beltran aux gens de Osmar et de Velgrad",
    )
    outs = enrichment.stage.handle([Record(post(text)) for text in texts])
    enrichment.close()
    assert next(part for part in enrichment.parts if part.name == "spaCy pipeline en").on
    found = [out.message.entities for out in outs if isinstance(out.message, Enriched)]
    assert [[(entity.kind, entity.id) for entity in each] for each in found] == [
        [("person", "ana beltran"), ("place", "osmar"), ("place", "velgrad")],
        [("place", "velgrad")],
    ]


def test_the_report_says_what_is_on_and_how_to_turn_on_the_rest() -> None:
    settings = EnrichSettings(pipelines={"en": "en_velgrad_news"}, media_enabled=False)
    enrichment = build(settings, ManualClock())
    parts = {part.name: part for part in enrichment.parts}
    enrichment.close()
    assert not parts["gazetteer"].on
    assert "spacy download en_velgrad_news" in parts["spaCy pipeline en"].detail
    assert "media.enabled" in parts["fetching of pictures"].detail


def test_what_cannot_work_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"none\.tsv"):
        build(EnrichSettings(gazetteers=(tmp_path / "none.tsv",)), ManualClock())
