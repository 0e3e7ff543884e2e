"""A fastText classifier read from its compressed file, asked for many texts at once.

fastText's own library takes one text a call, and spends most of it on the pieces of words that it has met a moment ago.
Here a word's sum of vectors is kept, and what is left for a batch is a few operations on arrays. The probabilities are
the same; a test holds the two together.

Sources: Joulin, Grave, Bojanowski, Mikolov, "Bag of Tricks for Efficient Text Classification", EACL 2017 (the model and
its hierarchical softmax); Joulin et al., "FastText.zip", 2016 (quantised vectors, pruned pieces); Bojanowski et al.,
"Enriching Word Vectors with Subword Information", TACL 2017 (pieces of words and their hash).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from secondsource.contracts.errors import BadConfiguration

_MAGIC, _VERSION = 793_712_314, 12
_HIERARCHICAL, _SUPERVISED = 1, 3  # the loss and the kind of model that are read here
_END = "</s>"  # stands behind every text
_SMALLEST = 1e-5  # added to each probability before its logarithm is taken
_REMEMBERED = 50_000  # words
_AT_ONCE = 256  # texts
_IN_ONE_THREAD = 64  # texts: a product this small is never divided among threads, whose waiting costs more than it

_FNV_START, _FNV_PRIME = 2_166_136_261, np.uint32(16_777_619)

Floats = NDArray[np.float64]


class _Level(NamedTuple):
    """Inner nodes of Huffman's tree that are equally far from its root, with their children."""

    parents: NDArray[np.intp]
    lefts: NDArray[np.intp]
    rights: NDArray[np.intp]


class FastText:
    """`labels` are the model's, in the order of the columns that `probabilities` gives.

    Words are read as `spelt` gives them, which it gets in one text, a word a line.

    Raises:
        BadConfiguration: not a compressed fastText classifier by words and hierarchical softmax.
    """

    def __init__(self, path: Path, spelt: Callable[[str], str] = str) -> None:
        self._spelt = spelt
        file = _File(path)
        if file.take("<ii") != (_MAGIC, _VERSION):
            file.refuse("it does not begin as fastText's files do")
        dimensions, _, _, _, _, runs, loss, model, self._buckets, self._shortest, self._longest, _ = file.take("<12i")
        file.take("<d")
        if (loss, model, runs) != (_HIERARCHICAL, _SUPERVISED, 1):
            file.refuse("it classifies by something else")
        entries, words, _, _, pieces = file.take("<iiiqq")
        listed = [file.entry() for _ in range(entries)]
        self._rows = {word: row for row, (word, _) in enumerate(listed[:words])}
        self.labels = tuple(label.removeprefix("__label__") for label, _ in listed[words:])
        kept = file.array("<i4", 2 * max(0, pieces)).reshape(-1, 2)
        if len(kept) and not 0 <= kept[:, 0].min() <= kept[:, 0].max() < self._buckets:
            file.refuse("its pieces of words are none")
        self._row_of = np.full(self._buckets, -1, dtype=np.int32)  # by a piece's hash; most were left out
        self._row_of[kept[:, 0]] = kept[:, 1] + words
        if not len(kept) or file.take("<?") != (True,):
            file.refuse("it is not compressed")
        self._vectors = file.quantised(dimensions)
        if file.take("<?qq") != (False, len(self.labels), dimensions):
            file.refuse("its last layer is compressed, or of another size")
        last = file.array("<f4", len(self.labels) * dimensions).reshape(-1, dimensions)
        self._outward = np.ascontiguousarray(last[:-1].T, dtype=np.float64)
        self._levels = _levels([count for _, count in listed[words:]])
        self._known: dict[str, int] = {}
        self._sums = np.empty((_REMEMBERED, dimensions + 1))

    @property
    def remembered(self) -> int:
        """How many words' sums are kept."""
        return len(self._known)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Of each text, its words between blanks, the probability of each label. Shape (texts, labels)."""
        parts = [self._of_some(texts[at : at + _AT_ONCE]) for at in range(0, len(texts), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.labels)))

    def _of_some(self, texts: Sequence[str]) -> Floats:
        said = [[*text.split(), _END] for text in texts]
        places = self._places([word for line in said for word in line])
        lengths = np.array([len(line) for line in said])
        sums = np.add.reduceat(self._sums[places], np.cumsum(lengths) - lengths, axis=0)
        hidden = sums[:, :-1] / np.maximum(sums[:, -1:], 1.0)
        starts = range(0, len(hidden), _IN_ONE_THREAD)
        return self._spread(np.concatenate([hidden[at : at + _IN_ONE_THREAD] @ self._outward for at in starts]).T)

    def _spread(self, leanings: Floats) -> Floats:
        """Down the tree: what comes to an inner node goes to its children, as its vector divides it."""
        leaves = len(self.labels)
        right = 1.0 / (1.0 + np.exp(-leanings))
        shares = np.ones((2 * leaves - 1, leanings.shape[1]))
        for parents, lefts, rights in self._levels:
            above, turned = shares[parents], right[parents - leaves]
            shares[rights] = above * (turned + _SMALLEST)
            shares[lefts] = above * (1.0 - turned + _SMALLEST)
        return shares[:leaves].T

    def _places(self, words: Sequence[str]) -> list[int]:
        """Where the words' sums are kept: a pure function's memory, and bounded."""
        fresh = set(words).difference(self._known)
        if fresh:
            self._learn(fresh, words)
        return list(map(self._known.__getitem__, words))

    def _learn(self, new: set[str], words: Sequence[str]) -> None:
        known = self._known
        if len(known) + len(new) > len(self._sums):
            known.clear()
            new = set(words)
            if len(new) > len(self._sums):
                self._sums = np.empty((len(new), self._sums.shape[1]))
        first, fresh = len(known), list(new)
        self._sums[first : first + len(fresh)] = self._of_words(self._spelt("\n".join(fresh)).split("\n"))
        known.update(zip(fresh, range(first, first + len(fresh)), strict=True))

    def _of_words(self, words: Sequence[str]) -> Floats:
        """Of each word, the sum of its own vector and those of its pieces; and, last, how many these are."""
        rows, owners = self._pieces(words)
        whole = [(row, place) for place, word in enumerate(words) if (row := self._rows.get(word)) is not None]
        rows = np.concatenate([np.array([row for row, _ in whole], dtype=np.int64), rows])
        owners = np.concatenate([np.array([place for _, place in whole], dtype=np.int64), owners])
        vectors = self._vectors[rows]
        columns = [np.bincount(owners, vectors[:, at], len(words)) for at in range(vectors.shape[1])]
        return np.column_stack([*columns, np.bincount(owners, minlength=len(words))])

    def _pieces(self, words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the words' runs of a few characters, as far as the compressed model has kept them; whose they are."""
        coded = [b"" if word == _END else f"<{word}>".encode("utf-8", "replace") for word in words]
        raw = np.frombuffer(b"".join(coded), dtype=np.int8)
        starts = np.flatnonzero((raw & -64) != -128)  # bytes that do not go on with a character
        sizes = np.diff(starts, append=len(raw))
        widest = int(sizes.max(initial=1))
        owner = np.repeat(np.arange(len(words)), [len(word) for word in coded])[starts]
        signed = np.append(raw, np.zeros(4, np.int8)).astype(np.int32).view(np.uint32)  # as fastText's hash has bytes
        hashes = np.full(len(starts), _FNV_START, dtype=np.uint32)
        buckets = np.uint32(self._buckets)
        rows, owners = [], []
        for length in range(1, min(self._longest, len(starts)) + 1):
            begins, size = starts[length - 1 :], sizes[length - 1 :]
            hashes = hashes[: len(begins)]
            for byte in range(widest):
                longer = (hashes ^ signed[begins + byte]) * _FNV_PRIME
                hashes = longer if byte == 0 else np.where(size > byte, longer, hashes)
            if length >= self._shortest:
                within = owner[: len(begins)] == owner[length - 1 :]
                row = self._row_of[hashes[within] % buckets]
                rows.append(row[row >= 0])
                owners.append(owner[: len(begins)][within][row >= 0])
        none = np.empty(0, dtype=np.int64)
        return np.concatenate([none, *rows]), np.concatenate([none, *owners])


def _levels(counts: Sequence[int]) -> list[_Level]:
    """Huffman's tree over the labels (most frequent first), as fastText builds it, from its root down."""
    leaves = len(counts)
    weights = [*counts, *[10**15] * (leaves - 1)]
    children: dict[int, tuple[int, int]] = {}
    leaf, inner = leaves - 1, leaves
    for node in range(leaves, 2 * leaves - 1):
        pair = []
        for _ in range(2):
            if leaf >= 0 and weights[leaf] < weights[inner]:
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(inner)
                inner += 1
        children[node] = pair[0], pair[1]
        weights[node] = weights[pair[0]] + weights[pair[1]]
    levels = []
    parents = [2 * leaves - 2]
    while parents:
        pairs = np.array([children[node] for node in parents])
        levels.append(_Level(np.array(parents), pairs[:, 0], pairs[:, 1]))
        parents = [child for node in parents for child in children[node] if child in children]
    return levels


class _File:
    """fastText's binary format, little end first."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0
        try:
            self._bytes = path.read_bytes()
        except OSError as error:
            self.refuse(str(error))

    def refuse(self, reason: str) -> NoReturn:
        msg = f"{self._path}: expected a compressed fastText classifier (.ftz): {reason}"
        raise BadConfiguration(msg)

    def take(self, layout: str) -> tuple[Any, ...]:
        try:
            values = struct.unpack_from(layout, self._bytes, self._at)
        except struct.error as error:
            self.refuse(f"it ends too early: {error}")
        self._at += struct.calcsize(layout)
        return values

    def entry(self) -> tuple[str, int]:
        """A word or label, and how often it occurred."""
        end = self._bytes.find(b"\0", self._at)
        if end < 0:
            self.refuse("it ends within a word")
        word = self._bytes[self._at : end].decode("utf-8", "replace")
        self._at = end + 1
        count, _ = self.take("<qb")
        return word, count

    def array(self, kind: str, count: int) -> NDArray[Any]:
        size = count * np.dtype(kind).itemsize
        if self._at + size > len(self._bytes):
            self.refuse("it ends too early")
        self._at += size
        return np.frombuffer(self._bytes, dtype=kind, count=count, offset=self._at - size)

    def quantised(self, dimensions: int) -> NDArray[np.float32]:
        """A matrix whose rows are put together from centroids, and their lengths too."""
        by_norm, rows, columns, size = self.take("<?qqi")
        if columns != dimensions or not rows or size % rows:
            self.refuse("its vectors are of another size")
        codes = self.array("u1", size).reshape(rows, -1)
        centroids = self._centroids(dimensions)
        if codes.shape[1] != len(centroids):
            self.refuse("its vectors are cut otherwise")
        vectors = np.concatenate([part[codes[:, at]] for at, part in enumerate(centroids)], axis=1)
        if by_norm:
            lengths = self.array("u1", rows)
            vectors = vectors * self._centroids(1)[0][lengths]
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _centroids(self, dimensions: int) -> list[NDArray[Any]]:
        """Of each part of a vector, its 256 centroids."""
        whole, parts, width, last = self.take("<4i")
        if whole != dimensions or (parts - 1) * width + last != whole:
            self.refuse("its centroids are of another size")
        table = self.array("<f4", 256 * whole)
        sizes = [*[width] * (parts - 1), last]
        return [
            table[256 * width * at : 256 * width * at + 256 * size].reshape(256, size) for at, size in enumerate(sizes)
        ]
