"""Reading Git, on real repositories, against what the git program itself says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmstack.git.contents import Difference
from llmstack.git.objects import (
    GitError,
    Repository,
    find_blobs,
    find_repository,
    hash_files,
    read_heads,
    read_stages,
    resolve_revision,
)

from .conftest import Tree, opened, read_differences, read_files


def test_outside_git_there_is_no_repository(tree: Tree) -> None:
    assert find_repository(tree.root) is None


def test_a_repository_is_found_from_below_and_through_links(repo: Tree, tmp_path: Path) -> None:
    (repo.root / "a/b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(repo.root / "a")
    found = find_repository(tmp_path / "link/b")
    assert found == Repository(repo.root / "a/b", repo.root, repo.root / ".git")


def test_an_empty_git_folder_is_no_repository(tree: Tree) -> None:
    (tree.root / ".git").mkdir()
    assert find_repository(tree.root) is None


def test_a_working_tree_whose_repository_is_gone_is_an_error(tree: Tree) -> None:
    tree.write({".git": "gitdir: /nonexistent\n"})
    with pytest.raises(GitError, match="leads to no Git folder"):
        find_repository(tree.root)


@pytest.mark.parametrize(
    "text", [b"gitdir: a\0b\n", b"\xff\0" * 9000, b"gitdir: " + b"a/" * 9000, b"gitdir: " + b"a" * 300]
)
def test_a_file_in_the_place_of_the_repository_is_an_error_whatever_it_holds(tree: Tree, text: bytes) -> None:
    (tree.root / ".git").write_bytes(text)
    with pytest.raises(GitError, match=r"\.git"):
        find_repository(tree.root)


def test_revisions_resolve_to_commits(repo: Tree) -> None:
    repo.write({"a": "1"})
    first = repo.commit()
    repo.git("tag", "-a", "v1", "-m", "x")
    repo.write({"a": "2"})
    second = repo.commit()
    repository = opened(repo)
    assert resolve_revision(repository, "HEAD") == second
    assert resolve_revision(repository, "main") == second
    assert resolve_revision(repository, "v1") == first
    assert resolve_revision(repository, first[:10]) == first
    for bad in ("nowhere", "", "--all", "HEAD\nHEAD", "HEAD:a", "missing"):
        with pytest.raises(GitError, match="is no commit, branch or tag"):
            resolve_revision(repository, bad)


def test_an_unborn_head_is_said_to_be_no_commit(repo: Tree) -> None:
    with pytest.raises(GitError, match="`HEAD` is no commit"):
        resolve_revision(opened(repo), "HEAD")
    assert read_heads(opened(repo)) == {}


def test_heads_of_a_merge_in_progress(repo: Tree) -> None:
    repo.write({"a": "1\n"})
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    repo.write({"a": "2\n"})
    theirs = repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write({"a": "3\n"})
    ours = repo.commit()
    assert read_heads(opened(repo)) == {"HEAD": (ours,)}
    repo.git("merge", "other", check=False)
    assert read_heads(opened(repo)) == {"HEAD": (ours,), "MERGE_HEAD": (theirs,)}
    blobs = {number: repo.git("rev-parse", f":{number}:a").strip() for number in (1, 2, 3)}
    assert read_stages(opened(repo)) == {"a": blobs}
    assert find_blobs(opened(repo), [ours, theirs], ["a", "b"]) == {
        "a": {blobs[2], blobs[3]},
        "b": set(),
    }
    repo.git("merge", "--abort")
    repo.git("cherry-pick", "other", check=False)
    assert read_heads(opened(repo)) == {"HEAD": (ours,), "CHERRY_PICK_HEAD": (theirs,)}
    repo.git("cherry-pick", "--abort")
    repo.git("rebase", "other", check=False)
    assert read_heads(opened(repo)) == {"HEAD": (theirs,), "REBASE_HEAD": (ours,)}


def test_files_of_a_revision(repo: Tree) -> None:
    files = {
        "x/a": b"1\n",
        "x/y/b": b"\x00\xff",
        "x/empty": b"",
        "z": b"no",
        "x y": b"space",
        "x/\u00fc": b"u",
    }
    repo.write(files)
    (repo.root / "x/link").symlink_to("a")
    repo.commit()
    repo.write({"x/a": "later\n"})
    repository = opened(repo)
    assert read_files(repository, "HEAD", ["x", "x y", "missing"]) == {
        path: content for path, content in files.items() if path != "z"
    }
    assert read_files(repository, "HEAD", []) == {}
    assert read_files(repository, "HEAD", ["x/a"]) == {"x/a": b"1\n"}
    assert read_files(repository, "HEAD", ["x/link", "nothing"]) == {}


def test_differences_between_revisions(repo: Tree) -> None:
    repo.write({"x/same": "1", "x/changed": "1", "x/gone": "1", "out/changed": "1"})
    first = repo.commit()
    (repo.root / "x/gone").unlink()
    repo.write({"x/changed": "2", "x/new": "2", "out/changed": "2"})
    (repo.root / "x/same").chmod(0o755)
    repo.commit()
    expected = {
        "x/changed": Difference(b"1", b"2"),
        "x/gone": Difference(b"1", None),
        "x/new": Difference(None, b"2"),
    }
    assert read_differences(opened(repo), first, "HEAD", ["x"]) == expected
    assert read_differences(opened(repo), first, None, ["x"]) == expected
    assert read_differences(opened(repo), "HEAD", "HEAD", ["x"]) == {}
    assert read_differences(opened(repo), first, "HEAD", []) == {}


def test_a_renamed_file_is_gone_in_one_place_and_new_in_another(repo: Tree) -> None:
    repo.write({"x/old": "the same\n" * 20})
    first = repo.commit()
    repo.git("mv", "x/old", "x/new")
    repo.commit()
    content = b"the same\n" * 20
    for after in ("HEAD", None):
        assert read_differences(opened(repo), first, after, ["x"]) == {
            "x/new": Difference(None, content),
            "x/old": Difference(content, None),
        }


def test_folders_are_names_and_no_patterns(repo: Tree) -> None:
    repo.write({"x/a": "1", "*/a": "2", ":(top)/a": "3"})
    repo.commit()
    assert read_files(opened(repo), "HEAD", ["*"]) == {"*/a": b"2"}
    repo.write({"x/a": "11", "*/a": "22", ":(top)/a": "33", "x/b": "4"})
    assert read_differences(opened(repo), "HEAD", None, ["*"]) == {"*/a": Difference(b"2", b"22")}
    assert read_differences(opened(repo), "HEAD", None, [":(top)"]) == {":(top)/a": Difference(b"3", b"33")}


def test_the_working_tree_is_what_is_on_disk(repo: Tree) -> None:
    repo.write(
        {
            "x/changed": "1",
            "x/gone": "1",
            "x/touched": "1",
            "x/unstaged": "1",
            "x/link": "1",
            ".gitignore": "ignored",
        }
    )
    repo.commit()
    (repo.root / "x/gone").unlink()
    (repo.root / "x/link").unlink()
    (repo.root / "x/link").symlink_to("changed")
    repo.write({"x/changed": "2", "x/untracked": "2", "x/ignored": "2", "x/staged": "2", "x/touched": "1"})
    repo.git("add", "x/staged")
    repo.git("rm", "-q", "--cached", "x/unstaged")
    assert read_differences(opened(repo), "HEAD", None, ["x"]) == {
        "x/changed": Difference(b"1", b"2"),
        "x/gone": Difference(b"1", None),
        "x/ignored": Difference(None, b"2"),
        "x/link": Difference(b"1", None, opaque=True),
        "x/staged": Difference(None, b"2"),
        "x/untracked": Difference(None, b"2"),
    }


def test_a_conflicted_file_differs_by_what_is_on_disk(repo: Tree) -> None:
    repo.write({"x/a": "1\n"})
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    repo.write({"x/a": "2\n"})
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write({"x/a": "3\n"})
    repo.commit()
    repo.git("merge", "other", check=False)
    on_disk = (repo.root / "x/a").read_bytes()
    assert b"<<<<<<<" in on_disk
    assert read_differences(opened(repo), "HEAD", None, ["x"]) == {"x/a": Difference(b"3\n", on_disk)}


def test_paths_are_relative_to_the_root_that_was_asked_about(repo: Tree) -> None:
    repo.write({"sub/x/a": "1", "x/a": "top"})
    first = repo.commit()
    repo.write({"sub/x/a": "2", "x/a": "top 2", "sub/x/new": "3"})
    repository = opened(Tree(repo.root / "sub"))
    assert read_files(repository, "HEAD", ["x"]) == {"x/a": b"1"}
    assert read_differences(repository, first, None, ["x"]) == {
        "x/a": Difference(b"1", b"2"),
        "x/new": Difference(None, b"3"),
    }
    assert hash_files(repository, ["x/a"]) == {"x/a": repo.git("hash-object", "sub/x/a").strip()}


def test_a_file_that_another_run_removed_is_named(repo: Tree) -> None:
    repo.write({"a": "1"})
    with pytest.raises(GitError, match=r"^x/b was removed during the run; run again$"):
        hash_files(opened(repo), ["a", "x/b"])


def test_nothing_configured_in_the_repository_runs_or_changes_the_answer(repo: Tree, tmp_path: Path) -> None:
    repo.write({".gitattributes": "* diff=evil\n", "x/a": "1\n"})
    first = repo.commit()
    repo.write({"x/a": "2\n"})
    repo.commit()
    trap = tmp_path / "trap"
    for key in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "core.pager"):
        repo.git("config", key, f"touch {trap}; false")
    repo.git("config", "core.hooksPath", str(tmp_path))
    repo.git("config", "diff.noprefix", "true")
    repo.git("config", "color.ui", "always")
    index = (repo.root / ".git/index").read_bytes()
    (repo.root / "x/a").touch()
    expected = {"x/a": Difference(b"1\n", b"2\n")}
    assert read_differences(opened(repo), first, None, ["x"]) == expected
    assert read_differences(opened(repo), first, "HEAD", ["x"]) == expected
    assert read_stages(opened(repo)) == {}
    assert not trap.exists()
    assert (repo.root / ".git/index").read_bytes() == index


def test_a_failure_of_git_is_told_with_its_own_words(repo: Tree) -> None:
    repo.write({"x/a": "1\n"})
    repo.commit()
    blob = repo.git("rev-parse", "HEAD:x/a").strip()
    (repo.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError, match=f"{blob} is missing"):
        read_files(opened(repo), "HEAD", ["x"])
    (repo.root / ".git/index").write_bytes(b"broken")
    with pytest.raises(GitError, match=r"`git ls-files` failed in .*index file"):
        read_stages(opened(repo))


def test_sha256_repositories_are_read_alike(tree: Tree) -> None:
    tree.git("init", "-q", "-b", "main", "--object-format=sha256")
    tree.write({"x/a": "1\n"})
    first = tree.commit()
    tree.write({"x/a": "2\n"})
    assert len(first) == 64
    assert read_differences(opened(tree), first, None, ["x"]) == {"x/a": Difference(b"1\n", b"2\n")}


def test_without_a_git_program_the_error_says_so(repo: Tree) -> None:
    repo.write({"x/a": "1\n"})
    repo.commit()
    code = (
        "import sys\nfrom pathlib import Path\nfrom llmstack.git.objects import GitError, find_repository, read_heads\n"
        "repository = find_repository(Path(sys.argv[1]))\n"
        "try:\n    read_heads(repository)\n"
        "except GitError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(repo.root)],
        env={"PATH": str(repo.root), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == "`git` is not on PATH: install Git 2.30 or newer\n"
