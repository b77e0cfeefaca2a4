"""What `gen` remembers of trees that were in order: it never changes a result, whatever becomes of the record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import forks
from tests.work import count_calls

from llmstack.disk import clean, state
from llmstack.disk.clean import FOLDERS, CleanRecord, Said, open_record
from llmstack.disk.state import mark_file, read_state
from llmstack.repository.schema_file import SCHEMA
from llmstack.schemas import values_schema

VALUES = """
gitops: {release: llm, namespace: llm, secrets: {backend: sealed-secrets, certificate: keys/cert.pem}}
servingEngineSpec:
  modelSpec:
    - {name: llama, repository: vllm/vllm-openai, tag: v0.11.2, modelURL: a/b, replicaCount: 1, requestCPU: 1,
       requestMemory: 1Gi, requestGPU: 1}
"""
SAID = Said(("prod",), "warning\n", "\x1b[33mwarning\x1b[0m\n")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A clock that ticks faster than that of most file systems: returns what waits for the next tick."""
    monkeypatch.setattr(state, "TICK", 20_000_000)
    return lambda: time.sleep(0.05)


@pytest.fixture
def root(tmp_path: Path, soon: Callable[[], None]) -> Path:
    folder = tmp_path / "root"
    (folder / "values").mkdir(parents=True)
    (folder / "values" / "prod.yaml").write_text(VALUES, encoding="utf-8")
    soon()
    return folder


def _open(root: Path, *names: str) -> CleanRecord:
    return open_record(root.parent / "cache", root, names)


def _kept(root: Path, read: tuple[str, ...] = ()) -> CleanRecord:
    record = _open(root)
    assert record.recall() is None
    record.keep(SAID, read)
    assert _open(root).recall() == SAID
    return record


def test_what_was_said_is_said_again(root: Path) -> None:
    _kept(root)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_new_file_anywhere_is_seen(root: Path, folder: str, soon: Callable[[], None]) -> None:
    _kept(root)
    (root / folder / "a").mkdir(parents=True)
    soon()
    assert _open(root).recall() is None
    _open(root).keep(SAID, ())
    assert _open(root).recall() == SAID
    (root / folder / "a" / "b").write_text("", encoding="utf-8")
    soon()
    assert _open(root).recall() is None


def test_an_edit_that_keeps_size_and_time_is_seen(root: Path, soon: Callable[[], None]) -> None:
    _kept(root)
    file = root / "values" / "prod.yaml"
    before = file.stat()
    file.write_text(VALUES.replace("llama", "gemma"), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    soon()
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert _open(root).recall() is None


def test_of_what_changed_just_now_nothing_is_said(root: Path) -> None:
    (root / "values" / "prod.yaml").touch()
    assert read_state(root, FOLDERS) is None
    assert mark_file(root / "values" / "prod.yaml") is None


@pytest.mark.parametrize("end", ["prod.yaml", "../base", "nowhere"])
def test_a_link_is_not_looked_behind(root: Path, end: str, soon: Callable[[], None]) -> None:
    (root / "values" / "dev.yaml").symlink_to(end)
    soon()
    assert read_state(root, FOLDERS) is None


def test_a_folder_that_is_a_link_is_not_walked_through(root: Path, soon: Callable[[], None]) -> None:
    (root / "custom").symlink_to("/")
    soon()
    assert count_calls(lambda: read_state(root, FOLDERS)) < 500
    assert read_state(root, FOLDERS) is None


def test_a_file_beside_the_folders_counts(root: Path, soon: Callable[[], None]) -> None:
    _kept(root, ("keys/cert.pem", "values/prod.yaml"))
    (root / "keys").mkdir()
    (root / "keys" / "cert.pem").write_text("new", encoding="utf-8")
    soon()
    assert _open(root).recall() is None
    _open(root).keep(SAID, ("keys/cert.pem",))
    assert _open(root).recall() == SAID
    (root / ".sops.yaml").write_text("{}", encoding="utf-8")
    soon()
    assert _open(root).recall() is None


def test_what_is_beside_and_changed_just_now_is_not_remembered(root: Path) -> None:
    record = _open(root)
    (root / ".sops.yaml").write_text("{}", encoding="utf-8")
    record.keep(SAID, ())
    assert not record.file.exists()


def test_another_root_question_or_folder_has_a_record_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(root)
    assert _open(root, "prod").recall() is None
    copy = root.rename(root.with_name("copy"))
    assert open_record(root.parent / "cache", copy, ()).recall() is None
    copy.rename(root)
    monkeypatch.chdir("/")
    assert _open(root).recall() is None


def test_another_llmstack_has_records_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(root)
    monkeypatch.setattr(clean, "_tool", lambda: ["another"])
    assert _open(root).recall() is None
    monkeypatch.setattr(clean, "_tool", lambda: [None])
    assert set(_open(root).state.values()) == {None}


def _said(record: dict[str, object], **changes: object) -> bytes:
    said = record["said"]
    assert isinstance(said, dict)
    return json.dumps(record | {"said": said | changes}).encode()


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: b"",
        lambda record: json.dumps(record).encode()[:-1],
        lambda record: b"[" * 50_000,
        lambda record: b"[]",
        lambda record: b"\xff\x00",
        lambda record: json.dumps(record | {"state": None}).encode(),
        lambda record: json.dumps({name: kept for name, kept in record.items() if name != "state"}).encode(),
        lambda record: json.dumps(record | {"beside": None}).encode(),
        lambda record: json.dumps(record | {"said": None}).encode(),
        lambda record: _said(record, plain=1),
        lambda record: _said(record, environments="prod"),
        lambda record: _said(record, environments=[1]),
        lambda record: _said(record, more=""),
        lambda record: json.dumps(record).encode() + b" " * clean.MAX_BYTES,
    ],
)
def test_a_damaged_record_counts_for_nothing(root: Path, damage: Callable[[dict[str, object]], bytes]) -> None:
    file = _kept(root).file
    file.write_bytes(damage(json.loads(file.read_bytes())))
    assert _open(root).recall() is None
    _open(root).keep(SAID, ())
    assert _open(root).recall() == SAID


def test_a_record_that_others_may_write_counts_for_nothing(root: Path) -> None:
    file = _kept(root).file
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.chmod(0o620)
    assert _open(root).recall() is None
    file.chmod(0o600)
    assert _open(root).recall() == SAID
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")
    assert _open(root).recall() is None


def test_records_are_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean, "RECORDS", 3)
    for name in "abcdef":
        _open(root, name).keep(SAID, ())
    assert len(list((root.parent / "cache").iterdir())) == 3
    assert _open(root, "f").recall() == SAID


def test_a_cache_that_cannot_be_written_is_none(root: Path) -> None:
    (root.parent / "cache").write_text("", encoding="utf-8")
    _open(root).keep(SAID, ())
    assert _open(root).recall() is None


def _gen(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    cache = {"XDG_CACHE_HOME": str(root.parent / "home")}
    command = forks.command("gen", *arguments)
    return subprocess.run(command, cwd=root, env=os.environ | cache, capture_output=True, text=True, check=False)


def test_a_second_run_says_what_the_first_one_said(root: Path) -> None:
    records = root.parent / "home" / "llmstack" / "clean"
    _gen(root)
    time.sleep(2.1)  # what a run wrote is too young to be remembered
    first = _gen(root)
    assert first.stdout == "nothing to do: prod\n"
    assert len(list(records.iterdir())) == 1
    second, anew = _gen(root), _gen(root, "--no-cache")
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, first.stderr)
    assert (anew.returncode, anew.stdout, anew.stderr) == (0, first.stdout, first.stderr)
    assert _gen(root, "--check").stderr.endswith("prod: the tree is what the values generate\n")
    (root / "overlays" / "prod" / "kustomization.yaml").unlink()
    assert "overlays/prod" in _gen(root, "--check").stdout
    assert "overlays/prod" in _gen(root).stdout


_WATCHED = """
import os, sys
root = os.getcwd() + "/"
seen = set()

def note(event, arguments):
    if event in ("open", "os.scandir", "os.listdir") and arguments and isinstance(arguments[0], (str, os.PathLike)):
        seen.add(os.path.abspath(arguments[0]))

sys.addaudithook(note)
sys.argv = ["llmstack", "gen", "--no-cache"]
from llmstack.cli import cli
cli(standalone_mode=False)
print("\\n".join(sorted(path.removeprefix(root) for path in seen if path.startswith(root))))
"""


def test_a_run_reads_nothing_below_its_root_that_a_record_does_not_watch(root: Path) -> None:
    assert _gen(root).returncode == 0
    watched = subprocess.run(
        [sys.executable, "-c", _WATCHED], cwd=root, capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]
    assert "values/prod.yaml" in watched
    assert "overlays/prod/models/llama/deployment.yaml" in watched
    beside = {path for path in watched if path.split("/")[0] not in FOLDERS}
    assert beside <= {*clean.FILES, ".llmstack", "docs", SCHEMA}, "a file asked for by its path is watched by it"


def test_an_edited_schema_is_noticed_where_a_run_was_remembered(root: Path) -> None:
    (root / "docs").mkdir()
    (root / SCHEMA).write_text(values_schema(), encoding="utf-8")
    _gen(root)
    time.sleep(2.1)  # what a run wrote is too young to be remembered
    assert _gen(root).stdout == "nothing to do: prod\n"
    (root / SCHEMA).write_text(values_schema().replace('"title"', '"titel"', 1), encoding="utf-8")
    assert "docs/values.schema.json" in _gen(root, "--check").stdout


def test_a_run_that_is_remembered_reads_no_file_of_the_tree(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(root)
    few = count_calls(lambda: _open(root).recall())
    for number in range(100):
        (root / "values" / f"{number}.txt").write_text("", encoding="utf-8")
    time.sleep(0.05)
    _kept(root)
    assert (count_calls(lambda: _open(root).recall()) - few) / 100 < 20
