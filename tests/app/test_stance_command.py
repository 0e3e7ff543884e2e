"""Labelled posts in, a model out, and the judge that uses it; on invented threads in RumourEval's layout."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from secondsource.app.cli import app
from secondsource.app.evaluation.labelled_stance import read_labelled
from secondsource.contracts.errors import BadConfiguration

LABELS = {"support": "heard it too", "deny": "it stands", "query": "who says so", "comment": "stay safe"}


@pytest.fixture
def threads(tmp_path: Path) -> Path:
    """Three events of one thread each, every reply labelled."""
    folder = tmp_path / "rumoureval"
    labels: dict[str, str] = {}
    for event in range(3):
        thread = folder / "data" / f"event-{event}" / f"{event}000"
        for kind in ("source-tweet", "replies"):
            (thread / kind).mkdir(parents=True)
        _tweet(thread / "source-tweet", f"{event}000", "The bridge in Velgrad fell", labels, "support")
        for number in range(24):
            label = list(LABELS)[number % 4]
            id_ = f"{event}{number + 1:03}"
            _tweet(thread / "replies", id_, f"@ana {LABELS[label]} {number}", labels, label, f"{event}000")
    (folder / "rumoureval-subtaskA-train.json").write_text(json.dumps(labels))
    return folder


def _tweet(folder: Path, id_: str, text: str, labels: dict[str, str], label: str, answers: str | None = None) -> None:
    status: dict[str, Any] = {
        "id_str": id_,
        "text": text,
        "in_reply_to_status_id_str": answers,
        "entities": {"urls": []},
    }
    (folder / f"{id_}.json").write_text(json.dumps(status))
    labels[id_] = label


def test_threads_read_the_same_from_a_folder_and_an_archive(threads: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "raw.tar.gz", "w:gz") as archive:
        archive.add(threads, "rumoureval")
    found = read_labelled(threads)
    assert found == read_labelled(tmp_path / "raw.tar.gz")
    assert len(found) == 75
    assert {each.group for each in found} == {"event-0", "event-1", "event-2"}
    root = next(each for each in found if each.source is None)
    assert (root.text, root.label, root.parent) == ("The bridge in Velgrad fell", "asserts", None)
    assert all(each.source == "The bridge in Velgrad fell" for each in found if each.parent is not None)


def test_lines_may_name_labels_either_way(tmp_path: Path) -> None:
    path = tmp_path / "labelled.jsonl"
    path.write_text(
        '{"text": "no", "label": "deny", "reply_to": {"text": "It fell"}, "group": "a"}\n\n'
        '{"text": "It fell", "label": "asserts"}\n'
    )
    denied, asserted = read_labelled(path)
    assert (denied.label, denied.source, denied.group) == ("denies", "It fell", "a")
    assert (asserted.label, asserted.source) == ("asserts", None)


def test_lines_are_read_as_eval_stance_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "labelled.jsonl"
    line = '{"text": "no", "label": "deny", "reply_to": null, "source": {"text": "It fell"}, "group": null}'
    path.write_bytes(f"\ufeff{line}\r\n".encode())
    (found,) = read_labelled(path)
    assert (found.label, found.parent, found.group) == ("denies", "It fell", "")


@pytest.mark.parametrize(
    "line", ["x", "[]", '{"text": "a"}', '{"text": 1, "label": "deny"}', '{"text": "a", "label": "agree"}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "labelled.jsonl"
    path.write_text('{"text": "a", "label": "deny"}\n' + line)
    with pytest.raises(BadConfiguration, match=r"labelled\.jsonl:2: not a labelled post"):
        read_labelled(path)


def test_what_is_no_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"no archive")
    (tmp_path / "empty").mkdir()
    for path, said in (("a.tar.gz", "cannot be read"), ("empty", "no labelled post"), ("gone", "no such file")):
        with pytest.raises(BadConfiguration, match=said):
            read_labelled(tmp_path / path)


def test_train_then_judge(threads: Path, tmp_path: Path) -> None:
    model = tmp_path / "stance.npz"
    trained = CliRunner().invoke(app, ["stance", "train", str(threads), "--out", str(model)])
    assert trained.exit_code == 0, trained.output
    assert "trained on 72 of 75 labelled posts" in trained.output
    line = json.dumps({"text": "@ana who says so", "reply_to": {"text": "The bridge in Velgrad fell"}})
    judged = CliRunner().invoke(app, ["eval", "stance", "--model", str(model)], input=line)
    assert judged.exit_code == 0, judged.output
    assert json.loads(judged.stdout)["label"] == "query"


def test_eval_answers_each_good_line_and_names_each_bad_one() -> None:
    lines = [
        '{"text": "The UN said it had received reports that the bridge fell"}',
        "not JSON",
        '{"text": 5}',
        '{"text": "Old photo, not from Velgrad", "reply_to": "x"}',
        '{"text": "stay safe everybody", "source": {"text": "The bridge fell"}}',
        '{"text": "The photo is from 2014", "created_at": "2013-01-01"}',
        '{"text": "The photo is from 2014"}',
    ]
    ran = CliRunner().invoke(app, ["eval", "stance"], input="\n".join(lines))
    assert ran.exit_code == 1
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [answer["label"] for answer in answers] == ["support", "comment", "support", "deny"]
    assert answers[0]["attributed_to"] == "UN"
    assert [json.loads(line)["line"] for line in ran.stderr.splitlines()] == [2, 3, 4]
