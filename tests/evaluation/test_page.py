"""The document is the same each time, and the page of it is whole, alone and safe."""

import html
import json
import re
import subprocess
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from optimizer.evaluation.methods import METHODS, OURS
from pipeline.evaluation.anomalies.losses import losses as losses_of_flags
from pipeline.evaluation.anomalies.pictures import pictures_of_anomalies
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.page import best_simple, losses, page, sentence_of
from pipeline.evaluation.plots import pictures
from pipeline.evaluation.sample import EVERY_JOB
from pipeline.tracking.evaluations import anomaly_scores, description, metrics, scores
from tests.evaluation.logs import HOSTILE, log

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Read(HTMLParser):
    """Tags, attributes and text of a page; fails where tags do not close in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("p", "li", "tr", "td", "th"):
            assert self.open, tag
        while self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return evaluate(log(), peers=False)


@pytest.fixture(scope="module")
def read(document: dict[str, Any]) -> Read:
    reader = Read()
    reader.feed(page(document, "<b>runs</b>.parquet"))
    assert not reader.open
    return reader


def test_the_same_log_gives_the_same_document_and_page(document: dict[str, Any]) -> None:
    again = evaluate(log().sample(frac=1.0, random_state=3), peers=False)
    assert json.dumps(again) == json.dumps(document)
    assert page(again, "runs") == page(document, "runs")


def test_the_document_holds_every_method_at_every_horizon(document: dict[str, Any]) -> None:
    assert document["log"]["jobs"] == 8
    horizons = document["comparisons"][EVERY_JOB]["horizons"]
    assert list(horizons) == list(document["horizons"])
    for one in horizons.values():
        assert set(one["methods"]) == set(METHODS)
        assert one["methods"][OURS]["ours_over_it"] == 1.0
        for methods in one["methods"].values():
            assert 0.0 < methods["crps"] < 5.0
            assert 0.0 <= methods["brier"] <= 1.0
            assert len(methods["reliability"]) == 10
    strict = json.dumps(document, allow_nan=False)
    assert json.loads(strict) == document


def test_jobs_are_all_counted(document: dict[str, Any]) -> None:
    by_job = document["by_job"]
    assert by_job["scored"] + by_job["not_scored"] == document["log"]["jobs"]
    assert sum(by_job["ratio_jobs"]) == by_job["scored"]
    for job in by_job["worst"]:
        assert job["crps"] > job["crps_rule"]


def test_hostile_names_stay_text(document: dict[str, Any], read: Read) -> None:
    document = json.loads(json.dumps(document))
    document["by_job"]["worst"] = [
        {"job_id": name, "runs": 3, "crps": 0.2, "crps_rule": 0.1} for name in HOSTILE
    ]
    reader = Read()
    reader.feed(page(document, HOSTILE[0]))
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    for name in HOSTILE:
        shown = "".join(c if c.isprintable() else " " for c in name)
        assert shown in reader.text
    assert "\x1b" not in reader.text
    assert "\u202e" not in reader.text
    assert "<b>runs</b>.parquet" in read.text


def test_the_page_needs_nothing_else(document: dict[str, Any], read: Read) -> None:
    assert not {"script", "link", "iframe", "object", "image", "img"} & set(read.tags)
    loaded = ("src", "href", "xlink:href", "action", "srcset", "data")
    assert all(value.startswith("#") for name, value in read.attributes if name in loaded)
    text = page(document, "runs")
    assert "default-src 'none'" in text
    assert "@import" not in text
    assert all(reference.startswith("#") for reference in re.findall(r"url\(([^)]*)\)", text))


def test_the_command_that_evaluates_again_works_where_it_is_pasted(
    document: dict[str, Any],
) -> None:
    command = ["printf", "%s\\n", "it's  my <runs> $HOME.parquet", "line\nbreak \x1b\u202e", "-é"]
    [pasted] = re.findall(r'<code id="again">(.*?)</code>', page(document, "runs", command))
    assert html.unescape(pasted).isprintable()
    process = subprocess.run(["bash", "-c", html.unescape(pasted)], capture_output=True, check=True)
    assert process.stdout.decode() == "".join(f"{word}\n" for word in command[2:])


def test_pictures_are_drawings_in_the_colours_of_the_page(document: dict[str, Any]) -> None:
    text = page(document, "runs")
    variables = set(re.findall(r"(--[a-z]+):", text))
    drawings = pictures(document) | pictures_of_anomalies(document["anomalies"])
    assert {"found", "rare"} < set(drawings)
    for name, svg in drawings.items():
        root = ElementTree.fromstring(svg.replace("xlink:href", "href"))
        assert root.tag.endswith("svg"), name
        drawn = "".join(root.itertext())
        assert len(drawn) > 50, name
        assert set(re.findall(r"var\((--[a-z]+)\)", svg)) <= variables
        assert not re.search(r"#0[1-7]0[1-7]0[1-7]", svg), name


def test_a_loss_is_told(document: dict[str, Any]) -> None:
    document = json.loads(json.dumps(document))
    start = document["comparisons"][EVERY_JOB]["horizons"]["start"]
    rival = start["methods"][best_simple(start, document)]
    rival |= {"ours_over_it": 1.25, "ours_over_it_95": [1.2, 1.3]}
    worst = losses(document)[0]
    assert worst.ratio == 1.25
    assert not worst.sampled
    sentence = sentence_of(worst, document)
    assert "at its start: 1.250, 95 % 1.200 to 1.300" in sentence
    reader = Read()
    reader.feed(page(document, "runs"))
    assert sentence in reader.text


def test_the_document_says_how_strange_runs_are_found(document: dict[str, Any]) -> None:
    part = document["anomalies"]
    assert set(part["comparisons"]) == {EVERY_JOB}  # no peers were asked for
    one = part["comparisons"][EVERY_JOB]
    assert 0 < one["strange"] == one["runs"] < document["log"]["runs"]
    assert set(part["controls"]) < set(one["methods"]) == set(part["words"])
    for scores_of_method in one["methods"].values():
        assert set(scores_of_method["found"]) == set(part["factors"])
        assert set(scores_of_method["alike"]) == {"1.5", "2", "3"}
    assert one["methods"]["never"]["found"]["3"] == 0.0
    assert one["methods"][OURS]["found"]["3"] > one["methods"][OURS]["found"]["1.5"]
    table = anomaly_scores(document).set_index("method")
    assert set(table.index) == set(one["methods"])
    assert table.loc[OURS, "found_x2"] == one["methods"][OURS]["found"]["2"]


def test_a_rule_that_finds_more_with_as_many_flags_is_told(document: dict[str, Any]) -> None:
    document = json.loads(json.dumps(document))
    one = document["anomalies"]["comparisons"][EVERY_JOB]
    for name, scores_of_method in one["methods"].items():
        for alike in scores_of_method["alike"].values():
            # Controls are ahead as well, and are not told.
            is_ahead = name in ("beyond_p90", *document["anomalies"]["controls"])
            alike |= {"found": 0.5, "ahead": 0.25 if is_ahead else -0.25, "ahead_error": 0.1}
    one["methods"]["beyond_p90"]["alike"]["3"]["ahead_error"] = 0.2
    lost = losses_of_flags(one)
    assert {loss.method for loss in lost} == {"beyond_p90"}
    assert {loss.factor for loss in lost if loss.is_clear} == {"1.5", "2"}
    reader = Read()
    reader.feed(page(document, "runs"))
    for loss in lost:
        assert (loss.sentence in reader.text) == loss.is_clear
    assert "beyond p90 finds 50.0% of runs that take 2 times as long" in reader.text
    assert "1 more are ahead" in reader.text


def test_a_log_of_young_jobs_has_a_page_without_strange_runs() -> None:
    young = evaluate(log(20, 8), peers=False)
    assert young["anomalies"]["comparisons"][EVERY_JOB]["runs"] == 0
    assert pictures_of_anomalies(young["anomalies"]) == {}
    assert "there is none to be judged" in page(young, "young")


def test_a_constant_log_has_a_page(read: Read) -> None:
    """Nothing to gain, nothing to compare: ratios are absent, and nothing fails."""
    constant = evaluate(log().assign(duration_seconds=60.0, status="SUCCEEDED"), peers=False)
    methods = constant["comparisons"][EVERY_JOB]["horizons"]["start"]["methods"]
    assert methods["seven_days"]["crps_over_rule"] is None
    reader = Read()
    reader.feed(page(constant, "constant"))
    assert "not comparable" in reader.text
    assert set(read.tags) >= {"svg", "table", "details"}


def test_metrics_are_numbers_with_names_that_mlflow_takes(document: dict[str, Any]) -> None:
    figures = metrics(document)
    start = document["comparisons"][EVERY_JOB]["horizons"]["start"]["methods"]
    assert figures["start/crps"] == start[OURS]["crps"] > 0.0
    assert figures["start/coverage_50"] == start[OURS]["coverage"]["0.5"]
    assert all(re.fullmatch(r"[\w\-./ ]+", name) for name in figures)
    assert all(isinstance(value, float) for value in figures.values())
    assert len(figures) < 60
    flags = document["anomalies"]["comparisons"][EVERY_JOB]["methods"][OURS]
    assert figures["anomalies/slow_per_1000"] == flags["slow_per_1000"]
    assert figures["anomalies/found_x1.5"] == flags["found"]["1.5"]
    assert figures["anomalies/p_at_most_0.001"] == flags["p_at_most"]["0.001"]


def test_scores_have_a_row_for_each_method_and_horizon(document: dict[str, Any]) -> None:
    table = scores(document)
    horizons = document["comparisons"][EVERY_JOB]["horizons"]
    assert len(table) == sum(len(scored["methods"]) for scored in horizons.values())
    start = table[table["horizon"] == "start"].set_index("method")
    assert start["crps"].is_monotonic_increasing
    assert start.loc[OURS, "coverage_99"] == horizons["start"]["methods"][OURS]["coverage"]["0.99"]


def test_a_description_says_of_what_how_well_and_where_it_loses(document: dict[str, Any]) -> None:
    runs = document["comparisons"][EVERY_JOB]["horizons"]["start"]["runs"]
    text = description(document, "runs `of` mine")
    assert text.startswith(f"{runs:,} runs of 8 jobs from `runs  of  mine` were forecast")
    lost = losses(document)
    to = f"most to {sentence_of(lost[0], document)}" if lost else "to no method at any horizon"
    assert text.endswith(f"We lose {to}.")
