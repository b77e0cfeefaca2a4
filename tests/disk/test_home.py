"""Where a run keeps its record and stages its files, and that nothing of it stays behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from llmstack.disk.error import BusyError, DiskError
from llmstack.disk.home import Home, append_record, find_home, lock, staging_folder

from .conftest import Tree


def test_where_the_record_is(tree: Tree, repo: Tree) -> None:
    outside, inside = find_home(tree.root), find_home(repo.root)
    assert outside.folder == tree.root / ".llmstack"
    assert inside.folder == (repo.root / ".git" / "llmstack").resolve()
    assert [home.staging.parent for home in (outside, inside)] == [outside.folder, inside.folder]
    below = repo.root / "a b" / "c"
    below.mkdir(parents=True)
    assert find_home(below).folder == inside.folder / "at-a%20b%2Fc"
    assert tree.files() == {}


def lines(home: Home) -> list[str]:
    return (home.folder / "written").read_text().split("\n")


def test_a_record_grows_by_what_it_does_not_have(tree: Tree) -> None:
    home = find_home(tree.root)
    assert home.read_record() == frozenset()
    with lock(home) as record:
        append_record(record, ["a", "b"])
        append_record(record, ["b"])
        append_record(record, ["c", "a"])
    assert lines(home) == ["a", "b", "c", ""]
    assert home.read_record() >= {"a", "b", "c"}
    (home.folder / "written").write_text("a\nb\nc")
    with lock(home) as record:
        append_record(record, ["d"])
    assert lines(home) == ["a", "b", "c", "d", ""], "one that was cut short is ended first"
    assert (home.folder / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("git", [False, True])
def test_a_run_that_writes_nothing_leaves_nothing(git: bool, tree: Tree, repo: Tree) -> None:
    root = (repo if git else tree).root
    home = find_home(root)
    with lock(home), pytest.raises(BusyError, match="another llmstack run is writing here"), lock(home):
        pass
    assert not home.folder.exists()
    with lock(home), staging_folder(home) as stage:
        assert not stage.was_interrupted
        assert home.was_interrupted, "were it killed now"
    assert not home.folder.exists()


def test_a_run_that_was_killed_is_cleared_and_told(repo: Tree) -> None:
    home = find_home(repo.root)
    home.staging.mkdir(parents=True)
    (home.staging / "left").write_text("x")
    with staging_folder(home) as stage:
        assert stage.was_interrupted
        assert os.listdir(home.staging) == []
        assert stat.S_IMODE(os.fstat(stage.descriptor).st_mode) == 0o700
        (home.staging / "staged").write_text("x")
    assert not home.was_interrupted
    with staging_folder(home) as stage:
        stage.in_use = True
        (home.staging / "staged").write_text("x")
    assert home.was_interrupted
    assert os.listdir(home.staging) == [], "a mark alone"


@pytest.mark.parametrize("what", ["folder", "record", "staging"])
def test_what_is_in_the_way_is_an_error_with_its_path(what: str, repo: Tree) -> None:
    home = find_home(repo.root)
    path = {"folder": home.folder, "record": home.folder / "written", "staging": home.staging}[what]
    if what == "record":
        path.mkdir(parents=True)
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text("a file")
    with pytest.raises(DiskError) as caught, lock(home), staging_folder(home):
        pass
    assert Path(caught.value.path).is_relative_to(home.folder)


def test_a_record_that_cannot_be_read_is_an_error(tree: Tree) -> None:
    (tree.root / ".llmstack" / "written").mkdir(parents=True)
    with pytest.raises(DiskError, match="cannot be read"):
        find_home(tree.root).read_record()


def test_a_link_in_place_of_our_folder_is_not_followed(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tree.root / ".llmstack").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DiskError, match="Is a symbolic link"), lock(find_home(tree.root)):
        pass
    assert os.listdir(tmp_path / "elsewhere") == []
