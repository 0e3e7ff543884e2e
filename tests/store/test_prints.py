"""Prints of pictures are kept once, followed in order, and erased with the last post that showed the picture."""

from __future__ import annotations

from msgspec.structs import replace

from secondsource.contracts.messages import Reuse
from store.pictures.archive import Imported
from store.store import Store
from tests.store import velgrad as v


def test_they_are_kept_once_and_followed_in_order(store: Store) -> None:
    store.prints.keep([("a" * 64, b"one"), ("b" * 64, b"two")])
    store.prints.keep([("a" * 64, b"again"), ("c" * 64, b"three")])
    told = list(store.prints.after(0))
    assert [(name, body) for _, name, body in told] == [("a" * 64, b"one"), ("b" * 64, b"two"), ("c" * 64, b"three")]
    first, last = told[0][0], told[-1][0]
    assert [name for _, name, _ in store.prints.after(first)] == ["b" * 64, "c" * 64]
    names = [each * 64 for each in "abcd"]
    assert [store.prints.before(each, names) for each in names] == [set(), {names[0]}, {*names[:2]}, set()]
    assert (store.prints.last(), store.prints.at(last), store.prints.at(last + 1)) == (last, "c" * 64, "")


def test_a_removed_picture_leaves_no_print_and_everybody_hears_of_it(store: Store) -> None:
    bridge, river = v.picture("bridge"), v.picture("river")
    v.keep(store, v.enriched(1, pictures=(bridge,)), v.enriched(2, pictures=(river,)))
    store.prints.keep([(bridge.id, b"one"), (river.id, b"two")])
    last = store.prints.last()
    v.keep(store, v.takedown(1))
    assert [(name, body) for _, name, body in store.prints.after(last)] == [(bridge.id, b"")]
    assert [body for _, name, body in store.prints.after(0) if name == bridge.id] == [b"", b""]


def test_a_picture_that_comes_after_its_post_was_removed_leaves_no_print(store: Store) -> None:
    bridge = v.picture("bridge")
    v.keep(store, v.takedown(1))
    store.prints.keep([(bridge.id, b"one")])
    v.keep(store, v.enriched(1, pictures=(bridge,)))
    assert all(body == b"" for _, _, body in store.prints.after(0))


def test_what_is_seen_in_part_is_found_from_either_side(store: Store) -> None:
    whole, part = v.picture("whole"), v.picture("part")
    seen = Reuse(
        picture=whole.id, kind="features", inliers=40, confidence=0.97, region=(0.5, 0.0, 1.0, 1.0),
        transform=(2.0, 0.0, -1.0, 0.0, 1.0, 0.0),
    )  # fmt: skip
    cropped = replace(part, found=(seen,))
    entry = Imported(whole, "import:agency/whole.jpg", v.at(-1000), named=("ostrava-brod",), dated_by="importer, day")
    store.archive.bring([entry])
    v.keep(store, v.enriched(1, seconds=10, pictures=(cropped,)))
    (first,) = store.archive.earlier([part], v.at(5), 5)
    assert (first.kind, first.inliers, first.region) == ("features", 40, (0.5, 0.0, 1.0, 1.0))
    assert (first.seen_in, first.named, first.source) == ("archive", ("ostrava-brod",), "import:agency/whole.jpg")
    found = store.archive.earlier([whole], v.at(50), 5)
    assert [(each.source, each.kind, each.region) for each in found] == [
        ("import:agency/whole.jpg", "bytes", (0.0, 0.0, 1.0, 1.0)),
        ("x:1", "features", (0.0, 0.0, 1.0, 1.0)),
    ]
