"""Whether what a configuration names is there, and may be read."""

from __future__ import annotations

from pathlib import Path

from config.problem import quoted


def no_file(path: Path) -> str:
    """Why a file cannot be read, in words; "" where it can."""
    try:
        if not path.is_file():
            return f"there is no file {quoted(str(path))}"
        path.open("rb").close()
    except OSError as error:
        return f"{quoted(str(path))} cannot be read: {error.strerror}"
    return ""


def no_folder(path: Path) -> str:
    """Why a folder cannot be read, in words; "" where it can."""
    try:
        if not path.is_dir():
            return f"there is no folder {quoted(str(path))}"
        next(path.iterdir(), None)
    except OSError as error:
        return f"{quoted(str(path))} cannot be read: {error.strerror}"
    return ""


def yaml_files(folder: Path) -> list[Path]:
    """The YAML files in a folder, those left out that editors and systems keep beside them (`.#en.yaml`)."""
    found = [path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"} and not path.name.startswith(".")]
    return sorted(found)
