"""What the documents say is so: their examples run, their commands exist, their links lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from alerts.judging.stage import AlertsStage
from alerts.rules import RULES
from alerts.rules.evidence import Rule
from alerts.text.embedding import Meanings
from alerts.text.understanding import Understanding
from config import loader
from config.mappings import load_mapping
from config.schema_files import schemas
from config.sources import check_sources
from enrich.annotators import CopyAnnotator, EntityAnnotator, LanguageAnnotator, MediaAnnotator
from enrich.annotators.media import FetchingOff
from enrich.names.gazetteer import Gazetteer
from enrich.stage import EnrichStage
from secondsource.app.configuring import problems
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent, Enriched
from secondsource.contracts.stage import Record
from secondsource.contracts.watch import Thresholds
from secondsource.runtime.metrics import Metrics
from tests.alerts import invented, test_rules
from tests.app.bad_pictures import write_pictures
from tests.app.documents import (
    OURS,
    PAGES,
    ROOT,
    Block,
    anchors,
    blocks,
    links,
    named_files,
    prose,
    table_under,
    tables,
)
from tests.app.newsroom import WATCH, Newsroom, Ran, run
from tests.app.plaza import PlazaSource
from tests.delivery import test_notifier_contract
from tests.delivery.stories import STATES
from tests.enrich import makers, test_annotators
from tests.fakes.archive import MemoryArchive
from tests.fakes.clock import ManualClock
from tests.fakes.embedder import Concepts
from tests.ingest import test_collector_contract as collector_contract

OPERATIONS = ROOT / "docs" / "operations.md"
EVAL = ROOT / "docs" / "eval.md"
FORMATS = ROOT / "docs" / "replay-formats.md"


def names(block: Block) -> str:
    return f"{block.page.name}: {block.note or block.first_line[:50]}"


class Demo:
    """The demo, run once for all who look at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a demo"
        self.ran = run("demo", "--folder", self.folder)
        assert self.ran.code == 0, self.ran

    def ask(self, *arguments: str) -> Ran:
        return run(*arguments, "-c", self.folder / "config")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("docs"))


# --- words, links, tables --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path.replace("\\", "")).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", [OPERATIONS, EVAL], ids=lambda page: page.stem)
def test_contents_name_every_section(page: Path) -> None:
    contents, *sections = prose(page).split("\n## ")
    assert len(set(re.findall(r"\(#[\w-]+\)", contents))) == len(sections)


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    made_by_the_reader = {
        "config/watches/mill.yaml",
        "benchmarks/results/latest.json",
        "tests/ingest/sources/plaza.py",
    }
    for name in named_files(page):
        assert name in made_by_the_reader or (ROOT / name).exists() or (page.parent / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_tables(page: Path) -> None:
    for rows in tables(page):
        widths = {len(re.split(r"(?<!\\)\|", row.strip().strip("|"))) for row in rows}
        assert len(widths) == 1, rows[0]
        assert re.fullmatch(r"\|(?:\s*:?-+:?\s*\|)+", rows[1]), rows[1]


VERDICTS = re.compile(
    r"\b(false\w*|fak(e|es|ed|ing)|hoax\w*|propagand\w*|lies|lying|liars?|mis-?information|dis-?information|untrue|"
    r"rumou?rs?|trolls?|truth\w*|trustworthy|dubious)\b",
    re.IGNORECASE,
)
PLACES = re.compile(
    r"pypi|pythonhosted|docker\.io|ghcr|quay\.io|index-url|maven\.org|npmjs|proxy\.golang", re.IGNORECASE
)
OF_THIS_MACHINE = re.compile(r"/work/|/root/|/home/|/tmp/")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_verdicts_no_registries_no_machine(page: Path) -> None:
    whole = page.read_text("utf-8")
    assert [found[0] for found in VERDICTS.findall(prose(page))] == []
    assert PLACES.findall(whole) == []
    assert OF_THIS_MACHINE.findall(whole) == []


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_nothing_is_announced_that_is_not_so(page: Path) -> None:
    words = set(page.read_text("utf-8").lower().split())
    assert not words & {"blazing", "seamless", "effortless", "powerful", "revolutionary", "simply", "todo"}


def test_the_figures_have_a_place_of_their_own() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert readme.count("<!-- bench:begin -->") == readme.count("<!-- bench:end -->") == 1
    figures = readme.partition("<!-- bench:begin -->\n")[2].partition("<!-- bench:end -->")[0]
    assert figures.startswith("|")
    assert len(figures.splitlines()) > 3


def test_the_licence_is_whole() -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in licence
    for number in range(1, 10):
        assert f"\n   {number}. " in licence
    assert "END OF TERMS AND CONDITIONS" in licence


# --- commands --------------------------------------------------------------------------------------------------------

COMMANDS = [
    pytest.param(line, id=f"{block.page.name}: {line}")
    for block in blocks("sh", OURS)
    for line in block.text.splitlines()
    if line.strip()
]
#: Commands that change nothing are run for real, on what the demo left.
HARMLESS = {
    "secondsource status",
    "secondsource status --json",
    "secondsource config check",
    "secondsource config check --json",
    "secondsource dead-letters list",
    "secondsource dead-letters list --json",
    "secondsource migrate",
    "secondsource acts list",
    "secondsource acts list --alert velgrad:17 --json",
}


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_can_be_given(line: str, demo: Demo) -> None:
    word, *arguments = shlex.split(line)
    if word == "export":
        assert re.fullmatch(r"[A-Z_]+=\S+", arguments[0])
    elif word == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    elif word == "docker":
        files = [argument for argument in arguments if "/" in argument]
        assert files
        assert all((ROOT / file).is_file() for file in files)
    elif word == "python3":
        assert (ROOT / arguments[0]).is_file()
    else:
        assert word == "secondsource"
        told = run(*subcommand(arguments), "--help")
        assert told.code == 0, told.err
        for option in [argument for argument in arguments if argument.startswith("-")]:
            assert option in told.out, option
    if line in HARMLESS:
        assert demo.ask(*arguments).code == 0


def subcommand(arguments: list[str]) -> list[str]:
    grouped = {"acts", "baselines", "config", "dead-letters", "media", "compliance"}
    return arguments[:2] if arguments[0] in grouped else arguments[:1]


def test_every_part_of_run_is_named() -> None:
    said = OPERATIONS.read_text("utf-8")
    for part in ("ingest", "enrich", "alerts", "store", "notify", "desk"):
        assert f"secondsource run {part}" in said


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_option_that_is_named_exists(page: Path) -> None:
    commands = [
        "replay",
        "run",
        "dead-letters resend",
        "baselines fit",
        "demo",
        "media import",
        "compliance x",
        "forget",
        "backtest",
        "tune",
        "verdicts",
    ]
    measured = "language entities copies stories stance factchecks coordination forecast spikes media video"
    commands += [f"eval {what}" for what in measured.split()]
    told = "".join(run(*command.split(), "--help").out for command in commands)
    for option in re.findall(r"`(--[\w-]+)", prose(page)):
        assert option in told, option


# --- YAML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("yaml"), ids=names)
def test_every_yaml_is_good(block: Block, tmp_path: Path) -> None:
    name = block.first_line.removeprefix("# ")
    if name.startswith("sources/"):
        (tmp_path / "sources").mkdir()
        (tmp_path / name).write_text(block.text, "utf-8")
        sources, wrong = check_sources(tmp_path / "sources")
        assert sources
        assert not wrong
        return
    if not (name == "secondsource.yaml" or name.startswith("watches/")):
        path = tmp_path / name
        path.write_text(block.text, "utf-8")
        assert load_mapping(path)["platform"]
        return
    config = Newsroom(tmp_path).config
    (config / name).write_text(block.text, "utf-8")
    (config / "sentences").mkdir()  # a folder that is spoken of
    for file in ("model.onnx", "tokenizer.json"):
        (config / "sentences" / file).touch()
    named = re.findall(r"_env: (\w+)", block.text)
    environ = dict.fromkeys(named, "xoxb-a-secret") | {"DATABASE_URL": "postgresql+psycopg://somebody@host/velgrad"}
    assert [str(problem) for problem in problems(config, environ)] == []


def test_the_environment_that_is_documented_is_the_one_that_is_read() -> None:
    from config.loader import OVERRIDES, STORE_URL

    told = set(re.findall(r"`(SECONDSOURCE_\w+)`", OPERATIONS.read_text("utf-8")))
    assert told == {*OVERRIDES, STORE_URL, "SECONDSOURCE_CONFIG"}


# --- what is printed -------------------------------------------------------------------------------------------------


def test_what_the_demo_says_to_type_next_finds_its_configuration(demo: Demo) -> None:
    typed = [shlex.split(line) for line in demo.ran.out.splitlines() if " -c " in line]
    assert typed
    for *_, option, folder in typed:
        assert option == "-c"
        assert Path(folder).is_dir()


def test_the_alert_in_the_readme_is_the_demos(demo: Demo) -> None:
    (sample,) = blocks("text", (ROOT / "README.md",))
    printed = demo.ran.out.splitlines()
    for line in sample.text.splitlines():
        assert line in printed, line


# --- replays ---------------------------------------------------------------------------------------------------------

REPLAYS = [*blocks("json", (FORMATS,)), *blocks("csv", (FORMATS,))]


@pytest.mark.parametrize("block", REPLAYS, ids=names)
def test_every_file_that_is_shown_can_be_replayed(block: Block, tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path)
    if "posts" not in block.note:  # it speaks of posts that came before
        (before,) = [each for each in blocks("json", (FORMATS,)) if "posts" in each.note]
        assert newsroom.run("replay", newsroom.write(before.note["replay"], before.text)).code == 0
    given: list[str | Path] = ["replay", newsroom.write(block.note["replay"], block.text), "--watch", WATCH]
    if "mapping" in block.note:
        (mapping,) = [each for each in blocks("yaml", (FORMATS,)) if each.first_line == f"# {block.note['mapping']}"]
        pictures = tmp_path / block.note["pictures"]
        write_pictures(pictures)
        (pictures / "whole.jpg").rename(pictures / "mill-1.jpg")
        given += ["--mapping", newsroom.write(block.note["mapping"], mapping.text), "--pictures", pictures]
    ran = newsroom.run(*given)
    assert ran.code == 0, ran
    for table in ("posts", "takedowns", "engagement"):
        if table in block.note:
            assert len(newsroom.rows(table)) == int(block.note[table]), table
    if "pictures" in block.note:
        assert {row["state"] for row in newsroom.rows("pictures")} == {"fingerprinted", "unavailable"}


def test_every_field_of_a_mapping_is_told() -> None:
    from ingest.formats.delimited import ColumnMapping

    told = " ".join(row[0] + row[1] for row in table_under(FORMATS, "Tables"))
    for field in ColumnMapping.__dataclass_fields__:
        assert f"`{field}`" in told, field


def test_every_field_of_a_post_is_told() -> None:
    from secondsource.contracts.messages import Post

    told = FORMATS.read_text("utf-8").partition("## Tables")[0]
    for field in set(Post.__struct_fields__) - {"media_notes"}:
        assert f"`{field}`" in told, field


# --- SQL -------------------------------------------------------------------------------------------------------------

QUERIES = [
    pytest.param(query.strip(), id=query.strip()[:60])
    for block in blocks("sql")
    for query in block.text.split(";")
    if query.strip()
]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_gives_rows(query: str, demo: Demo) -> None:
    from store.store import open_store

    store = open_store(f"sqlite:///{demo.folder / 'velgrad.sqlite'}")
    try:
        with store.engine.connect() as connection:
            assert connection.execute(text(query)).fetchall()
    finally:
        store.close()


@pytest.mark.postgres
def test_every_query_is_one_of_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    with Newsroom(tmp_path, postgres_url).store() as store, store.engine.connect() as connection:
        for query in QUERIES:
            connection.execute(text(str(query.values[0])))


# --- metrics and alarms ----------------------------------------------------------------------------------------------


def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((ROOT / "deploy/prometheus/rules/secondsource.yml").read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def test_every_alarm_has_a_page_in_the_runbook_and_no_other() -> None:
    section = OPERATIONS.read_text("utf-8").partition("## When an alarm goes off")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\w+)$", section, re.MULTILINE) == [rule["alert"] for rule in rules()]


def test_links_of_alarms_lead_there() -> None:
    for rule in rules():
        for name, value in rule["annotations"].items():
            if name.startswith("runbook"):
                assert value.endswith(f"docs/operations.md#{rule['alert'].lower()}")


def test_every_metric_is_told_with_its_labels() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    told = {row[0].strip("`"): row[1] for row in table_under(OPERATIONS, "Metrics")}
    there = {metric.name + ("_total" if metric.type == "counter" else "") for metric in registry.collect()}
    assert told.keys() == there
    for rule in rules():
        for metric in re.findall(r"secondsource_\w+", rule["expr"]):
            assert metric in told


def test_every_rule_has_its_page_and_its_line() -> None:
    listed = re.findall(r"^\| \[(\w+)\]", (ROOT / "docs/rules/README.md").read_text("utf-8"), re.MULTILINE)
    assert listed == [rule.name for rule in RULES], "in the order of their gravity"
    for rule in RULES:
        page = (ROOT / "docs" / "rules" / f"{rule.name}.md").read_text("utf-8")
        for threshold in ("min_interactions", "max_surprise", "min_history", "independent_origins"):
            assert threshold in page
        for part in ("Says", "Does not say", "Fires", "What to do.", "Is cleared", "Is over"):
            assert f"**{part}**" in page
        for threshold in re.findall(r"`thresholds\.(\w+)`", page):
            assert hasattr(Thresholds(), threshold)


def test_pages_of_rules_name_the_thresholds_there_are_with_their_defaults() -> None:
    pages = [page.read_text("utf-8") for page in (ROOT / "docs" / "rules").glob("*.md")]
    said = {found for page in pages for found in re.findall(r"`thresholds\.(\w+)`(?: \(([\d.]+)\))?", page)}
    for name, value in said:
        assert not value or float(value) == getattr(Thresholds(), name), name
    assert {name for name, _ in said} == set(Thresholds.__struct_fields__) - {"lateness_seconds"}


# --- the examples of the "Add a …" pages, through the suites that the real ones pass ---------------------------------


def module_of(page: str, folder: Path) -> ModuleType:
    """The page's one example as the file that its first line names."""
    (block,) = blocks("python", (ROOT / "docs" / page,))
    path = folder / block.first_line.removeprefix("# ").replace("/", "_")
    path.write_text(block.text, "utf-8")
    assert not (ROOT / block.first_line.removeprefix("# ")).exists(), "an example must not be one of ours"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # msgspec looks up annotations there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def plaza(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[PlazaSource]:
    """The page's collector, as the collectors' suite finds a source."""
    module = module_of("add-a-collector.md", tmp_path)
    monkeypatch.setattr(PlazaSource, "module", module, raising=False)
    monkeypatch.setattr(collector_contract, "source_of", lambda name: PlazaSource)
    return PlazaSource


#: Its laws, by the names of the tests that try them.
PROMISES = [name for name in vars(collector_contract) if name.startswith("test_")]
#: Those that are about what Plaza has nothing of; the source says why.
NOT_PROMISED = {"test_a_deletion_becomes_a_takedown", "test_a_slow_consumer_pauses_the_platform"}


@pytest.mark.parametrize("promise", sorted({*PROMISES} - NOT_PROMISED))
def test_the_collector_that_is_shown(promise: str, plaza: type[PlazaSource], tmp_path: Path) -> None:
    asked = getattr(collector_contract, promise)
    given: dict[str, Any] = {"name": "plaza", "tmp_path": tmp_path, "after": 4, "body": b'{"id": 1}'}
    asked(**{name: given[name] for name in signature(asked).parameters})


def test_its_settings_are_keys(plaza: type[PlazaSource], tmp_path: Path) -> None:
    collectors = {"plaza": plaza.module.PlazaSettings}
    config = Newsroom(tmp_path).config
    (config / "watches" / "velgrad.yaml").write_text(
        "watches: [{name: velgrad, hashtags: [Velgrad], collectors: [plaza]}]", "utf-8"
    )
    path = config / "secondsource.yaml"
    path.write_text("collectors: {plaza: {enabled: true}}\n", "utf-8")
    (problem,) = loader.problems(config, {}, collectors)
    assert "token_env: PLAZA_TOKEN" in problem.what
    path.write_text("collectors: {plaza: {enabled: true, token_env: PLAZA_TOKEN}}\n", "utf-8")
    found = loader.load(config, {"PLAZA_TOKEN": "p-1"}, collectors)
    assert found.collectors["plaza"].token.reveal() == "p-1"
    assert '"token_file"' in schemas(collectors)["secondsource.schema.json"]
    assert '"plaza"' in schemas(collectors)["watch.schema.json"]


def test_the_annotator_that_is_shown(tmp_path: Path) -> None:
    annotator = module_of("add-an-annotator.md", tmp_path).QuestionAnnotator()
    test_annotators.test_it_fills_a_field_of_enriched(annotator)
    test_annotators.test_hostile_posts_get_a_value_like_all_others(annotator)
    test_annotators.test_no_posts_no_values(annotator)
    test_annotators.test_a_post_gets_the_same_value_in_any_batch_and_any_order(annotator)
    media = MediaAnnotator(FetchingOff(), ManualClock())
    try:
        stage = EnrichStage([LanguageAnnotator(), EntityAnnotator(Gazetteer(())), CopyAnnotator(), annotator, media])
        (out,) = stage.handle([Record(makers.post("Has the bridge fallen?"))])
    finally:
        media.close()
    assert isinstance(out.message, Enriched)
    assert out.message.stance.label == "asks"


def test_the_rule_that_is_shown(tmp_path: Path) -> None:
    rule: Rule = module_of("add-a-rule.md", tmp_path).DISPUTED_SPIKE
    test_rules.test_a_rule_ships_examples_of_both_kinds(rule)
    for example in rule.examples:
        test_rules.test_examples_fire_as_they_say(rule, example)
        test_rules.test_findings_carry_reasons_and_say_what_would_clear_them(rule, example)
        test_rules.test_every_template_is_neutral(rule, example)
    stage = AlertsStage({"velgrad": invented.WATCH}, MemoryArchive(), rules=(rule,))
    stage.restore(0, {})
    words = ("I stand on it, it holds", "not so, trams run here", "my window shows it whole")
    denials = [invented.post(2 + n, 60 + n, said, quote_of=1, stance="denies") for n, said in enumerate(words)]
    story = [invented.post(1, 0), *denials, *(invented.repost(10 + n, 100 + n, 1) for n in range(40))]
    outs = stage.handle(invented.records(invented.ordered(story)))
    opened = [out.message for out in outs if isinstance(out.message, AlertEvent)]
    assert opened
    assert opened[0].finding.headline.startswith("Spreading while disputed")


def test_the_notifier_that_is_shown(tmp_path: Path) -> None:
    module = module_of("add-a-notifier.md", tmp_path)
    contract = test_notifier_contract

    def place(name: str) -> contract.Place:
        path = tmp_path / name
        return contract.Place(module.JournalNotifier(path), "journal", lambda: path.read_text("utf-8"), looks_back=True)

    contract.test_its_name_is_its_destinations(place("a"))
    contract.test_one_reference_for_an_alerts_whole_life(place("b"))
    contract.test_finds_what_it_posted_and_nothing_else(place("c"))
    contract.test_paces_are_possible(place("d"))
    for kind in STATES:
        contract.test_shows_every_step_of_an_alerts_life(place(kind), kind)
    with pytest.raises(SourceAway, match="expected to write"):
        module.JournalNotifier(tmp_path / "nowhere" / "journal").post(contract.deliveries(place("e"))[0])


def test_the_embedder_that_is_shown(tmp_path: Path) -> None:
    module = module_of("stories.md", tmp_path)

    class Model:
        """By its concepts, with the argument that sentence-transformers takes."""

        def encode(self, texts: Sequence[str], *, normalize_embeddings: bool) -> NDArray[np.float32]:
            assert normalize_embeddings
            return Concepts().vectors(texts)

    meanings = Meanings(Understanding(module.Sentences(Model())))
    meanings.add(7, "the bridge has fallen")
    near = meanings.find("le pont est tombé")
    assert near is not None
    assert near.part == 7
    assert meanings.find("the bakery opens tomorrow") is None


def test_every_example_is_tried_here() -> None:
    shown = {block.page.name for block in blocks("python", OURS)}
    assert shown == {"add-a-collector.md", "add-an-annotator.md", "add-a-rule.md", "add-a-notifier.md", "stories.md"}
    kinds = set(re.findall(r"^```(\w+)$", "\n".join(page.read_text("utf-8") for page in OURS), re.MULTILINE))
    assert kinds <= {"sh", "yaml", "json", "csv", "sql", "text", "python", "jsonl"}, (
        "a kind of block that nothing tries"
    )


def test_json_is_json() -> None:
    for block in blocks("json"):
        for line in block.text.splitlines():
            json.loads(line)
