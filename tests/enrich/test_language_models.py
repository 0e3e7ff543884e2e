"""Our readings of the two models say what the libraries say that they come with."""

from __future__ import annotations

from pathlib import Path

import fasttext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import LanguageIdentifier

from enrich.annotators.language import LanguageAnnotator, lid_model
from enrich.languages.fasttext_model import FastText
from enrich.languages.langid_model import Langid
from secondsource.contracts.errors import BadConfiguration
from tests.enrich.makers import SCRIPTS

#: Words from which texts are put together: of several scripts, known to the model, unknown, odd.
_WORDS = sorted({word for text in SCRIPTS for word in text.split()} | {"the", "de", "<", "ы", "𝔞b", "ﷺ", "aé"})

_fast = FastText(lid_model())
_theirs = fasttext.load_model(str(lid_model())).f


@given(st.lists(st.lists(st.sampled_from(_WORDS) | st.text("abcçdeéабв中文", min_size=1, max_size=9)), max_size=4))
@settings(deadline=None)
def test_fasttext_says_the_same_of_many_texts_as_of_each(texts: list[list[str]]) -> None:
    lines = [" ".join(" ".join(words).split()) for words in texts]
    ours = _fast.probabilities(lines)
    assert ours.shape == (len(lines), len(_fast.labels))
    for line, chances in zip(lines, ours.tolist(), strict=True):
        theirs = {label: chance for chance, label in _theirs.predict(f"{line}\n", 200, 0.0, "strict")}
        for label, chance in zip(_fast.labels, chances, strict=True):
            assert chance == pytest.approx(theirs.get(f"__label__{label}", 0.0), abs=2e-5)


def test_what_a_text_gets_does_not_depend_on_what_else_was_asked() -> None:
    words = [f"{a}{b}" for a in SCRIPTS[0].split() for b in "abcdefghijklmnopqrstuvwxyz"]
    texts = [" ".join(words[at : at + 5]) for at in range(0, len(words), 3)] * 12
    together = LanguageAnnotator(remembered=1).identify_all([(text, "") for text in texts])
    alone = LanguageAnnotator(remembered=1)
    assert together == [alone.identify(text) for text in texts]


def test_words_without_end_do_not_fill_the_memory() -> None:
    fast = FastText(lid_model())
    before = fast.probabilities(["the old bridge"])
    for start in range(0, 120_000, 20_000):
        fast.probabilities([" ".join(f"w{number}" for number in range(start, start + 20_000))])
    assert fast.remembered <= 50_000
    assert fast.probabilities(["the old bridge"]).tolist() == before.tolist()


@pytest.mark.parametrize("among", [None, ("ar", "en", "hi", "sr"), ("de", "fr")])
def test_langid_says_the_same_of_many_texts_as_of_each(among: tuple[str, ...] | None) -> None:
    theirs = LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
    theirs.set_languages(among)
    ours = Langid(among)
    texts = [*(text.lower() for text in SCRIPTS), "x"]
    for text, chances in zip(texts, ours.probabilities(texts).tolist(), strict=True):
        ranked = dict(theirs.rank(text))
        assert dict(zip(ours.labels, chances, strict=True)) == pytest.approx(ranked, abs=1e-4)


@pytest.mark.parametrize("length", [0, 7, 60, 5_000, 200_000, 900_000])
def test_a_model_that_is_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    file = tmp_path / "cut.ftz"
    file.write_bytes(lid_model().read_bytes()[:length])
    with pytest.raises(BadConfiguration, match=r"cut\.ftz: expected a compressed fastText classifier"):
        FastText(file)
