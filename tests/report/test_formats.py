"""Findings for programs: JSON, SARIF, workflow commands; and the tables of formats."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from msgspec.structs import replace

import llmstack.report
from llmstack.finding import Finding, Place, Severity
from llmstack.report.formats import FORMATS, render_findings
from llmstack.report.options import Options
from llmstack.report.pages import Page, all_pages
from llmstack.report.review_formats import REVIEW_FORMATS
from llmstack.review.result import Review
from llmstack.review.risks.table import RISKS
from tests.report import samples

NUMBER = {"type": "integer", "minimum": 1}
TEXT = {"type": "object", "properties": {"text": {"type": "string", "minLength": 1}}, "required": ["text"]}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


REGION = closed(["startLine"], startLine=NUMBER, startColumn=NUMBER, endLine=NUMBER, endColumn=NUMBER)
ARTIFACT = closed(["uri"], uri={"type": "string", "format": "uri-reference"}, uriBaseId={"const": "%SRCROOT%"})
LOCATION = closed(
    [],
    physicalLocation=closed(["artifactLocation"], artifactLocation=ARTIFACT, region=REGION),
    logicalLocations={
        "type": "array",
        "items": closed([], fullyQualifiedName={"type": "string"}, kind={"const": "member"}),
    },
)
RESULT = closed(
    ["message", "ruleId", "ruleIndex", "level"],
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["none", "note", "warning", "error"]},
    message=TEXT,
    locations={"type": "array", "items": LOCATION},
    suppressions={
        "type": "array",
        "items": closed(
            ["kind"],
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification={"type": "string"},
        ),
    },
)
RULE = closed(
    ["id"],
    id={"type": "string"},
    shortDescription=TEXT,
    fullDescription=TEXT,
    help=TEXT,
    helpUri={"type": "string", "pattern": "^https://"},
)
NOTIFICATION = closed(
    ["message"],
    message=TEXT,
    level={"enum": ["none", "note", "warning", "error"]},
    associatedRule=closed([], id={"type": "string"}, index={"type": "integer"}),
)
INVOCATION = closed(
    ["executionSuccessful"],
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications={"type": "array", "items": NOTIFICATION},
)
DRIVER = closed(
    ["name"], name={"const": "llmstack"}, version={"type": "string"}, rules={"type": "array", "items": RULE}
)
RUN = closed(
    ["tool"],
    tool=closed(["driver"], driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
    invocations={"type": "array", "items": INVOCATION},
)
SARIF = closed(
    ["version", "runs"],
    **{"$schema": {"type": "string"}, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}},
)
"""The part of SARIF 2.1.0's schema that we use, closed: nothing else may be written."""


def test_sarif_is_valid_and_its_results_name_their_rules() -> None:
    log = json.loads(
        render_findings(samples.findings(), "sarif", pages={"mutable-tag": Page("Title.\n\nText.", "docs/checks.md")})
    )
    jsonschema_rs.validate(SARIF, log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    [page] = [rule for rule in rules if rule["id"] == "mutable-tag"]
    assert page["shortDescription"] == {"text": "Title."}
    assert page["help"]["markdown"] == "Text."


@pytest.mark.parametrize("review", [samples.small(), samples.hostile(), samples.large(30), samples.nothing()])
def test_a_review_as_sarif(review: Review) -> None:
    log = json.loads(REVIEW_FORMATS["sarif"](review, Options(pages=all_pages(), home="https://example.com/x")))
    jsonschema_rs.validate(SARIF, log)
    [run] = log["runs"]
    assert all(result["locations"] for result in run["results"]), "code scanning takes none without a place"
    told = [risk for environment in review.environments.values() for risk in environment.risks]
    told += [finding for environment in review.environments.values() for finding in environment.findings]
    beside = run.get("invocations", [{"toolExecutionNotifications": []}])[0]["toolExecutionNotifications"]
    assert len(run["results"]) + len(beside) == len(told)
    for rule in run["tool"]["driver"]["rules"]:
        if rule["id"] in RISKS:
            assert rule["helpUri"] == f"https://example.com/x/blob/HEAD/docs/risks.md#{rule['id']}"
            assert rule["shortDescription"]["text"] != rule["fullDescription"]["text"]


def test_what_is_acknowledged_is_suppressed_in_sarif_and_a_notice_on_github() -> None:
    log = json.loads(REVIEW_FORMATS["sarif"](samples.small(), Options()))
    suppressed = [each["ruleId"] for each in log["runs"][0]["results"] if "suppressions" in each]
    assert suppressed == ["data-loss"]
    [line] = [each for each in REVIEW_FORMATS["github"](samples.small(), Options()).splitlines() if "data-loss" in each]
    assert line.startswith("::notice file=values/prod.yaml,line=40,title=data-loss::accepted (acknowledged): ")


def test_a_hostile_review_is_one_command_a_line() -> None:
    review = samples.hostile()
    lines = REVIEW_FORMATS["github"](review, Options()).split("\n")
    assert lines.pop() == ""
    assert all(re.match(r"::(error|warning|notice) [^:\r]*::[^\r]*$", line) for line in lines)
    told = sum(len({*each.risks}) + len({*each.findings}) for each in review.environments.values())
    assert len(lines) == 1 + told


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    log = json.loads(render_findings([], "sarif"))
    jsonschema_rs.validate(SARIF, log)
    assert log["runs"][0]["results"] == []


def test_sarif_regions_and_escaped_paths() -> None:
    place = Place("values/a b#ü.yaml", 7, 3, 4, "x")
    [result] = json.loads(render_findings([Finding("a", Severity.NOTE, "m", place=place)], "sarif"))["runs"][0][
        "results"
    ]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["region"] == {"startLine": 7, "startColumn": 3, "endLine": 7, "endColumn": 7}
    assert physical["artifactLocation"]["uri"] == "values/a%20b%23%C3%BC.yaml"
    assert result["level"] == "note"


def test_json_follows_its_schema() -> None:
    schema = json.loads(files("llmstack.report").joinpath("schema", "findings.schema.json").read_text(encoding="utf-8"))
    for findings in ([], samples.findings()):
        report = json.loads(render_findings(findings, "json"))
        jsonschema_rs.validate(schema, report)
        assert report["tally"] == {
            "error": len(findings) and 3,
            "warning": len(findings) and 1,
            "note": len(findings) and 1,
        }
    assert set(report["findings"][0]) == set(schema["$defs"]["finding"]["properties"])


def test_workflow_commands_escape_what_ends_them() -> None:
    place = Place("values/a,b:c%.yaml", 3, 5, 2)
    finding = Finding("some-id", Severity.WARNING, "50 %\r\n::error::x, y: z", place=place, help="one\ntwo")
    [command] = render_findings([finding], "github").splitlines()
    assert command == (
        "::warning file=values/a%2Cb%3Ac%25.yaml,line=3,col=5,endColumn=7,title=some-id"
        "::50 %25%0D%0A::error::x, y: z%0Ahelp: one%0Atwo"
    )


def test_a_note_is_a_notice_and_needs_no_place() -> None:
    assert render_findings([Finding("a", Severity.NOTE, "m")], "github") == "::notice title=a::m\n"


def test_one_file_per_format() -> None:
    folder = Path(str(files(llmstack.report)))
    assert set(FORMATS) == {"text", "json", "sarif", "github", "gitlab"}
    assert set(REVIEW_FORMATS) == {"text", "markdown", "json", "html", "github", "sarif"}
    assert all((folder / f"{name}.py").is_file() for name in FORMATS)
    assert {path.stem for path in folder.glob("review_*.py")} == {
        f"review_{name}" for name in [*REVIEW_FORMATS, "formats", "findings"]
    }


@pytest.mark.parametrize("format", FORMATS)
def test_no_format_of_findings_tells_a_secret(format: str) -> None:
    text = render_findings(samples.findings(), format)
    assert samples.PASSWORD not in text
    assert "horse" not in text


@pytest.mark.parametrize("format", REVIEW_FORMATS)
def test_a_name_that_nobody_reads_to_its_end_is_cut_in_every_format(format: str) -> None:
    review = samples.small()
    (name, environment), *_ = review.environments.items()
    long = "W" * 1_000_000
    objects = tuple(replace(each, name=long, unit=long) for each in environment.objects)
    risks = tuple(replace(each, object=f"Deployment/{long}") for each in environment.risks)
    shown = replace(
        review, environments={**review.environments, name: replace(environment, objects=objects, risks=risks)}
    )
    assert len(REVIEW_FORMATS[format](shown, Options())) < 500_000
