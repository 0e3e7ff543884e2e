"""Would two pictures agree as well if one of them were moved? Then what agrees is a pattern and not what they show.

A watermark tiled over two pictures agrees wherever its tiles meet, and on smooth ground little else is to be seen. Laid
one tile further it agrees again; a scene agrees in one place.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from enrich.reuse.vocabulary import Floats

MARGIN: Final = 0.4  #: of its sides that is looked at around a picture: what lies there may be moved in
_WINDOW: Final = (7, 7)
_NOISE: Final = 2.0  #: variance that is no more than noise: flat windows do not count as structure
_BESIDE: Final = 4  #: thumbnail pixels: moved by so little, a picture still agrees with itself
_STILL_SEEN: Final = 0.35  #: share of what is seen in both that must be when one is moved


def elsewhere(a: Floats, b: Floats, seen_a: Floats, seen_b: Floats) -> float:
    """How well the pictures agree where they agree best but here, as a share of how well they do here.

    a, b: of one shape, grey; `seen_a`, `seen_b`: 1 where each is to be looked at. Correlation of windows brought to one
    mean and deviation, over all moves by whole pixels at once (Padfield, "Masked object registration in the Fourier
    domain", 2012). About 0.2 for two copies of a picture, 0.8 to 1.3 for strangers under one tiled watermark.
    """
    one, other = _levelled(a, seen_a), _levelled(b, seen_b)
    # Moved by more than three quarters, too little is left to be seen in both: moves that far may coincide.
    shape = tuple(cv2.getOptimalDFTSize(round(1.4 * side)) for side in a.shape)
    spectra = [_spectrum(each, shape) for each in (one, other, seen_a, seen_b, one * one, other * other)]
    both = _over_all_moves(spectra[2], spectra[3])
    there = _over_all_moves(spectra[4], spectra[3]) * _over_all_moves(spectra[2], spectra[5])
    alike = _over_all_moves(spectra[0], spectra[1]) / np.sqrt(np.maximum(there, 1e-3))
    alike[both < _STILL_SEEN * both[0, 0]] = 0
    # No move at all lies in the corner, and moves back at the far ends.
    alike = np.roll(alike, (_BESIDE, _BESIDE), axis=(0, 1))
    near = np.s_[: 2 * _BESIDE + 1, : 2 * _BESIDE + 1]
    here = float(alike[near][_BESIDE - 1 : _BESIDE + 2, _BESIDE - 1 : _BESIDE + 2].max())
    alike[near] = 0
    return float(alike.max()) / max(here, 1e-3)


def _levelled(of: Floats, seen: Floats) -> Floats:
    """Each place against its window: 0 mean, and as strong wherever there is structure."""
    count = np.maximum(cv2.blur(seen, _WINDOW), 1e-3)
    mean = cv2.blur(of * seen, _WINDOW) / count
    variance = np.maximum(cv2.blur(of * of * seen, _WINDOW) / count - mean * mean, 0)
    return np.asarray((of - mean) / np.sqrt(variance + _NOISE) * seen, np.float32)


def _spectrum(of: Floats, shape: tuple[int, ...]) -> NDArray[np.float32]:
    more = shape[0] - of.shape[0], shape[1] - of.shape[1]
    return np.asarray(cv2.dft(cv2.copyMakeBorder(of, 0, more[0], 0, more[1], cv2.BORDER_CONSTANT)), np.float32)


def _over_all_moves(one: NDArray[np.float32], other: NDArray[np.float32]) -> Floats:
    """Of two spectra: Σ one(x + move) · other(x) for each move."""
    product = cv2.mulSpectrums(one, other, 0, conjB=True)
    return np.asarray(cv2.idft(product, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT), np.float32)
