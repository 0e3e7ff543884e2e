"""How far a story has gone, what its watch leads to expect at that age, and how surprising the difference is.

Interactions are counted, so over-dispersed: the negative binomial with mean E and variance E + α·E² (NB2; Cameron &
Trivedi, "Regression Analysis of Count Data", 2nd ed., §3.3). α comes from the method of moments, α = (s² - m) / m²
(Anscombe, "The statistical analysis of insect counts based on the negative binomial distribution", Biometrics 5,
1949; Bliss & Fisher 1953). The expected value is the mean of the middle half of earlier ones at the same age, as
CrowdTangle's overperforming score had it, so that one story gone wild does not raise what is expected of the next.

Between two ages at which stories are compared, E grows as a power of age does.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from scipy import special

from secondsource.contracts.baselines import AGES, CLASSES, ONE_AGE, AtAge, Usual
from secondsource.contracts.messages import Spread

#: Ages, in seconds, at which every story's interactions are noted.
CHECKPOINTS = AGES
#: The age at which an account's own posts are compared with its peers'.
ACCOUNT_CHECKPOINT = ONE_AGE
_LOGS = tuple(map(math.log, CHECKPOINTS))
_LAST = 200
_ACCOUNT_LAST = 100
_ACCOUNT_FEWEST = 3
#: k: how many of an account's own posts weigh as much as its peers: all that are kept of it.
PEERS_WEIGHT = 100.0
#: A watch where nothing ever spreads still expects this much: no history proves that something is impossible.
FLOOR = 0.5
#: Followers between one class of accounts and the next. A baseline has deciles instead.
CLASS_BOUNDS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
#: Followers from which on smaller accounts say nothing of an account.
LARGE = 100_000
_CLASS_LAST = 100
_CLASS_WEIGHT = 5.0
_REFRESH = 8
_FEW = 64
_BASELINE_MOST = 50


class Expected(NamedTuple):
    """E and α at an age, from how many earlier stories."""

    mean: float
    dispersion: float
    history: int


NOTHING = Expected(0.0, 0.0, 0)


class Tally:
    """Interactions with the posts of one side of a story, each act counted once.

    Of each post the larger of what the stream showed and what its platform reported; an account that passes on several
    posts of the story counts once. A repost's own counts are its original's, so they are never reported here.
    """

    __slots__ = ("_reported", "_seen", "_spreaders", "total")

    def __init__(self) -> None:
        self.total = 0
        self._seen: dict[int, int] = {}
        self._reported: dict[int, int] = {}
        self._spreaders: set[int] = set()

    def counts(self, account: int) -> bool:
        """Whether an act of this account would count."""
        return account not in self._spreaders

    def pass_on(self, account: int, post: int) -> None:
        self._spreaders.add(account)
        seen = self._seen[post] = self._seen.get(post, 0) + 1
        self.total += seen > self._reported.get(post, 0)

    def of(self, post: int) -> int:
        """Interactions with one post: the larger of what was seen and what was reported."""
        return max(self._seen.get(post, 0), self._reported.get(post, 0))

    def take_back(self, account: int, post: int) -> None:
        """The act was deleted at the source."""
        self._spreaders.discard(account)
        seen = self._seen[post] = self._seen[post] - 1
        self.total -= seen >= self._reported.get(post, 0)

    def report(self, post: int, interactions: int) -> bool:
        """A platform's own count. Counts that fall or repeat change nothing; True if something changed."""
        before = self._reported.get(post, 0)
        if interactions <= before:
            return False
        self._reported[post] = interactions
        seen = self._seen.get(post, 0)
        self.total += max(interactions, seen) - max(before, seen)
        return True

    def forget(self, post: int) -> None:
        """The post is gone, and its platform's count with it; what others were seen to do with it stays."""
        reported = self._reported.pop(post, 0)
        seen = self._seen.get(post, 0)
        self.total -= max(reported, seen) - seen


class _Checkpoint(msgspec.Struct, array_like=True):
    values: list[int] = []  # the last ones, in the order they came
    added: int = 0


class History:
    """The last 200 stories' interactions at each checkpoint, and what they lead to expect.

    What they lead to is taken anew at every eighth, once there are 64, whoever asks and when. `baseline`, one for each
    checkpoint where there is one, counts for as much as 50 stories.
    """

    def __init__(self) -> None:
        self._checkpoints = [_Checkpoint() for _ in CHECKPOINTS]
        self._taken: list[tuple[int, Expected]] = [(0, NOTHING) for _ in CHECKPOINTS]  # as of how many, what
        self._baseline: tuple[AtAge, ...] = ()
        self._now: dict[int, Expected] = {}  # at checkpoints that nothing was added to since they were asked about

    def rest_on(self, baseline: tuple[AtAge, ...]) -> None:
        """From now on. Empty: on nothing but what is added here."""
        self._baseline = baseline
        self._now = {}

    def add(self, place: int, interactions: int) -> None:
        """Note a story's interactions at the checkpoint `place`."""
        checkpoint = self._checkpoints[place]
        checkpoint.values.append(interactions)
        checkpoint.added += 1
        self._now.pop(place, None)
        if len(checkpoint.values) >= 2 * _LAST:
            del checkpoint.values[: _LAST - _REFRESH]

    def at(self, age: float) -> Expected:
        """What is expected at this age: at the first checkpoint before it, at the last one after it."""
        place = bisect_left(CHECKPOINTS, age)
        if place == 0 or place == len(CHECKPOINTS):
            return self.expected(min(place, len(CHECKPOINTS) - 1))
        before, after = self.expected(place - 1), self.expected(place)
        if not before.history:
            return after
        share = (math.log(age) - _LOGS[place - 1]) / (_LOGS[place] - _LOGS[place - 1])
        start, end = max(before.mean, FLOOR), max(after.mean, FLOOR)
        return Expected(
            start * (end / start) ** share,
            before.dispersion + share * (after.dispersion - before.dispersion),
            min(before.history, after.history),
        )

    def expected(self, place: int) -> Expected:
        """At a checkpoint."""
        now = self._now.get(place)
        if now is None:
            now = self._now[place] = self._reckoned(place)
        return now

    def _reckoned(self, place: int) -> Expected:
        checkpoint = self._checkpoints[place]
        fresh = checkpoint.added % _REFRESH if checkpoint.added >= _FEW else 0
        as_of, own = self._taken[place]
        if as_of != checkpoint.added - fresh:
            ranked = sorted(checkpoint.values[: len(checkpoint.values) - fresh][-_LAST:])
            own = Expected(middle_mean(ranked), dispersion(ranked), len(ranked))
            self._taken[place] = checkpoint.added - fresh, own
        return resting(own, self._baseline[place]) if self._baseline else own

    def save(self) -> bytes:
        return msgspec.msgpack.encode(self._checkpoints)

    def load(self, saved: bytes) -> None:
        self._checkpoints = msgspec.msgpack.decode(saved, type=list[_Checkpoint])
        self._taken = [(0, NOTHING) for _ in CHECKPOINTS]
        self._now = {}


def resting(own: Expected, baseline: AtAge) -> Expected:
    """What is seen now and what was seen before, by how much there is of each."""
    weight = min(baseline.history, _BASELINE_MOST)
    if not own.history + weight:
        return own
    share = weight / (own.history + weight)
    return Expected(
        own.mean + share * (baseline.mean - own.mean),
        own.dispersion + share * (baseline.dispersion - own.dispersion),
        own.history + baseline.history,
    )


def middle_mean(ranked: Sequence[int]) -> float:
    """The mean of the middle half of sorted values; 0 for none."""
    cut = len(ranked) // 4
    middle = ranked[cut : len(ranked) - cut]
    return sum(middle) / len(middle) if middle else 0.0


def dispersion(ranked: Sequence[int]) -> float:
    """α by the method of moments, from sorted values with the outermost 5 % on each side brought in to the next ones.

    0 (Poisson) where they vary no more than a Poisson would.
    """
    count = len(ranked)
    if count < 2:
        return 0.0
    cut = count // 20
    low, high = ranked[cut], ranked[count - 1 - cut]
    inner = ranked[cut : count - cut]
    total = sum(inner) + cut * (low + high)
    squares = sum(value * value for value in inner) + cut * (low * low + high * high)
    mean = total / count
    variance = (squares - total * mean) / (count - 1)
    return max(0.0, (variance - mean) / (mean * mean)) if mean > 0 else 0.0


def surprise(interactions: int, expected: float, alpha: float) -> float:
    """P(X ≥ x) for X negative binomial with mean `expected` and variance E + α·E²; Poisson for α = 0.

    With r = 1/α, P(X ≥ x) = I_{E/(r+E)}(x, r), the regularised incomplete beta function (Johnson, Kemp & Kotz,
    "Univariate Discrete Distributions", 3rd ed., §5.6); for Poisson the regularised gamma function P(x, E) (ibid.,
    §4.4).
    """
    if interactions <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if alpha < 1e-9:
        return float(special.gammainc(interactions, expected))
    shape = 1.0 / alpha
    return float(special.betainc(interactions, shape, expected / (shape + expected)))


def account_mean(own: Sequence[int], usual: tuple[int, float] | None = None) -> Usual:
    """What an account's posts came to, the mean of their middle half: of those seen, and of those its baseline knows.

    Nothing where that is fewer than three.
    """
    known, mean = usual if usual is not None else (0, 0.0)
    known = min(known, _BASELINE_MOST)
    posts = len(own) + known
    if posts < _ACCOUNT_FEWEST:
        return Usual(posts=0, mean=0.0)
    return Usual(posts=posts, mean=(middle_mean(sorted(own)) * len(own) + mean * known) / posts)


def blended(peers: float, account: Usual, peers_then: float) -> float:
    """E = (n·E_account + k·E_peers) / (n + k).

    An account's own last posts are known at one age only, and grow like its peers' do: E_account at the age in
    question is `peers` times what the account reached, against what its peers reached (`peers_then`), at that one
    age.
    """
    ratio = account.mean / max(peers_then, FLOOR)
    return (account.posts * peers * ratio + PEERS_WEIGHT * peers) / (account.posts + PEERS_WEIGHT)


def measure(
    interactions: int,
    age: float,
    history: History,
    own: Sequence[int],
    min_history: int,
    peers: float | None = 1.0,
    usual: tuple[int, float] | None = None,
) -> Spread:
    """The spread of a story `age` seconds old. `own`: what its first account's earlier posts reached in an hour.

    `peers`: how far posts of accounts of about as many followers go, against all of the watch; None where there are
    none to compare with. Where the account is not known by itself either, that is too little to go by. `usual`: how
    many posts of the account its watch's baseline knows, and the mean of their middle half in an hour.
    """
    expected = history.at(age)
    seen = account_mean(own, usual)
    known = peers is not None or seen.posts
    if not known or expected.history < max(1, min_history):
        return Spread(interactions=interactions, age_seconds=age, state="insufficient data", history=expected.history)
    then = max(history.expected(ACCOUNT_CHECKPOINT).mean, FLOOR)
    mean = max(expected.mean, FLOOR)
    if peers is None:  # nothing but the account itself to go by
        mean *= seen.mean / then
    else:
        mean = blended(mean * peers, seen, then * peers)
    mean = max(mean, FLOOR)
    return Spread(
        interactions=interactions,
        age_seconds=age,
        state="measured",
        expected=_short(mean),
        dispersion=_short(expected.dispersion),
        surprise=_short(surprise(interactions, mean, expected.dispersion)),
        history=expected.history,
    )


class Classes:
    """What the last posts of each class of accounts reached at one age. Classes go by followers, the smallest is 0."""

    def __init__(self) -> None:
        self._values: list[list[int]] = [[] for _ in range(CLASSES)]
        self._totals: dict[int, float] = {}  # of classes that nothing was added to since they were asked about
        self._baseline: tuple[Usual, ...] = ()
        self._bounds: tuple[int, ...] = ()

    def rest_on(self, baseline: tuple[Usual, ...], bounds: tuple[int, ...]) -> None:
        """The classes of a baseline have bounds of their own."""
        self._baseline, self._bounds = baseline, bounds

    def add(self, place: int, interactions: int) -> None:
        values = self._values[place]
        values.append(interactions)
        self._totals.pop(place, None)
        if len(values) > _CLASS_LAST:
            del values[0]

    def ratio(self, followers: int, overall: float) -> float | None:
        """How far such accounts' posts go, where those of all go as far as `overall`: 1 where they do not differ.

        A class of which little is known is drawn towards 1. None: the account has so many followers that nothing like
        it has been seen, and what smaller ones reach says nothing of it.
        """
        place = class_of(followers, CLASS_BOUNDS)
        values = self._values[place]
        total = self._totals.get(place)
        if total is None:
            total = self._totals[place] = middle_mean(sorted(values)) * len(values)
        posts = len(values)
        baseline = self._baseline[class_of(followers, self._bounds)] if self._baseline else None
        if baseline is not None:
            weight = min(baseline.posts, _BASELINE_MOST)
            posts, total = posts + weight, total + weight * baseline.mean
        if followers >= LARGE and posts < _ACCOUNT_FEWEST and not any(map(len, self._values[place:])):
            return None
        overall = max(overall, FLOOR)
        return (total / overall + _CLASS_WEIGHT) / (posts + _CLASS_WEIGHT)

    def save(self) -> list[list[int]]:
        return self._values

    def load(self, saved: list[list[int]]) -> None:
        self._values, self._totals = saved, {}


def class_of(followers: int, bounds: Sequence[int]) -> int:
    """The class of an account: how many of the bounds it has passed or reached."""
    return bisect_right(bounds, followers)


class Accounts:
    """What the last posts of each account reached at one age; the accounts longest silent are forgotten first."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._values: dict[int, tuple[int, ...]] = {}
        self._stamps: dict[int, int] = {}
        self._stamp = 0

    def add(self, account: int, interactions: int) -> int:
        """Note one post's interactions. The account forgotten for it, or 0."""
        self._stamp += 1
        self._stamps[account] = self._stamp
        self._values[account] = (*self._values.pop(account, ()), interactions)[-_ACCOUNT_LAST:]
        if len(self._values) <= self._most:
            return 0
        forgotten = next(iter(self._values))
        del self._values[forgotten], self._stamps[forgotten]
        return forgotten

    def of(self, account: int) -> tuple[int, ...]:
        return self._values.get(account, ())

    def save(self, account: int) -> bytes:
        return msgspec.msgpack.encode((self._stamps[account], self._values[account]))

    def load(self, saved: Mapping[int, bytes]) -> None:
        decoder = msgspec.msgpack.Decoder(tuple[int, tuple[int, ...]])
        known = ((account, *decoder.decode(body)) for account, body in saved.items())
        for account, stamp, values in sorted(known, key=lambda one: one[1]):
            self._values[account], self._stamps[account], self._stamp = values, stamp, stamp


def _short(value: float) -> float:
    """Six significant digits: more would differ between builds of the mathematics libraries."""
    return float(f"{value:.6g}")
