"""Sentence models in ONNX form: what a folder may hold, what is refused, and that a text's vector is its own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from alerts.judging.stage import AlertsStage
from alerts.text.sentences import SentenceModel
from alerts.text.understanding import SENTENCES, Embedder, Understanding
from secondsource.app.embedding import Named, load_embedder, load_model, understanding_of
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Message
from tests.alerts.invented import final_stories, ordered, post, records, tick, watch
from tests.fakes.archive import MemoryArchive

MANY_SCRIPTS = " ".join(said[0] for said in SENTENCES.values())
ODD = ("", " ", "🌊", "\ud800 half a character", "x" * 100_000, "word " * 20_000, "\u202e\u200d\0", MANY_SCRIPTS)


@pytest.fixture(scope="module", params=["fake", pytest.param("real", marks=pytest.mark.sentences)])
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    """What `Embedder` promises is promised by each."""
    if request.param == "fake":
        yield load_embedder("tests.fakes.embedder:Concepts")
    else:
        yield load_model(request.getfixturevalue("sentences"))


@pytest.fixture(scope="module")
def model(sentences: Path) -> SentenceModel:
    return SentenceModel(sentences)


def test_a_row_a_text_the_same_whatever_it_is_sent_with(embedder: Embedder) -> None:
    texts = [*ODD, *(text for said in SENTENCES.values() for text in said)]
    together = embedder.vectors(texts)
    assert together.shape[0] == len(texts)
    assert np.isfinite(together).all()
    backwards = embedder.vectors(texts[::-1])[::-1]
    for row, other, text in zip(together, backwards, texts, strict=True):
        assert row.tobytes() == other.tobytes() == embedder.vectors([text])[0].tobytes()


def test_odd_texts_are_understood_or_not_and_never_stop_it(embedder: Embedder) -> None:
    understanding = Understanding(embedder)
    for text in ODD:
        vector = understanding.vector(text)
        assert vector is None or float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-3)
    assert all(understanding.vector(text) is None for text in ODD[:3])


@pytest.mark.sentences
class TestARealModel:
    def test_it_finds_the_same_said_in_other_words(self, model: SentenceModel) -> None:
        one, other, third = model.vectors(
            ["The old bridge collapsed into the river", "A bridge has fallen in the water", "The bakery opens at six"]
        )
        assert one @ other > 0.6
        assert one @ third < 0.3

    def test_rows_have_length_one_but_for_what_says_nothing(self, model: SentenceModel) -> None:
        rows = model.vectors(["", "\u200d", "The old bridge collapsed"])
        assert np.linalg.norm(rows, axis=1).round(3).tolist() == [0.0, 0.0, 1.0]
        assert model.vectors([]).shape == (0, model.length)

    def test_what_is_over_its_length_is_not_read(self, model: SentenceModel) -> None:
        one, other = model.vectors(["bridge " * 400, "bridge " * 400 + "bakery " * 100])
        assert one.tobytes() == other.tobytes()

    def test_it_is_asked_in_the_languages_that_it_knows(self, model: SentenceModel) -> None:
        understanding = Understanding(model)
        assert understanding.known == ("en",)
        assert understanding.vector("Three people were hurt when the roof of the market hall came down") is not None
        for language, said in SENTENCES.items():
            asked = [text for text in said if understanding.vector(text) is not None]
            assert bool(asked) == (language == "en"), (language, asked)

    def test_posts_in_a_language_that_it_does_not_know_are_not_made_one_story(self, model: SentenceModel) -> None:
        told = [post(number, 10.0 * number, text) for number, text in enumerate(SENTENCES["ar"], 1)]
        assert model.vectors([one.post.text for one in told]).dot(model.vectors(SENTENCES["ar"][:1])[0]).min() > 0.6
        stage = AlertsStage({"velgrad": watch()}, MemoryArchive(), understanding=Understanding(model, 0.6))
        assert final_stories(stage.handle(records(ordered(told)))) == {}

    def test_a_story_it_ties_weighs_half_and_is_the_same_after_a_crash(self, model: SentenceModel) -> None:
        first: list[Message] = [post(1, 0, "An explosion was heard near the harbour tonight"), tick(100)]
        rest = records(ordered([post(2, 200, "People report a loud blast by the port this evening")]))

        def stage() -> AlertsStage:
            return AlertsStage({"velgrad": watch()}, MemoryArchive(), understanding=Understanding(model, 0.5))

        whole, broken, again = stage(), stage(), stage()
        whole.handle(records(first))
        broken.handle(records(first))
        again.restore(0, {name: body for name, body in broken.changes(0).items() if body is not None})
        outs = whole.handle(rest)
        assert again.handle(rest) == outs
        (story,) = final_stories(outs).values()
        assert (story.posts, story.independent) == (2, 1.5)

    def test_a_quantized_model_and_one_in_a_folder_of_its_own_are_found(self, sentences: Path, tmp_path: Path) -> None:
        (tmp_path / "onnx").mkdir()
        (tmp_path / "onnx" / "model_quantized.onnx").symlink_to(sentences / "model.onnx")
        (tmp_path / "tokenizer.json").symlink_to(sentences / "tokenizer.json")
        (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 16}')
        (tmp_path / "1_Pooling").mkdir()
        (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
        other = SentenceModel(tmp_path)
        assert other.tokens == 16
        assert not np.allclose(other.vectors(["a bridge"]), SentenceModel(sentences).vectors(["a bridge"]), atol=0.1)

    def test_what_is_broken_is_refused_with_its_name(self, sentences: Path, tmp_path: Path) -> None:
        for name, body in (("model.onnx", b"not a model"), ("tokenizer.json", b"{"), ("model.onnx", b"")):
            folder = tmp_path / f"{name}-{len(body)}"
            shutil.copytree(sentences, folder, copy_function=lambda source, made: Path(made).symlink_to(source))
            (folder / name).unlink()
            (folder / name).write_bytes(body)
            with pytest.raises(BadConfiguration, match=rf"stories.model: .*{name} cannot be read .* fetch it again"):
                load_model(folder)

    def test_a_tokenizer_of_another_model_is_refused(self, sentences: Path, tmp_path: Path) -> None:
        body = json.loads((sentences / "tokenizer.json").read_text("utf-8"))
        body["model"]["vocab"]["0"] = 10_000_000
        (tmp_path / "tokenizer.json").write_text(json.dumps(body))
        (tmp_path / "model.onnx").symlink_to(sentences / "model.onnx")
        with pytest.raises(BadConfiguration, match=r"does not run with tokenizer.json .* of one model"):
            load_model(tmp_path)

    def test_half_a_folder_is_refused(self, sentences: Path, tmp_path: Path) -> None:
        (tmp_path / "model.onnx").symlink_to(sentences / "model.onnx")
        with pytest.raises(BadConfiguration, match=r"expected tokenizer.json beside the model"):
            load_model(tmp_path)


def test_an_empty_folder_is_refused_with_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"expected one of model.onnx, model_quantized.onnx, "):
        load_model(tmp_path)


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_a_missing_library_is_named_with_how_to_get_it(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(BadConfiguration, match=rf"without {library}: pip install 'secondsource\[embeddings\]'"):
        load_model(tmp_path)


def test_a_model_and_an_embedder_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="expected one of the two"):
        understanding_of(Named(tmp_path, "tests.fakes.embedder:Concepts"))
    assert understanding_of(Named()) is None
