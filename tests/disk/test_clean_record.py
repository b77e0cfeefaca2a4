"""The record of a run that found nothing to do: when it is believed, and of whom."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict, replace

from llmstack.disk import state
from llmstack.disk.clean import FILES, MAX_BYTES, RECORDS, CleanRecord, Said, Unchanged, open_record

SAID = Said(("dev", "prod"), "plain", "coloured")
STATE: dict[str, str | None] = {"": "0", "dev": "1", "prod": "2"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that tells every two changes apart: the files here differ in size."""
    monkeypatch.setattr(state, "TICK", 0)


@pytest.fixture
def record(tmp_path: Path) -> CleanRecord:
    """A record that was kept, of a root with one file beside the folders."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "template.jinja").write_text("a")
    made = CleanRecord(tmp_path / "cache" / "record.json", root, STATE)
    made.keep(SAID, ["values/prod.yaml", "template.jinja"], {"dev": [1], "prod": [2]})
    return made


def change(record: CleanRecord, **fields: Any) -> None:
    """Write the record with other fields."""
    kept = json.loads(record.file.read_text())
    record.file.write_text(json.dumps({**kept, **fields}))


def test_what_was_said_is_said_again_where_nothing_has_changed(record: CleanRecord) -> None:
    assert record.recall() == SAID
    assert replace(record, state={**STATE, "dev": "9"}).recall() is None
    assert replace(record, file=record.file.with_name("other.json")).recall() is None


def test_only_files_beside_the_folders_are_told_apart_by_themselves(record: CleanRecord) -> None:
    assert set(json.loads(record.file.read_text())["beside"]) == {*FILES, "template.jinja"}


@pytest.mark.parametrize("name", ["template.jinja", *FILES])
def test_a_file_beside_the_folders_that_changes_or_comes(name: str, record: CleanRecord) -> None:
    (record.root / name).write_text("other")
    assert record.recall() is None
    assert record.recall_unchanged() is None


def test_what_cannot_be_told_is_not_kept_and_not_recalled(record: CleanRecord) -> None:
    unknown = replace(record, state={**STATE, "dev": None})
    change(record, state=unknown.state)
    assert unknown.recall() is None
    fresh = replace(unknown, file=record.file.with_name("fresh.json"))
    fresh.keep(SAID, [])
    assert not fresh.file.exists()


def test_files_that_an_earlier_run_read_count_on(record: CleanRecord) -> None:
    record.keep(SAID, [])
    (record.root / "template.jinja").write_text("other")
    assert record.recall() is None


@pytest.mark.parametrize(
    ("state", "unchanged"),
    [
        (STATE, {"dev", "prod"}),
        ({**STATE, "dev": "9"}, {"prod"}),
        ({"": "0", "prod": "2"}, {"prod"}),
        ({**STATE, "prod": None}, {"dev"}),
        ({**STATE, "": "9"}, None),
        ({**STATE, "": None}, None),
        ({**STATE, "new": "3"}, None),  # nothing was kept of it
    ],
)
def test_the_environments_of_which_nothing_has_changed(state: Any, unchanged: Any, record: CleanRecord) -> None:
    found = replace(record, state=state).recall_unchanged()
    kept = {"dev": [1], "prod": [2]}
    assert found == (None if unchanged is None else Unchanged(kept, frozenset(unchanged)))


def test_a_whole_that_could_not_be_told_then_is_not_the_same_now(record: CleanRecord) -> None:
    change(record, state={**STATE, "": None})
    assert replace(record, state={**STATE, "": None}).recall_unchanged() is None


@pytest.mark.parametrize(
    "fields",
    [
        {"said": None}, {"said": []}, {"said": {"environments": [], "plain": ""}},
        {"said": {"environments": [], "plain": "", "coloured": "", "more": ""}},
        {"said": {"environments": "dev", "plain": "", "coloured": ""}},
        {"said": {"environments": [1], "plain": "", "coloured": ""}},
        {"said": {"environments": [], "plain": 1, "coloured": ""}},
        {"said": {"environments": [], "plain": "", "coloured": None}},
        {"beside": None}, {"beside": []}, {"beside": {"template.jinja": "x"}},
    ],
)  # fmt: skip
def test_a_record_of_another_form_says_nothing(fields: Any, record: CleanRecord) -> None:
    change(record, **fields)
    assert record.recall() is None


@pytest.mark.parametrize("fields", [{"environments": None}, {"state": None}, {"state": []}, {"environments": []}])
def test_a_record_of_another_form_keeps_no_environment(fields: Any, record: CleanRecord) -> None:
    change(record, **fields)
    assert record.recall_unchanged() is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null", b'{"beside": {}}', b"[" * 100_000])
def test_what_is_no_record_says_nothing(content: bytes, record: CleanRecord) -> None:
    record.file.write_bytes(content)
    assert record.recall() is None
    assert record.recall_unchanged() is None


def test_the_smallest_record_that_is_believed(record: CleanRecord) -> None:
    record.file.write_text(json.dumps({"state": STATE, "beside": {}, "said": asdict(SAID), "environments": {}}))
    assert record.recall() == SAID
    assert record.recall_unchanged() == Unchanged({}, frozenset())


def open_to_others(file: Path) -> None:
    file.chmod(0o640)


def through_a_link(file: Path) -> None:
    file.rename(file.with_suffix(".moved"))
    file.symlink_to(file.with_suffix(".moved"))


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir(0o700)


def of_somebody_else(file: Path) -> None:
    os.chown(file, 65534, -1)


@pytest.mark.parametrize("spoil", [open_to_others, through_a_link, a_pipe, a_folder, of_somebody_else])
def test_a_record_that_somebody_else_can_have_written_is_not_believed(
    spoil: Callable[[Path], None], record: CleanRecord
) -> None:
    if spoil is of_somebody_else and os.geteuid():
        pytest.skip("only root gives files away")
    spoil(record.file)
    assert record.recall() is None


def test_a_record_that_is_too_large_is_neither_kept_nor_read(record: CleanRecord) -> None:
    content = record.file.read_bytes()
    record.file.write_bytes(content + b" " * (MAX_BYTES - len(content)))
    assert record.recall() == SAID
    record.file.write_bytes(content + b" " * (MAX_BYTES - len(content) + 1))
    assert record.recall() is None
    record.file.write_bytes(content)
    record.keep(replace(SAID, plain="x" * MAX_BYTES), [])
    assert record.recall() == SAID, "the earlier one stays"


def test_a_record_is_of_its_owner_alone(record: CleanRecord) -> None:
    assert record.file.stat().st_mode & 0o777 == 0o600
    assert record.file.parent.stat().st_mode & 0o777 == 0o700


def test_the_oldest_records_go(record: CleanRecord) -> None:
    for number in range(RECORDS):
        other = record.file.with_name(f"{number}.json")
        other.write_text("{}")
        os.utime(other, (number, number))
    record.keep(SAID, [])
    left = {each.name for each in record.file.parent.iterdir()}
    assert len(left) == RECORDS
    assert "0.json" not in left
    assert {"record.json", "1.json"} <= left


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    made = CleanRecord(tmp_path / "cache" / "record.json", tmp_path, STATE)
    made.keep(SAID, [])
    assert made.recall() is None


def test_a_record_is_of_one_root_and_one_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "values").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    asked = [open_record(tmp_path, tmp_path / root, names) for root, names in (("a", []), ("b", []), ("a", ["prod"]))]
    assert len({each.file for each in asked}) == 3
    assert asked[0].file.parent == tmp_path
    assert open_record(tmp_path, Path("a"), []).file == asked[0].file
    monkeypatch.chdir(tmp_path / "b")
    assert open_record(tmp_path, tmp_path / "a", []).file != asked[0].file


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("values/prod.yaml", "prod"), ("values/prod.v2.yaml", "prod.v2"), ("values/more/prod.yaml", ""),
        ("overlays/prod/router/a.yaml", "prod"), ("custom/prod/router/a.yaml", "prod"),
        ("clusters/east/prod/a.yaml", "prod"), ("clusters/east.yaml", ""), ("base/prod/a.yaml", ""), ("facts/models/a.yaml", ""),
    ],
)  # fmt: skip
def test_a_file_is_of_the_environment_that_its_path_names(path: str, part: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / path).parent.mkdir(parents=True)
    before = open_record(tmp_path, root, []).state
    (root / path).write_text("a")
    after = open_record(tmp_path, root, []).state
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} - {""} == {part} - {""}
    assert (before.get("") != after.get("")) is (part == "")


def test_what_a_run_of_the_same_number_left_half_written_is_in_nobodys_way(record: CleanRecord) -> None:
    left = record.file.with_name(f"{record.file.name}.{os.getpid()}.new")
    left.write_text("half")
    record.keep(replace(SAID, plain="other"), [])
    assert record.recall() == replace(SAID, plain="other")
    assert not left.exists()
