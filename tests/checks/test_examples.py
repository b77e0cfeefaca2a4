"""Every rule on its examples: what is bad is found where it is, and what is right is not accused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.checks.examples import FOLDER, example_files, expected, found, name_of, settled

from llmstack.checks import CHECKS


@pytest.mark.parametrize("file", example_files("bad"), ids=name_of)
def test_bad(file: Path) -> None:
    rule = file.parent.parent.name
    wanted = expected(file)
    assert wanted, "a bad example says what is to be found: # expect: <id> @ <key path>"
    assert {id for id, _ in wanted} == {rule}
    assert sorted(found(file, rule)) == wanted


@pytest.mark.parametrize("file", example_files("ok"), ids=name_of)
def test_ok(file: Path) -> None:
    assert not list(found(file, file.parent.parent.name))


@pytest.mark.parametrize("rule", CHECKS)
def test_every_rule_has_examples(rule: str) -> None:
    assert list(FOLDER.glob(f"{rule}/ok/*.yaml")), f"tests/checks/{rule}/ok/ has no example"
    assert list(FOLDER.glob(f"{rule}/bad/*.yaml")), f"tests/checks/{rule}/bad/ has no example"


def test_every_folder_is_a_rule() -> None:
    folders = {folder.name for folder in FOLDER.iterdir() if (folder / "bad").is_dir() or (folder / "ok").is_dir()}
    assert folders == set(CHECKS)


@pytest.mark.parametrize("rule", CHECKS)
def test_severities_are_those_of_the_table(rule: str) -> None:
    """Each severity that a rule declares is seen on an example, and no other is."""
    stated = CHECKS[rule].RULE
    declared = {stated.severity, stated.milder or stated.severity}
    files = [file for file in example_files("bad") if file.parent.parent.name == rule]
    seen = {finding.severity for file in files for finding in settled(file) if finding.id == rule}
    assert seen == declared


@pytest.mark.parametrize("file", example_files("bad"), ids=name_of)
def test_findings_help_and_stand_in_the_file(file: Path) -> None:
    for finding in settled(file):
        assert finding.place is not None
        assert finding.place.path == f"values/{file.name}" or finding.place.path.endswith(".base.yaml")
        assert finding.message
        assert not finding.message.endswith(".")
        assert finding.help != ""
