"""Are pictures found again after what people do to them, and never mistaken? `python -m benchmarks.media_reuse --help`.

The photographs of ../shared/data/images, if they are there, are split by a seed into an archive and negatives. The
archive also holds dressed copies of some (in a frame, with a caption, in an app …). Queries are every edit of archived
pictures, and the negatives in every dress that the archive has seen. The matcher is asked through the same door as
`secondsource eval media`; beside it, what every post has without being asked: hashes of views. A match is wrong unless
it is the query's own photograph, or one listed as the same scene.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pdqhash
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.edits import DRESSES, EDITS, edited
from benchmarks.report import Report, measured
from enrich.looking import Looker
from enrich.media.pictures import Unusable
from secondsource.app.evaluation import media as evaluate_media
from secondsource.contracts.messages import Picture
from store.pictures.archive import Imported
from store.store import open_store

DATA: Final = Path(__file__).parents[2] / "shared" / "data" / "images"
_DRESS: Final = 1  #: the dress that archive and negatives share
#: Photographs of one scene, looked at side by side: one lamp, lit and exposed longer.
SAME_SCENE: Final = (frozenset({"exifs_4825f596c8", "exifs_e060c50235"}),)
TARGETS: Final = {"screenshot of a screenshot": 0.75}


class Plan(NamedTuple):
    archive: int  #: pictures in the archive
    dressed: int  #: dressed copies among them
    asked: int  #: of these pictures every edit is asked
    negatives: int
    seed: int
    jobs: int
    edits: tuple[str, ...] = tuple(EDITS)


class Asked(NamedTuple):
    """A query: its file's name, the photograph it shows ("" for a negative), and the edit."""

    file: str
    of: str
    edit: str


class Found(NamedTuple):
    asked: list[Asked]
    right: dict[str, list[bool]]
    wrong: list[tuple[Asked, str, dict[str, Any]]]
    wrong_by_views: set[Asked]


def pictures(seed: int) -> list[Path]:
    """The photographs, shuffled; none where the folder is not there."""
    found = sorted(DATA.glob("*.jpg"))
    random.Random(seed).shuffle(found)
    return found


def measure(plan: Plan, say: Console) -> tuple[Found, dict[str, list[float]]]:
    """Ask every query; and how the first stage alone and the two baselines fare on the same."""
    all_of_them = pictures(plan.seed)
    kept, negatives = all_of_them[: plan.archive], all_of_them[plan.archive :][: plan.negatives]
    found = Found([], defaultdict(list), [], set())
    baseline: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="media-reuse-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        for name in ("archive", "index"):
            (folder / name).mkdir()
        for path in kept:
            (folder / "archive" / path.name).write_bytes(path.read_bytes())
        for i, path in enumerate(kept[: plan.dressed]):
            dress = DRESSES[i % len(DRESSES)]
            _saved(edited(opened(path), path.stem, dress, dress=_DRESS), folder / "archive" / f"{path.stem}@{i}.png")
        with measured() as spent:
            archived = evaluate_media.archive(folder / "archive", folder / "index", plan.jobs)
        say.print(f"{len(archived.names)} pictures archived, {spent.wall / len(archived.names) * 1e3:.0f} ms each")
        hashes = _Hashes(kept)
        views = stack.enter_context(closing(_Views(folder / "archive", folder / "views.sqlite")))
        for edit in plan.edits:
            asked = [(path, path.stem) for path in kept[: plan.asked]]
            with _queries(folder, edit, asked, None) as (where, queries):
                _ask(archived, where, queries, plan, found)
                seen = _by_views(views, where, queries, found)
                baseline["stage one, in every post"] += [query.of in seen[query.file] for query in queries]
                for query in queries:
                    near, turned = hashes.within(where / query.file, query.of)
                    baseline["PDQ, radius 31"].append(near)
                    baseline["PDQ, 8 orientations, radius 46"].append(turned)
            say.print(f"{edit:32} {np.mean(found.right[edit]):.3f}   wrong so far {len(found.wrong)}")
        for edit in DRESSES:
            with _queries(folder, edit, [(path, "") for path in negatives], _DRESS) as (where, queries):
                _ask(archived, where, queries, plan, found)
                _by_views(views, where, queries, found)
    return found, baseline


def _ask(archived: evaluate_media.Archived, where: Path, queries: Sequence[Asked], plan: Plan, found: Found) -> None:
    by_file = {query.file: query for query in queries}
    matched: dict[str, set[str]] = defaultdict(set)
    for record in evaluate_media.searched(archived, where, plan.jobs):
        query = by_file[record["query"]]
        photograph = Path(query.file).stem
        if record["match"] is not None:
            stem = Path(record["match"]).stem.partition("@")[0]
            matched[query.file].add(stem)
            if stem != query.of and not _one_scene(stem, photograph):
                found.wrong.append((query, record["match"], record))
    for query in queries:
        found.asked.append(query)
        if query.of:
            found.right[query.edit].append(query.of in matched[query.file])


def _by_views(views: _Views, where: Path, queries: Sequence[Asked], found: Found) -> dict[str, set[str]]:
    """Photographs found by hashes alone, by the query's file."""
    matched = {query.file: views.matched(where / query.file) for query in queries}
    for query in queries:
        if any(stem != query.of and not _one_scene(stem, Path(query.file).stem) for stem in matched[query.file]):
            found.wrong_by_views.add(query)
    return matched


def _one_scene(one: str, other: str) -> bool:
    return any({one, other} <= scene for scene in SAME_SCENE)


@contextmanager
def _queries(
    folder: Path, edit: str, of: Iterable[tuple[Path, str]], dress: int | None
) -> Iterator[tuple[Path, list[Asked]]]:
    with tempfile.TemporaryDirectory(dir=folder) as where:
        asked = []
        for path, stem in of:
            file = f"{path.stem}.png"
            _saved(edited(opened(path), path.stem, edit, dress=dress), Path(where) / file)
            asked.append(Asked(file, stem, edit))
        yield Path(where), asked


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def _saved(picture: Image.Image, path: Path) -> None:
    picture.save(path, compress_level=1)


class _Views:
    """Stage one as every post has it: the hashes of a picture's views, asked of the store that has the others'."""

    def __init__(self, archived: Path, database: Path) -> None:
        self._store = open_store(f"sqlite:///{database}", create=True)
        self._looker = Looker(max_pixels=50_000_000)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        paths = sorted(archived.iterdir())
        self._store.archive.bring(Imported(self._looked(path), path.stem.partition("@")[0] + f"@{number}", at)
                                  for number, path in enumerate(paths))  # fmt: skip
        self._asked_at = at + timedelta(days=1)

    def matched(self, path: Path) -> set[str]:
        """Photographs of which this is one."""
        found = self._store.archive.earlier([self._looked(path)], self._asked_at, 1_000)
        return {each.source.partition("@")[0] for each in found}

    def _looked(self, path: Path) -> Picture:
        found = self._looker.look(path.read_bytes())
        if isinstance(found, Unusable):
            msg = f"{path.name}: {found.reason}"
            raise TypeError(msg)
        return found[0]

    def close(self) -> None:
        self._store.close()


class _Hashes:
    """The baselines: PDQ of whole pictures."""

    def __init__(self, kept: Sequence[Path]) -> None:
        self._stems = [path.stem for path in kept]
        self._codes = np.stack([pdqhash.compute(np.asarray(opened(path)))[0] for path in kept]).astype(np.int16)

    def within(self, path: Path, stem: str) -> tuple[bool, bool]:
        """Whether plain PDQ finds it within 31 bits, and its eight orientations within 46."""
        turned = np.stack(pdqhash.compute_dihedral(np.asarray(opened(path)))[0]).astype(np.int16)
        far = np.abs(turned - self._codes[self._stems.index(stem)]).sum(axis=1)
        return bool(far[0] <= 31), bool(far.min() <= 46)


def show(found: Found, baseline: dict[str, list[float]], say: Console) -> None:
    table = Table(title="Recall after each edit")
    for column in ("edit", "recall", "asked"):
        table.add_column(column, justify="left" if column == "edit" else "right")
    for edit, right in found.right.items():
        table.add_row(edit, f"{np.mean(right):.3f}", f"≥ {TARGETS.get(edit, 0.90):.2f}")
    say.print(table)
    mean = np.mean([np.mean(right) for right in found.right.values()])
    say.print(f"mean recall over {len(found.right)} edits: {mean:.3f}   (asked: ≥ 0.97)")
    for name, values in baseline.items():
        say.print(f"  {name}: {np.mean(values):.3f}")
    wrong = len({(query.file, query.edit, query.of) for query, _, _ in found.wrong})
    say.print(f"queries with a wrong match: {wrong} of {len(found.asked)}   (asked: 0)")
    say.print(f"  with one in stage one alone: {len(found.wrong_by_views)}")
    for query, match, record in found.wrong[:20]:
        say.print(f"  {query.edit}: {query.file} is not {match}: {record['kind']} {record['confidence']}")


def run(report: Report, scale: float) -> None:
    """For `make bench`."""
    if not pictures(0):
        print("  media reuse: skipped: no data")
        return
    plan = Plan(round(80 * scale) or 8, round(20 * scale), round(60 * scale) or 4, round(50 * scale) or 4, 1, 1)
    started = time.perf_counter()
    found, baseline = measure(plan, Console(width=140))
    mean = float(np.mean([np.mean(right) for right in found.right.values()]))
    worst = min(found.right, key=lambda edit: float(np.mean(found.right[edit])))
    report.add("media reuse", f"mean recall over {len(found.right)} edits", mean, "of 1", target="≥ 0.97")
    report.add("media reuse", f"worst edit: {worst}", float(np.mean(found.right[worst])), "of 1", target="≥ 0.90")
    wrong = len({(query.file, query.edit) for query, _, _ in found.wrong})
    report.add("media reuse", f"queries with a wrong match, of {len(found.asked)}", wrong, "queries", target="0")
    alone = len(found.wrong_by_views)
    report.add("media reuse", "of these with a wrong match in stage one alone", alone, "queries", target="0")
    for name, values in baseline.items():
        report.add("media reuse", f"mean recall of {name}", float(np.mean(values)), "of 1")
    report.add("media reuse", "all of it took", time.perf_counter() - started, "s")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media_reuse", description=__doc__)
    parser.add_argument("--archive", type=int, default=80, help="pictures in the archive")
    parser.add_argument(
        "--dressed", type=int, default=20, help="dressed copies besides, that negatives are dressed like"
    )
    parser.add_argument("--asked", type=int, default=70, help="archived pictures of which every edit is asked")
    parser.add_argument("--negatives", type=int, default=50, help="other pictures, asked in every dress")
    parser.add_argument("--quick", action="store_true", help="a look in a minute: 30 archived, 6 asked, 6 negatives")
    parser.add_argument(
        "--edit", action="append", choices=tuple(EDITS), help="only this edit; may be given more than once"
    )
    parser.add_argument("--seed", type=int, default=1, help="which pictures are archived, which asked")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args()
    say = Console(width=140, highlight=False)
    if not pictures(0):
        say.print("skipped: no data")
        return
    sizes = (30, 10, 6, 6) if options.quick else (options.archive, options.dressed, options.asked, options.negatives)
    plan = Plan(sizes[0], sizes[1], sizes[2], sizes[3], options.seed, options.jobs, tuple(options.edit or EDITS))
    found, baseline = measure(plan, say)
    show(found, baseline, say)


if __name__ == "__main__":
    main()
