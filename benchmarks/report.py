"""Figures as a table for people and as JSON for machines. Ratios within one run are what to read."""

from __future__ import annotations

import json
import platform
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured number. `target` is what was asked for, in words ("≥ 4,000"), "" for a peer or a plain fact."""

    bench: str
    what: str
    value: float
    unit: str
    target: str = ""
    note: str = ""


@dataclass
class Report:
    figures: list[Figure] = field(default_factory=list)

    def add(self, bench: str, what: str, value: float, unit: str, *, target: str = "", note: str = "") -> None:
        figure = Figure(bench, what, value, unit, target, note)
        self.figures.append(figure)
        print(f"  {what}: {value:,.3g} {unit} {f'(asked: {target})' if target else ''} {note}", flush=True)

    def table(self) -> Table:
        table = Table(title="Second Source: figures of this run")
        for column in ("bench", "what", "value", "unit", "asked", "note"):
            table.add_column(column, justify="right" if column == "value" else "left", overflow="fold")
        for f in self.figures:
            value = f"{f.value:,.0f}" if abs(f.value) >= 100 else f"{f.value:,.3g}"
            table.add_row(f.bench, f.what, value, f.unit, f.target, f.note)
        return table

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        machine = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
        body = {"machine": machine, "figures": [asdict(figure) for figure in self.figures]}
        path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        console.print(self.table())


@dataclass
class Spent:
    """Seconds on the wall and of this process's CPU."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def measured() -> Iterator[Spent]:
    """Time what stands inside."""
    spent = Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    yield spent
    spent.wall, spent.cpu = time.perf_counter() - wall, time.process_time() - cpu


def resident_megabytes() -> float:
    """Memory this process holds now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6
