"""Files before a migration, each with the file after it and what the command prints, with the errors that are left."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from llmstack.finding import Severity
from llmstack.migrate.documents import FIRST_ALONE
from llmstack.migrate.duplicates import GIVEN_AGAIN
from llmstack.migrate.refused import NO_KEY
from llmstack.report.migration import show_migration
from llmstack.report.text import render
from llmstack.repository.migration import migrate_file
from llmstack.repository.project import Project

HERE = Path(__file__).parent
CASES = sorted(path for path in (HERE / "cases").glob("*.yaml") if not path.name.endswith(".base.yaml"))


def repository(path: Path, folder: Path) -> Project:
    """A repository with the case as its environment `prod`, over the base file beside the case."""
    values = folder / "values"
    values.mkdir(parents=True)
    (values / "prod.yaml").write_bytes(path.read_bytes())
    base = path.with_suffix(".base.yaml")
    if base.exists():
        (values / "base.yaml").write_bytes(base.read_bytes())
    return Project(folder)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_file_after_and_what_is_shown(path: Path, tmp_path: Path, expect: Callable[[Path, str], None]) -> None:
    migrated = migrate_file(repository(path, tmp_path), "prod", None)
    errors = [f"{finding.id} {finding.place}" for finding in migrated.findings if finding.severity is Severity.ERROR]
    shown = show_migration(migrated.migration, "prod") + "\n" + render(migrated.migration.findings)
    shown += "".join(f"error: {error}\n" for error in errors)
    assert not re.search("SECRET(?!S)", shown), "a secret is shown"
    expect(HERE / "expected" / f"{path.stem}.yaml", migrated.migration.after.text)
    expect(HERE / "expected" / f"{path.stem}.txt", shown)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_second_migration_does_nothing(path: Path, tmp_path: Path) -> None:
    first = migrate_file(repository(path, tmp_path / "first"), "prod", None).migration.after.text
    project = repository(path, tmp_path / "second")
    (project.root / "values" / "prod.yaml").write_text(first, encoding="utf-8")
    again = migrate_file(project, "prod", None)
    assert again.migration.after.text == first
    assert show_migration(again.migration, "prod") == "nothing to migrate in values/prod.yaml\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_comment_is_still_there(path: Path, tmp_path: Path) -> None:
    after = migrate_file(repository(path, tmp_path), "prod", None).migration.after.text
    comments = re.findall(r"(?:^|\s)(#.*)", path.read_text(encoding="utf-8"))
    left = [comment for comment in re.findall(r"(?:^|\s)(#.*)", after) if NO_KEY not in comment]
    if any(
        each in after for each in (NO_KEY, GIVEN_AGAIN, FIRST_ALONE)
    ):  # comments of what is a comment now stand in it
        assert all(comment in after for comment in comments)
    else:
        assert sorted(comments) == sorted(left)


def test_no_expected_file_is_left_over() -> None:
    assert {path.stem for path in (HERE / "expected").iterdir()} == {path.stem for path in CASES}
