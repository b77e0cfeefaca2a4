"""What is read as a file: regular ones alone, without waiting, and through links only where that is said."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from llmstack.disk.listing import read_file, read_if_other
from llmstack.disk.regular import RegularFiles, read_any_regular
from llmstack.errors import MAX_BYTES, IrregularFileError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one of each kind, and something beside it."""
    root = tmp_path / "root"
    (root / "folder" / "deep").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("x")
    (root / "folder" / "a").write_text("a")
    (root / "file").write_text("text")
    (tmp_path / "outside").write_text("x")
    for link, end in {
        "link": "folder/a", "folder/up": "../file", "linked": "folder", "out": "../outside", "into": ".git/config",
        "nowhere": "none", "loop": "loop", "top": ".",
    }.items():  # fmt: skip
        (root / link).symlink_to(end)
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
    return root


READ: dict[str, bytes | str | None] = {
    "file": b"text", "./folder/../file": b"text", "link": b"a", "folder/up": b"text", "linked/a": b"a", "linked/up": b"text",
    "top/file": b"text", "none": None, "file/below": None, "nowhere": None, "folder/none/deeper": None,
    "folder": "a folder", "pipe": "a pipe", "socket": "a socket", "loop": "a link that leads to itself",
    "out": "a link that leads out of the repository", "../outside": "outside of the repository",
    "folder/../../outside": "outside of the repository", "/etc/passwd": "outside of the repository",
    "x" * 300: None, "x" * 5000: None, "x/" * 2000 + "a": None, "x/" * 500_000: None, "../" * 5000 + "a": "outside of the repository",
    "into": "a part of Git's own folder", ".git/config": "a part of Git's own folder",
}  # fmt: skip


@pytest.mark.parametrize("path", READ, ids=lambda path: path[:40])
def test_regular_files_of_the_repository_are_read(root: Path, path: str) -> None:
    files, expected = RegularFiles(root), READ[path]
    for _ in range(2):  # the second time from what was looked up
        if isinstance(expected, str):
            with pytest.raises(IrregularFileError) as caught:
                files.read(path)
            assert str(caught.value) == expected
        else:
            assert files.read(path) == expected


def test_where_paths_lead_below_the_root(root: Path) -> None:
    files = RegularFiles(root)
    assert [files.resolve(path) for path in ("linked/a", "folder/up", "top", "folder/deep/..")] == [
        "folder/a", "file", "", "folder",
    ]  # fmt: skip
    assert [files.holds(path) for path in ("folder", "linked", "file", "none", "out", "..", ".git")] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
    assert files.read_unless_folder("folder") is None
    assert files.read_unless_folder("file") == b"text"


def test_the_largest_file_that_is_read(root: Path) -> None:
    os.truncate(root / "file", MAX_BYTES)
    assert len(read_any_regular(root / "file") or b"") == MAX_BYTES
    os.truncate(root / "file", MAX_BYTES + 1)
    with pytest.raises(IrregularFileError):
        read_any_regular(root / "file")


@pytest.mark.parametrize("read", [read_file, lambda path: read_if_other(path, b"text")])
def test_what_was_generated_is_never_read_through_a_link(root: Path, read: Callable[[str], bytes | None]) -> None:
    with pytest.raises(OSError, match="symbolic links"):
        read(str(root / "link"))


def test_a_file_is_read_whole_or_to_a_limit(root: Path) -> None:
    content = bytes(range(256)) * 1024
    (root / "file").write_bytes(content)
    path = str(root / "file")
    assert read_file(path) == content
    assert read_file(path, limit=3) == content[:3]
    assert read_if_other(path, content) is None
    assert read_if_other(path, content[:-1]) == read_if_other(path, content + b"x") == content
