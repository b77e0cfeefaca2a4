"""The chart's own example files come out of a migration without an error, but for half a GPU.

They are in a folder with values/, named by LLMSTACK_CORPUS or found at ../shared/corpus beside the repository.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmstack.finding import Severity
from llmstack.report.migration import show_migration
from llmstack.repository.migration import Migrated, migrate_file, write_file
from llmstack.repository.project import Project
from llmstack.values.source import read_source
from tests.migrate.oracle import outcome
from tests.parity.corpus import corpus_folder

FOLDER = corpus_folder()
FILES = sorted((FOLDER / "values").glob("*.yaml")) if FOLDER else []
NO_FILES = "no values files of the chart: set LLMSTACK_CORPUS to a folder with values/ and helm-rendered/"
EVERY = pytest.mark.parametrize(
    "path", FILES or [pytest.param(None, marks=pytest.mark.skip(NO_FILES))], ids=lambda path: path and path.stem
)
HALF = re.compile(r"requestGPU: 0\.5")


def migrated(path: Path, folder: Path) -> Migrated:
    (folder / path.name).write_bytes(path.read_bytes())
    return migrate_file(Project(folder), str(folder / path.name), None)


def errors(result: Migrated) -> set[str]:
    return {finding.id for finding in result.findings if finding.severity is Severity.ERROR}


@EVERY
def test_nothing_is_wrong_after_it_but_half_a_gpu(path: Path, tmp_path: Path) -> None:
    result = migrated(path, tmp_path)
    assert result.migration.findings == ()
    text = path.read_text(encoding="utf-8")
    if HALF.search(text):
        assert errors(result) == {"fractional-gpu"}
        whole = tmp_path / "whole.yaml"
        whole.write_text(HALF.sub("requestGPU: 1", text), encoding="utf-8")
        result = migrate_file(Project(tmp_path), str(whole), None)
    assert errors(result) == set()


@EVERY
def test_the_data_are_what_was_meant_and_the_comments_are_there(path: Path, tmp_path: Path) -> None:
    migration = migrated(path, tmp_path).migration
    assert outcome(migration.after.data) == outcome(migration.before.data)
    before, after = (re.findall(r"(?:^|\s)#.*", side.text) for side in (migration.before, migration.after))
    assert sorted(map(str.strip, before)) == sorted(map(str.strip, after))


@EVERY
def test_written_it_holds_no_secret_and_a_second_run_does_nothing(path: Path, tmp_path: Path) -> None:
    result = migrated(path, tmp_path)
    write_file(result)
    again = migrate_file(Project(tmp_path), str(tmp_path / path.name), None)
    assert show_migration(again.migration, "prod").startswith("nothing to migrate")
    shown = show_migration(result.migration, "prod")
    for secret in secrets(path):
        assert secret not in again.migration.after.text
        assert secret not in shown


def secrets(path: Path) -> list[str]:
    """The tokens and keys that the file has in plain text."""
    engine = read_source(path.name, path.read_bytes()).data["servingEngineSpec"]
    found = [engine.get("vllmApiKey"), *(model.get("hf_token") for model in engine["modelSpec"])]
    return [value for value in found if isinstance(value, str)]


@pytest.mark.skipif(not FILES, reason=NO_FILES)
def test_two_files_ask_for_half_a_gpu() -> None:
    assert sum(bool(HALF.search(path.read_text(encoding="utf-8"))) for path in FILES) == 2
    assert sum(map(len, map(secrets, FILES))) > 8
