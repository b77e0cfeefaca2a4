"""Ownership in real repositories: what Git does to a file is no hand edit, and a hand edit is never lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmstack.disk.home import find_home
from llmstack.disk.plan import plan_tree

from .conftest import SCOPES, Tree, body, generated

A = "overlays/prod/models/llama/deployment.yaml"
B = "overlays/prod/models/qwen/deployment.yaml"


def test_edit_gen_edit_gen_without_a_commit(repo: Tree) -> None:
    for number in range(4):
        repo.gen({A: generated(f"n: {number}\n")})
    repo.commit()
    repo.gen({A: generated("n: 1\n")})
    repo.gen({A: generated("n: 9\n"), B: generated("b\n")})
    repo.gen({})


def test_any_content_ever_written_is_ours_also_after_it_comes_back(repo: Tree) -> None:
    repo.gen({A: generated("n: 1\n")})
    repo.gen({A: generated("n: 2\n")})
    repo.write({A: generated("n: 1\n")})
    repo.gen({A: generated("n: 3\n")})


def test_content_written_elsewhere_is_not_ours_here(repo: Tree) -> None:
    repo.gen({A: generated("n: 1\n"), B: generated("n: 2\n")})
    repo.write({A: generated("n: 2\n")})
    assert repo.refused({A: generated("n: 3\n"), B: generated("n: 2\n")}) == {A: "hand-edited"}


@pytest.mark.parametrize("staged", [False, True])
def test_a_hand_edit_is_refused_also_when_staged(repo: Tree, staged: bool) -> None:
    repo.gen({A: generated("n: 1\n")})
    repo.commit()
    repo.write({A: generated("n: 7\n")})
    if staged:
        repo.git("add", "-A")
    (refusal,) = repo.plan({A: generated("n: 2\n")}).refusals
    assert (refusal.path, refusal.reason) == (A, "hand-edited")
    assert "-n: 7\n+n: 2\n" in refusal.diff
    assert repo.refused({}) == {A: "hand-edited"}
    repo.gen({A: generated("n: 2\n")}, force=True)


def test_a_committed_hand_edit_is_regenerated(repo: Tree) -> None:
    repo.gen({A: generated("n: 1\n")})
    repo.commit()
    repo.write({A: generated("n: 7\n")})
    repo.commit()
    repo.gen({A: generated("n: 1\n")})


def test_a_new_file_by_hand_with_a_copied_header_is_refused(repo: Tree) -> None:
    repo.write({A: generated("by hand\n")})
    assert repo.refused({A: generated("n: 1\n")}) == {A: "hand-edited"}  # no commit yet
    repo.write({"README.md": "x\n"})
    repo.git("add", "README.md")
    repo.git("commit", "-qm", "x")
    assert repo.refused({A: generated("n: 1\n")}) == {A: "hand-edited"}


def test_a_committed_foreign_file_stays_somebodys(repo: Tree) -> None:
    repo.write({A: "mine\n"})
    repo.commit()
    assert repo.refused({A: generated("n: 1\n")}, force=True) == {A: "foreign"}


def test_checkout_of_another_branch(repo: Tree) -> None:
    repo.gen({A: generated("main\n"), B: generated("main\n")})
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    repo.gen({A: generated("other\n")})
    repo.commit()
    repo.forget()
    repo.git("checkout", "-q", "main")
    repo.gen({A: generated("third\n"), B: generated("third\n")})
    repo.git("checkout", "-q", "-f", "other")
    repo.gen({A: generated("third\n")})


def test_a_file_checked_out_from_another_branch_was_written_there(repo: Tree) -> None:
    repo.gen({A: generated("main\n")})
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    repo.gen({A: generated("other\n")})
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.git("checkout", "other", "--", A)
    repo.gen({A: generated("third\n")})


def test_stash_and_stash_pop(repo: Tree) -> None:
    repo.gen({A: generated("n: 1\n")})
    repo.commit()
    repo.gen({A: generated("n: 2\n")})
    repo.git("stash")
    repo.gen({A: generated("n: 3\n")})
    repo.git("checkout", "-q", "-f", "HEAD")
    repo.git("stash", "pop")
    assert repo.read(A) == generated("n: 2\n")
    repo.gen({A: generated("n: 4\n")})


def test_a_stash_that_conflicts(repo: Tree) -> None:
    repo.gen({A: generated("n: 1\n")})
    repo.commit()
    repo.gen({A: generated("n: 2\n")})
    repo.git("stash")
    repo.gen({A: generated("n: 3\n")})
    repo.commit()
    repo.git("stash", "pop", check=False)
    assert "<<<<<<<" in repo.read(A)
    repo.forget()
    repo.gen({A: generated("n: 4\n")})


def test_a_fresh_clone(repo: Tree, tmp_path: Path) -> None:
    repo.gen({A: generated("n: 1\n"), B: generated("b\n")})
    repo.commit()
    repo.git("clone", "-q", str(repo.root), str(tmp_path / "clone"))
    clone = Tree(tmp_path / "clone")
    assert clone.plan({A: generated("n: 1\n"), B: generated("b\n")}).is_empty
    clone.gen({A: generated("n: 2\n")})
    clone.write({A: generated("n: 7\n")})
    assert clone.refused({A: generated("n: 3\n")}) == {A: "hand-edited"}


def test_a_clone_with_autocrlf(repo: Tree, tmp_path: Path) -> None:
    wanted = {A: generated("n: 1\n"), B: generated("b\n")}
    repo.gen(wanted)
    repo.commit()
    repo.git("clone", "-q", "-c", "core.autocrlf=true", str(repo.root), str(tmp_path / "clone"))
    clone = Tree(tmp_path / "clone")
    assert clone.read(A) == wanted[A].replace("\n", "\r\n")
    assert clone.plan(wanted).is_empty  # Git would commit the same
    clone.gen({A: generated("n: 2\n")})
    assert clone.read(A) == generated("n: 2\n")
    clone.write({A: generated("n: 7\n").replace("\n", "\r\n")})
    assert clone.refused(wanted) == {A: "hand-edited"}


def test_a_stash_under_autocrlf(repo: Tree) -> None:
    repo.git("config", "core.autocrlf", "true")
    repo.gen({A: generated("n: 1\n")})
    repo.commit()
    repo.gen({A: generated("n: 2\n")})
    repo.git("stash")
    repo.git("stash", "pop")
    assert repo.read(A) == generated("n: 2\n").replace("\n", "\r\n")
    repo.gen({A: generated("n: 3\n")})


def test_files_committed_with_crlf_are_rewritten(repo: Tree) -> None:
    repo.write({A: generated("n: 1\n").replace("\n", "\r\n")})
    repo.commit()
    repo.git("config", "core.autocrlf", "true")  # the clean filter now says LF, which HEAD never had
    assert [change.path for change in repo.gen({A: generated("n: 2\n")}).changes] == [A]


def test_crlf_where_git_does_not_convert_is_rewritten_or_refused(repo: Tree) -> None:
    repo.gen({A: generated("n: 1\n")})
    repo.commit()
    repo.write({A: generated("n: 1\n").replace("\n", "\r\n")})
    assert not repo.plan({A: generated("n: 1\n")}).is_empty


def test_a_clean_filter_decides_what_is_equal(repo: Tree) -> None:
    repo.write({".gitattributes": "*.yaml filter=strip\n"})
    repo.git("config", "filter.strip.clean", "sed s/SMUDGED//")
    repo.git("config", "filter.strip.smudge", "sed 's/line 3/line 3SMUDGED/'")
    repo.gen({A: body()})
    repo.commit()
    repo.forget()
    (repo.root / A).unlink()
    repo.git("checkout", "--", A)
    assert "SMUDGED" in repo.read(A)
    repo.gen({A: body(l1="new ")})


def test_each_linked_working_tree_has_its_own_record(repo: Tree, tmp_path: Path) -> None:
    repo.gen({A: generated("n: 1\n")})
    repo.commit()
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Tree(tmp_path / "side")
    expected = side.git("rev-parse", "--path-format=absolute", "--git-path", "llmstack").strip()
    assert os.path.realpath(expected) == str(find_home(side.root).folder)
    assert os.path.realpath(repo.git("rev-parse", "--path-format=absolute", "--git-path", "llmstack").strip()) == str(
        find_home(repo.root).folder
    )
    side.gen({A: generated("n: 2\n")})
    side.gen({A: generated("n: 3\n")})
    repo.write({A: generated("n: 2\n")})
    assert repo.refused({A: generated("n: 4\n")}) == {A: "hand-edited"}
    assert (Path(expected) / "written").exists()


def test_a_root_below_the_top_of_the_repository(repo: Tree) -> None:
    sub, other = Tree(repo.root / "apps/llm"), Tree(repo.root / "apps/llm2")
    for tree in (sub, other):
        tree.root.mkdir(parents=True)
        tree.gen({A: generated("n: 1\n")})
    assert find_home(sub.root) != find_home(other.root)
    repo.commit()
    sub.forget()
    sub.gen({A: generated("n: 2\n")})
    sub.write({A: generated("n: 7\n")})
    assert sub.refused({A: generated("n: 3\n")}) == {A: "hand-edited"}
    assert repo.git("status", "--porcelain").split() == ["M", f"apps/llm/{A}"]


def test_a_surrounding_hooks_environment_is_not_believed(repo: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.gen({A: generated("n: 1\n")})
    repo.commit()
    repo.forget()
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    monkeypatch.setenv("GIT_WORK_TREE", "/")
    plan = plan_tree(repo.root, {A: generated("n: 2\n")}, scopes=SCOPES)
    assert [change.kind for change in plan.changes] == ["write"]
    assert not plan.refusals


def test_a_record_cut_short_is_still_of_use(repo: Tree) -> None:
    repo.gen({A: generated("n: 1\n")})
    record = find_home(repo.root).folder / "written"
    record.write_bytes(record.read_bytes() + b"0123456789abcdef")
    repo.gen({A: generated("n: 2\n")})
    repo.gen({A: generated("n: 3\n")})
    assert len(record.read_text().split()) == 4
    assert record.read_text().splitlines()[1] == "0123456789abcdef"


def test_names_that_git_would_quote(repo: Tree) -> None:
    names = [
        'overlays/prod/"quoted".yaml',
        "overlays/prod/ünï.yaml",
        "overlays/prod/*.yaml",
        "overlays/prod/:(top)x",
    ]
    repo.gen({name: generated("n: 1\n") for name in names})
    repo.commit()
    repo.forget()
    repo.gen({name: generated("n: 2\n") for name in names})
