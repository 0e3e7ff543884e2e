"""Which accounts share the same things within seconds of each other, repeatedly, and more than chance allows.

An object is anything that can be shared: a text, a page, a picture, a sequence of hashtags. Two shares of one object by
two accounts at most `window` seconds apart are a co-share. Counting is exact, and follows CooRTweet (Righetti & Balluff
2025, "CooRTweet: a generalized R software for coordinated network detection"): only accounts of at least
`participation` shares are looked at, and of the co-shares found those stay of which one side at least belongs to an
account that has so many shares in posts that were co-shared. What an account shares at one moment is one post, unless
posts are named.

A co-share can be chance twice over, and a pair's p-value is the larger of two, so that either explanation is enough:

*Activity.* Who shares is drawn at random, each account as often as it does share, each object as often and at the
times it is shared. Of C pairs of shares of one object within the window, of N shares in all, accounts of n_a and n_b
shares then have λ = 2 C n_a n_b / (N (N - 1)) on average (the bipartite configuration model: Chung & Lu 2002). The
p-value is the Poisson tail P(X ≥ k | λ), k the number of different objects they co-shared.

*Timing.* Who shares what is kept, when is drawn at random among the times at which the object was shared. An object
whose shares are within the window in C_o of P_o pairs is then co-shared with chance C_o / P_o, the pair's own shares
left out. Few shares tell little of that chance, so it is (C_o + 45 r) / (P_o + 45), r being the rate of the other
objects of its popularity, [2^j, 2^(j+1)) accounts: as if ten more accounts had shared it, the way such are shared. A
group must not hide behind its own shares: pairs with p ≤ 0.001 are left out of all rates, which are then taken anew.
Over the M objects both have shared, with mean chance c, the tail P(X ≥ k) of the sum of unequal chances is at most the
binomial one of (M, c) for k ≥ M c + 1 (Hoeffding 1956, Theorem 5): that is the p-value. Pairs that follow the same
sources, and what everybody passes on at once, are explained by it.

Of the p-values the false discovery rate is held (Benjamini & Hochberg 1995): q of the i-th smallest is
min over j ≥ i of p_(j) m / j. m counts every pair of accounts that could have been found, not only those that were:
those with two objects in common or more, and of these the ones whose p-value, had they co-shared all of it, could
reach level / K, for the smallest K that is not exceeded by their number (Tarone 1990; with the false discovery rate:
Gilbert 2005, "A modified false discovery rate multiple-comparisons procedure for discrete data"). Where there are too
many to look at, m is counted for some of the accounts and scaled up. Pairs of one co-shared object are coincidences
by definition: they have p = q = 1.

All of it describes what accounts did, in numbers. It says nothing of who they are or why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc

#: Seconds between two shares of a thing, at most.
WINDOW = 60.0
#: Shares of an account, co-shared or not, at least.
PARTICIPATION = 2
#: Different objects two accounts co-shared, at least, for an edge to be kept.
REPEATED = 2
#: The share of kept edges that may be chance.
LEVEL = 0.01
#: An object that more accounts than this share within one window is everybody's, and says nothing of any two.
CROWD = 3_000

_PRIOR = 45.0  # pairs of shares: those of ten accounts
_OUTLYING = 1e-3  # p-value at which a pair's own shares are no measure of what is usual
_CHUNK = 20_000  # edges judged at a time
_MOST_COMMON = 2_000_000  # pairs of accounts with an object in common that are looked at to count the tests

_DIGITS = 19  # of the largest number
_TENS = np.array([10**power for power in range(1, _DIGITS)], np.int64)  # from each on, numbers have one digit more
_SHIFTS = np.array([10 ** (_DIGITS - 1 - more) for more in range(_DIGITS)], np.uint64)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Share(NamedTuple):
    """An account passes on a thing. `at` in seconds since 1970; `post` names the post it stands in, if known."""

    object: str
    account: str
    at: float
    post: str = ""


class Edge(NamedTuple):
    """Two accounts, a < b, that co-shared. `shares` counts pairs of shares, `objects` different things.

    `expected` is the larger mean of the two explanations; `p` and `q` as in the module's description. `kept`: repeated,
    and q at most the level asked for.
    """

    a: str
    b: str
    shares: int
    objects: int
    expected: float
    p: float
    q: float
    kept: bool

    def sentence(self, window: float = WINDOW) -> str:
        """For a person: behaviour with numbers."""
        return (
            f"{self.a} and {self.b} shared {self.objects} same things within {window:g} s of each other; "
            f"{self.expected:.2g} expected from how much they share and how widely it was shared "
            f"(p = {self.p:.1g}, q = {self.q:.1g})"
        )


@dataclass(frozen=True, eq=False)
class Network:
    """All pairs that co-shared: those that did repeatedly, the surest first; and how many there are of all.

    `co_shares` counts pairs of shares, `tested` is m; `crowds` are the objects left out as everybody's.
    """

    repeated: tuple[Edge, ...]
    co_shares: int
    pairs: int
    tested: int
    crowds: tuple[str, ...]
    _all: _Pairs = field(repr=False)
    _names: tuple[str, ...] = field(repr=False)

    def kept(self) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.repeated if edge.kept)

    def edges(self) -> Iterator[Edge]:
        """The repeated ones, then those of one object, by name; these are coincidences and are not judged."""
        yield from self.repeated
        single = self._all.distinct < REPEATED
        columns = (self._all.a[single], self._all.b[single], self._all.shares[single])
        for a, b, shares in zip(*(column.tolist() for column in columns), strict=True):
            yield Edge(self._names[a], self._names[b], shares, 1, 0.0, 1.0, 1.0, kept=False)


def network(
    shares: Sequence[Share],
    *,
    window: float = WINDOW,
    participation: int = PARTICIPATION,
    level: float = LEVEL,
) -> Network:
    """Every pair of accounts that co-shared, with how likely that is by chance. The order of `shares` does not matter.

    Raises:
        ValueError: a window under zero, or a participation under one.
    """
    if window < 0 or participation < 1:
        msg = f"expected a window of 0 s or more and a participation of 1 or more, came {window} and {participation}"
        raise ValueError(msg)
    return _network(_Table.of(shares), window, participation, level)


def network_of_numbers(objects: Ints, accounts: Ints, at: Floats, posts: Ints, *, window: float = WINDOW) -> Network:
    """As `network`, of shares in columns whose names are whole numbers from 0 on, of nineteen digits at most."""
    return _network(_Table.of_numbers(objects, accounts, at, posts), window, PARTICIPATION, LEVEL)


def _network(table: _Table, window: float, participation: int, level: float) -> Network:
    table = table.only_active(participation)
    found, crowded = _co_shares(table, window)
    crowds = tuple(table.objects[place] for place in crowded)
    if crowded:
        table = table.only(~np.isin(table.object, np.array(crowded)))
        found, _ = _co_shares(table, window)
    counted = _participating(table, found, participation)
    pairs = _Pairs.of(table, counted)
    if not (pairs.distinct >= REPEATED).any():
        return Network((), len(counted), len(pairs.key), 0, crowds, pairs, table.accounts)
    several = pairs.only(pairs.distinct >= REPEATED)
    chances = _Chances(table, found, several)
    expected, p = chances.of(several.a, several.b, several.distinct)
    if (p <= _OUTLYING).any():
        chances.leave_out(p <= _OUTLYING)
        expected, p = chances.of(several.a, several.b, several.distinct)
    tested, reach = _tests(table, chances, level)
    q = _q_values(p, chances.of(several.a, several.b)[1] <= reach, tested)
    order = np.lexsort((several.b, several.a, -several.shares, p, q))
    names = table.accounts
    columns = (several.a, several.b, several.shares, several.distinct, expected, p, q)
    edges = tuple(
        Edge(names[a], names[b], shared, things, mean, chance, rate, kept=rate <= level)
        for a, b, shared, things, mean, chance, rate in zip(*(one[order].tolist() for one in columns), strict=True)
    )
    return Network(edges, len(counted), len(pairs.key), round(tested), crowds, pairs, names)


class _Table(NamedTuple):
    """Shares as columns, ordered by object and time. Accounts and objects are numbered in the order of their names."""

    object: Ints
    account: Ints
    at: Floats
    post: Ints
    objects: tuple[str, ...]
    accounts: tuple[str, ...]

    @staticmethod
    def of(shares: Sequence[Share]) -> _Table:
        thing, objects = _numbered([share.object for share in shares])
        account, accounts = _numbered([share.account for share in shares])
        post, _ = _numbered([f"={share.post}" if share.post else f"@{share.account}@{share.at!r}" for share in shares])
        at = np.array([share.at for share in shares], dtype=np.float64)
        return _Table(thing, account, at, post, objects, accounts).only(np.lexsort((post, account, at, thing)))

    @staticmethod
    def of_numbers(objects: Ints, accounts: Ints, at: Floats, posts: Ints) -> _Table:
        thing, things = _ranked(objects)
        account, names = _ranked(accounts)
        post, _ = _ranked(posts)
        order = np.lexsort((post, account, at, thing))
        return _Table(thing, account, at, post, tuple(map(str, things)), tuple(map(str, names))).only(order)

    def only(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> _Table:
        return self._replace(
            object=self.object[rows], account=self.account[rows], at=self.at[rows], post=self.post[rows]
        )

    def only_active(self, participation: int) -> _Table:
        shared = np.bincount(self.account, minlength=len(self.accounts))
        return self.only(shared[self.account] >= participation)


class _Pairs(NamedTuple):
    """Pairs of accounts, each once, with what they co-shared: `key` = a · accounts + b, ascending."""

    key: Ints
    a: Ints
    b: Ints
    shares: Ints
    distinct: Ints

    @staticmethod
    def of(table: _Table, rows: Ints) -> _Pairs:
        width = len(table.accounts)
        keys = _keys(table, rows)
        order = np.argsort(keys)
        ordered = keys[order]
        first = np.ones(len(keys), np.bool_)
        first[1:] = ordered[1:] != ordered[:-1]
        key, place = ordered[first], np.cumsum(first) - 1
        shares = np.bincount(place, minlength=len(key))
        several = shares[place] > 1
        things = table.object[rows[order[several], 0]]
        cells = np.unique(place[several] * len(table.objects) + things)
        distinct = np.maximum(1, np.bincount(cells // max(1, len(table.objects)), minlength=len(key)))
        return _Pairs(key, key // width, key % width, shares, distinct)

    def only(self, rows: NDArray[np.bool_]) -> _Pairs:
        return _Pairs(*(column[rows] for column in self))


def _numbered(names: Sequence[str]) -> tuple[Ints, tuple[str, ...]]:
    known = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([known[name] for name in names], dtype=np.int64), tuple(known)


def _ranked(numbers: Ints) -> tuple[Ints, list[int]]:
    """As `_numbered`, of whole numbers written out: "10" comes before "9", and "1" before "10"."""
    known, places = np.unique(numbers, return_inverse=True)
    digits = np.searchsorted(_TENS, known, side="right")
    order = np.lexsort((digits, known.astype(np.uint64) * _SHIFTS[digits]))
    ranks = np.empty(len(known), np.int64)
    ranks[order] = np.arange(len(known))
    return ranks[places], known[order].tolist()


def _keys(table: _Table, rows: Ints) -> Ints:
    one, other = table.account[rows[:, 0]], table.account[rows[:, 1]]
    return np.minimum(one, other) * len(table.accounts) + np.maximum(one, other)


def _co_shares(table: _Table, window: float) -> tuple[Ints, list[int]]:
    """Rows of the table, two and two, that are co-shares; and objects that a crowd shared within one window.

    Each row is compared with the one after it, then with the one after that, as long as the window reaches.
    """
    rows, crowds = np.arange(len(table.at)), np.zeros(0, np.int64)
    found: list[Ints] = []
    step = 0
    while len(rows):
        step += 1
        rows = rows[rows + step < len(table.at)]
        later = rows + step
        near = (table.object[rows] == table.object[later]) & (table.at[later] - table.at[rows] <= window)
        rows, later = rows[near], later[near]
        if step > CROWD:
            crowds = np.unique(table.object[rows])
            break
        apart = table.account[rows] != table.account[later]
        found.append(np.stack((rows[apart], later[apart]), axis=1))
    return (np.concatenate(found) if found else np.zeros((0, 2), np.int64)), crowds.tolist()


def _participating(table: _Table, found: Ints, participation: int) -> Ints:
    """The co-shares of which one side at least belongs to an account with enough shares in co-shared posts."""
    posts = np.zeros(int(table.post.max(initial=0)) + 1, np.bool_)
    posts[table.post[found]] = True
    shared = posts[table.post]
    often = np.bincount(table.account[shared], minlength=len(table.accounts)) >= participation
    return found[often[table.account[found]].any(axis=1)]


class _Chances:
    """Of pairs of accounts the larger mean and the larger p-value of the two explanations."""

    def __init__(self, table: _Table, found: Ints, several: _Pairs) -> None:
        total = len(table.at)
        self._active = np.bincount(table.account, minlength=len(table.accounts)).astype(np.float64)
        self._rate = 2.0 * len(found) / max(1.0, total * (total - 1.0))
        self._common = _Common(table, found, several)

    def leave_out(self, outlying: NDArray[np.bool_]) -> None:
        """Do not take these of the `several` pairs for a measure of what is usual."""
        self._common.leave_out(outlying)

    def of(self, a: Ints, b: Ints, distinct: Ints | None = None) -> tuple[Floats, Floats]:
        """P(X ≥ `distinct`); without it, of as many objects as the two have in common."""
        mean, p = np.empty(len(a)), np.empty(len(a))
        for start in range(0, len(a), _CHUNK):
            part = slice(start, start + _CHUNK)
            activity = self._rate * self._active[a[part]] * self._active[b[part]]
            common = self._common.of(a[part], b[part])
            seen = common.number if distinct is None else distinct[part].astype(np.float64)
            timing = betainc(seen, common.number - seen + 1.0, common.mean / np.maximum(common.number, 1.0))
            mean[part] = np.maximum(activity, common.mean)
            p[part] = np.maximum(gammainc(seen, activity), timing)
        return mean, p


class _Timing(NamedTuple):
    """Objects that pairs of accounts have in common, and how many they co-share on average if times are chance."""

    number: Floats
    mean: Floats


class _Common:
    """What pairs of accounts have in common, and how likely that was to be shared within the window."""

    def __init__(self, table: _Table, found: Ints, several: _Pairs) -> None:
        self._width = len(table.accounts)
        self._objects = len(table.objects)
        held, times = np.unique(table.account * self._objects + table.object, return_counts=True)
        self._object, self._times = held % self._objects, times
        self._start = np.searchsorted(held // self._objects, np.arange(self._width + 1))
        self._held = held
        keys = _keys(table, found)
        self._pairs = several.key
        at = np.minimum(np.searchsorted(self._pairs, keys), len(self._pairs) - 1)
        own = self._pairs[at] == keys
        cells = at[own] * self._objects + table.object[found[own, 0]]
        self._cells, self._co_shares = np.unique(cells, return_counts=True)
        shares = np.bincount(table.object, minlength=self._objects).astype(np.float64)
        same = np.bincount(self._object, weights=times * (times - 1.0) / 2.0, minlength=self._objects)
        self._possible = shares * (shares - 1.0) / 2.0 - same
        self._happened = np.bincount(table.object[found[:, 0]], minlength=self._objects).astype(np.float64)
        accounts = np.bincount(self._object, minlength=self._objects)
        self._class = np.log2(np.maximum(accounts, 1)).astype(np.int64)
        self._outlying = np.zeros(len(self._pairs), np.bool_)
        self._sum_up()

    def _sum_up(self) -> None:
        self._class_possible = np.bincount(self._class, weights=self._possible)
        self._class_happened = np.bincount(self._class, weights=self._happened)

    def leave_out(self, outlying: NDArray[np.bool_]) -> None:
        keys = self._pairs[outlying]
        for start in range(0, len(keys), _CHUNK):
            key = keys[start : start + _CHUNK]
            pair, thing, ways = self._in_common(key // self._width, key % self._width)
            own = self._own(key, pair, thing)
            self._possible = self._possible - np.bincount(thing, weights=ways, minlength=self._objects)
            self._happened = self._happened - np.bincount(thing, weights=own, minlength=self._objects)
        self._outlying = outlying
        self._sum_up()

    def of(self, a: Ints, b: Ints) -> _Timing:
        pair, thing, ways = self._in_common(a, b)
        key = a * self._width + b
        counted = ~self._is_outlying(key)[pair]
        happened = self._happened[thing] - np.where(counted, self._own(key, pair, thing), 0.0)
        possible = self._possible[thing] - np.where(counted, ways, 0.0)
        usual = self._of_its_class(pair, thing)
        each = np.clip((happened + _PRIOR * usual) / (possible + _PRIOR), 0.0, 1.0)
        each = 1.0 - (1.0 - each) ** ways
        number = np.bincount(pair, minlength=len(a)).astype(np.float64)
        mean = np.bincount(pair, weights=each, minlength=len(a))
        return _Timing(number, np.minimum(mean, number))

    def _is_outlying(self, key: Ints) -> NDArray[np.bool_]:
        place = np.minimum(np.searchsorted(self._pairs, key), len(self._pairs) - 1)
        found: NDArray[np.bool_] = (self._pairs[place] == key) & self._outlying[place]
        return found

    def _own(self, key: Ints, pair: Ints, thing: Ints) -> Floats:
        """Co-shares of each pair of each object."""
        place = np.minimum(np.searchsorted(self._pairs, key), len(self._pairs) - 1)
        place = np.where(self._pairs[place] == key, place, -1)
        cell = place[pair] * self._objects + thing
        at = np.minimum(np.searchsorted(self._cells, cell), len(self._cells) - 1)
        return np.where((self._cells[at] == cell) & (place[pair] >= 0), self._co_shares[at], 0).astype(np.float64)

    def _of_its_class(self, pair: Ints, thing: Ints) -> Floats:
        """The rate of objects of the same popularity, those the pair has in common left out. One in four if none are:
        enough that what two alone share is judged by how often they do.
        """
        kinds = len(self._class_possible)
        cell, where = np.unique(pair * kinds + self._class[thing], return_inverse=True)
        happened = self._class_happened[cell % kinds] - np.bincount(where, weights=self._happened[thing])
        possible = self._class_possible[cell % kinds] - np.bincount(where, weights=self._possible[thing])
        rate: Floats = (np.maximum(happened, 0.0) + 0.5) / (np.maximum(possible, 0.0) + 2.0)
        return rate[where]

    def _in_common(self, a: Ints, b: Ints) -> tuple[Ints, Ints, Floats]:
        """For each object of the account that has fewer, whether the other has it: pair, object, pairs of shares."""
        lengths = np.diff(self._start)
        few, many = np.where(lengths[a] <= lengths[b], (a, b), (b, a))
        size = lengths[few]
        pair = np.repeat(np.arange(len(a)), size)
        row = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(self._start[few], size)
        thing = self._object[row]
        wanted = many[pair] * self._objects + thing
        at = np.minimum(np.searchsorted(self._held, wanted), len(self._held) - 1)
        both = self._held[at] == wanted
        return pair[both], thing[both], (self._times[row] * self._times[at])[both].astype(np.float64)


def _tests(table: _Table, chances: _Chances, level: float) -> tuple[float, float]:
    """How many pairs of accounts could be found, and the p-value that each of them can reach (Tarone, Gilbert).

    Where there are too many to look at, every so-manieth account stands for the others.
    """
    width = len(table.accounts)
    held = np.unique(table.object * width + table.account)
    held = held[(np.bincount(held % width, minlength=width) >= REPEATED)[held % width]]
    thing, account = held // width, held % width
    sharing = np.bincount(thing, minlength=len(table.objects))
    every = int(np.ceil(sharing[thing].sum() / _MOST_COMMON)) or 1
    asked = np.flatnonzero(account % every == 0)
    size = sharing[thing[asked]]
    start = np.searchsorted(thing, thing[asked])
    met = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + np.repeat(start, size)
    common, times = np.unique(np.repeat(account[asked], size) * width + account[met], return_counts=True)
    common = common[(times >= REPEATED) & (common // width != common % width)]
    one, other = common // width, common % width
    _, least = chances.of(np.minimum(one, other), np.maximum(one, other))
    # The smallest K with at most K pairs that can reach level / K; each pair was met from both of its sides.
    ranked = np.sort(least)
    number = np.arange(1, len(ranked) + 1) * (every / 2.0)
    fits = np.searchsorted(ranked, level / number, side="right") * (every / 2.0) <= number
    smallest = float(number[fits][0]) if fits.any() else 1.0
    reach = level / smallest
    return max(1.0, float(np.searchsorted(ranked, reach, side="right")) * every / 2.0), reach


def _q_values(p: Floats, reachable: NDArray[np.bool_], tested: float) -> Floats:
    """Benjamini & Hochberg's adjusted p-values of those pairs that could be found, 1 for the rest."""
    q = np.ones(len(p))
    chosen = np.flatnonzero(reachable)
    order = chosen[np.argsort(p[chosen], kind="stable")]
    adjusted = p[order] * max(tested, len(order)) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(1.0, np.minimum.accumulate(adjusted[::-1])[::-1])
    return q
