"""The chain of open folders of a run: each is entered without a link, made where it is missing, and closed again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmstack.disk.error import ChangedMeanwhileError, DiskError
from llmstack.disk.folders import Folders, remove_empty


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "base" / "a").mkdir(parents=True)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")


def test_a_descriptor_is_of_the_folder_that_was_asked_for(tmp_path: Path, root: int) -> None:
    with Folders(root) as folders:
        for folder in ("base/a", "base", "", "base/a"):
            assert path_of(folders.enter(folder)) == os.fspath(tmp_path / folder).rstrip("/")
        assert folders.made == []


def test_no_more_folders_are_open_than_lead_to_one(tmp_path: Path, root: int) -> None:
    there = len(os.listdir("/proc/self/fd"))
    with Folders(root) as folders:
        for number in range(20):
            folders.enter(f"base/a/{number}/x", create=True)
        assert len(os.listdir("/proc/self/fd")) == there + 4
        folders.enter("base")
        assert len(os.listdir("/proc/self/fd")) == there + 1
    assert len(os.listdir("/proc/self/fd")) == there


def test_what_is_missing_is_made_for_everybody_to_read(tmp_path: Path, root: int) -> None:
    old = os.umask(0o077)
    try:
        with Folders(root) as folders:
            folders.enter("base/b/c", create=True)
            assert folders.made == ["base/b", "base/b/c"]
    finally:
        os.umask(old)
    assert {stat.S_IMODE((tmp_path / folder).stat().st_mode) for folder in ("base/b", "base/b/c")} == {0o755}


def test_each_folder_is_checked_as_it_is_entered(root: int) -> None:
    checked: list[str] = []
    with Folders(root, lambda _, path: checked.append(path)) as folders:
        for folder in ("", "base/a", "base/a", "base"):
            folders.enter(folder)
    assert checked == [".", "base", "base/a"]


def test_what_is_no_folder_or_gone_is_not_entered(tmp_path: Path, root: int) -> None:
    (tmp_path / "file").write_text("a")
    (tmp_path / "link").symlink_to("base")
    with Folders(root) as folders:
        for name in ("file", "link"):
            with pytest.raises(DiskError, match="cannot be entered"):
                folders.enter(name, create=True)
        with pytest.raises(ChangedMeanwhileError, match="was removed during the run"):
            folders.enter("base/gone")
        assert path_of(folders.enter("base/a")).endswith("base/a")


def test_folders_that_were_made_go_again_where_they_are_empty(tmp_path: Path, root: int) -> None:
    with Folders(root) as folders:
        folders.enter("x/y", create=True)
        folders.enter("z", create=True)
        (tmp_path / "z" / "file").write_text("a")
        folders.enter("x/y")
        folders.unmake()
        assert folders.made == []
        with pytest.raises(ChangedMeanwhileError):
            folders.enter("x/y")
    assert sorted(os.listdir(tmp_path)) == ["base", "z"]


def test_folders_that_are_empty_now_go_with_those_above_them(tmp_path: Path, root: int) -> None:
    (tmp_path / "base" / "b" / "c").mkdir(parents=True)
    (tmp_path / "base" / "kept").mkdir()
    remove_empty(root, {"base/b/c"})
    assert sorted(os.listdir(tmp_path / "base")) == ["a", "kept"]
    remove_empty(root, {"base/a", "base/kept", "nowhere/at/all"})
    assert os.listdir(tmp_path) == []
