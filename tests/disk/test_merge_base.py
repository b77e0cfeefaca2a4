"""The commit that a branch is compared with when nobody names one, in full and in shallow clones."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmstack.git.objects import GitError, NoMergeBaseError, find_merge_base, resolve_revision

from .conftest import Tree, opened


@pytest.mark.parametrize("name", ["main", "master", "trunk"])
def test_the_merge_base_with_origins_default_branch(repo: Tree, tmp_path: Path, name: str) -> None:
    repo.git("branch", "-m", name)
    repo.write({"a": "1"})
    base = repo.commit()
    repo.git("clone", "-q", str(repo.root), str(tmp_path / "clone"))
    clone = Tree(tmp_path / "clone")
    clone.git("checkout", "-q", "-b", "feature")
    clone.write({"a": "2"})
    clone.commit()
    clone.git("branch", "-D", name)
    repo.write({"a": "3"})
    repo.commit()
    clone.git("fetch", "-q")
    assert find_merge_base(opened(clone)) == base
    clone.git("remote", "set-head", "origin", "--delete")  # as actions/checkout leaves it
    if name == "trunk":
        with pytest.raises(NoMergeBaseError, match="no default branch"):
            find_merge_base(opened(clone))
    else:
        assert find_merge_base(opened(clone)) == base


def test_without_a_remote_main_comes_before_master(repo: Tree) -> None:
    repo.write({"a": "1"})
    first = repo.commit()
    repo.git("branch", "master")
    repo.write({"a": "2"})
    second = repo.commit()
    repo.git("checkout", "-q", "-b", "feature")
    assert find_merge_base(opened(repo)) == second
    repo.git("branch", "-D", "main")
    assert find_merge_base(opened(repo)) == first


def test_a_shallow_clone_is_told_to_fetch_more(repo: Tree, tmp_path: Path) -> None:
    repo.write({"a": "1"})
    first = repo.commit()
    repo.git("checkout", "-q", "-b", "feature")
    repo.write({"a": "2"})
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write({"a": "3"})
    repo.commit()
    url = repo.root.as_uri()
    repo.git("clone", "-q", "--depth", "1", "--no-single-branch", "-b", "feature", url, str(tmp_path / "both"))
    repo.git("clone", "-q", "--depth", "1", "-b", "feature", url, str(tmp_path / "one"))
    Tree(tmp_path / "one").git("remote", "set-head", "origin", "--delete", check=False)
    for name in ("both", "one"):
        with pytest.raises(NoMergeBaseError, match="fetch-depth: 0"):
            find_merge_base(opened(Tree(tmp_path / name)))
        with pytest.raises(GitError, match="fetch-depth: 0"):
            resolve_revision(opened(Tree(tmp_path / name)), first)


def test_unrelated_histories_have_no_merge_base(repo: Tree) -> None:
    repo.write({"a": "1"})
    repo.commit()
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit("another beginning")
    with pytest.raises(NoMergeBaseError, match="no common commit") as caught:
        find_merge_base(opened(repo))
    assert "fetch-depth" not in str(caught.value)
