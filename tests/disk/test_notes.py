"""Notes beside the record: of one root, for one user, and lost without harm."""

from __future__ import annotations

import stat

import pytest

from llmstack.disk.error import DiskError
from llmstack.disk.home import find_home
from llmstack.disk.notes import read_notes, write_notes

from .conftest import Tree


@pytest.mark.parametrize("below", ["", "a/b"])
def test_notes_are_kept_by_root(below: str, repo: Tree) -> None:
    root = repo.root / below
    root.mkdir(parents=True, exist_ok=True)
    assert read_notes(root, "notes") == {}
    write_notes(root, "notes", {"a": "1"})
    write_notes(root, "notes", {"b": "2", "c": "3"})
    assert read_notes(root, "notes") == {"b": "2", "c": "3"}
    assert read_notes(root, "others") == {}
    assert read_notes(repo.root, "notes") == ({} if below else {"b": "2", "c": "3"})
    file = find_home(root).folder / "notes"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a"', b"\xff"])
def test_damaged_notes_are_none(content: bytes, repo: Tree) -> None:
    write_notes(repo.root, "notes", {"a": "1"})
    (find_home(repo.root).folder / "notes").write_bytes(content)
    assert read_notes(repo.root, "notes") == {}


def test_notes_that_cannot_be_written_are_an_error(repo: Tree) -> None:
    find_home(repo.root).folder.write_text("a file")
    with pytest.raises(DiskError, match="cannot be written"):
        write_notes(repo.root, "notes", {"a": "1"})
