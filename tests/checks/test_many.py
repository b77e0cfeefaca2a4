"""Of very many problems the first are told, and that there are more."""

from __future__ import annotations

from llmstack.checks import run_checks, settle
from llmstack.checks.rule import MOST_FOUND
from llmstack.checks.subject import Subject
from llmstack.finding import Finding
from llmstack.model.reading import read_stack
from llmstack.values.reader import MOST_TOLD
from llmstack.values.source import read_source


def found(text: str) -> list[Finding]:
    layers, stack, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    assert stack is not None, findings
    return list(settle(run_checks(Subject("prod", stack, layers)), layers, stack.gitops.checks or {}))


def checks(count: int) -> str:
    return "gitops:\n  checks:\n" + "".join(f"    no-check-{number}: off\n" for number in range(count))


def test_as_many_as_are_told_are_told() -> None:
    assert len([each for each in found(checks(MOST_FOUND)) if each.id == "unknown-check"]) == MOST_FOUND


def test_that_there_are_more_is_said_once_where_the_first_of_them_is() -> None:
    *told, more = [each for each in found(checks(MOST_FOUND + 5)) if each.id == "unknown-check"]
    assert len(told) == MOST_FOUND
    assert more.message == "there are more than these 2,000 of this check, from here on"
    assert more.place is not None
    assert more.place.source_line == f"    no-check-{MOST_FOUND}: off"


def test_a_check_that_is_off_says_nothing_of_more_either() -> None:
    assert not [
        each for each in found(checks(MOST_FOUND + 5) + "    unknown-check: off\n") if each.id == "unknown-check"
    ]


def test_a_file_of_very_many_mistakes_is_not_read_on() -> None:
    source = read_source("values/prod.yaml", ("a: 1\n" * (MOST_TOLD + 100)).encode())
    assert source.root is None
    assert [each.id for each in source.findings[-2:]] == ["duplicate-key", "too-many-problems"]
    assert len(source.findings) == MOST_TOLD + 1
