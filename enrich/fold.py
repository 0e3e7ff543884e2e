"""Where rooms of enrichment find the folding that all rooms share: see `secondsource.contracts.folding`."""

from secondsource.contracts.folding import UNSPACED, WORD_CHARACTER, Folded, fold, fold_with_offsets, is_unspaced, words

__all__ = ["UNSPACED", "WORD_CHARACTER", "Folded", "fold", "fold_with_offsets", "is_unspaced", "words"]
