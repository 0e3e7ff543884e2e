"""Words of features, against the plain way to say it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.reuse.vocabulary import LOOKED_IN, NEAREST, WORDS, Floats, vocabulary


def roots(seed: int, count: int) -> Floats:
    drawn = np.random.default_rng(seed).gamma(0.5, size=(count, 128))
    return np.asarray(np.sqrt(drawn / drawn.sum(axis=1, keepdims=True)), np.float32)


def distances(reduced: Floats, half: int) -> Floats:
    words = vocabulary().words[half]
    return np.asarray((words * words).sum(axis=1) - 2 * reduced[:, half * 32 : half * 32 + 32] @ words.T)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 9))
def test_cells_are_the_nearest_and_signatures_the_sides_of_their_middles(seed: int, count: int) -> None:
    ours = vocabulary()
    reduced = ours.reduced(roots(seed, count))
    np.testing.assert_allclose(reduced, (roots(seed, count) - ours.mean) @ ours.projection, atol=1e-5)
    near, alone = ours.near_cells(reduced), ours.cells(reduced)
    assert near.shape == (count, LOOKED_IN)
    np.testing.assert_array_equal(near[:, 0], alone)
    signatures = ours.signatures(reduced, near)
    np.testing.assert_array_equal(signatures[:, 0], ours.signatures(reduced, alone))
    for i in range(count):
        far = [distances(reduced[i : i + 1], half)[0] for half in (0, 1)]
        words = [np.argsort(each)[:NEAREST] for each in far]
        pairs = sorted((far[0][a] + far[1][b], a * WORDS + b) for a in words[0] for b in words[1])
        allowed = pairs[LOOKED_IN - 1][0] + 1e-5  # two cells may be equally near
        assert all(far[0][cell // WORDS] + far[1][cell % WORDS] <= allowed for cell in near[i].tolist())
        assert len(set(near[i].tolist())) == LOOKED_IN
        for cell, signature in zip(near[i].tolist(), signatures[i].tolist(), strict=True):
            a, b = divmod(cell, WORDS)
            middle = ours.words[0][a] @ ours.directions[:32] + ours.words[1][b] @ ours.directions[32:]
            beyond = reduced[i] @ ours.directions - middle
            signs = [(signature >> (63 - bit)) & 1 for bit in range(64)]
            clear = np.abs(beyond) > 1e-5
            np.testing.assert_array_equal(np.array(signs)[clear], (beyond > 0)[clear])
