"""Merges, rebases and cherry-picks that conflict in generated files: `gen` resolves them, and keeps hand edits."""

from __future__ import annotations

import pytest

from .conftest import Tree, body, generated

A = "overlays/prod/models/llama/deployment.yaml"
B = "overlays/prod/models/qwen/deployment.yaml"


def diverge(repo: Tree) -> None:
    """main (checked out) and other change the same line of A and different lines of B; no record."""
    repo.gen({A: body(), B: body()})
    repo.commit("base")
    repo.git("checkout", "-q", "-b", "other")
    repo.gen({A: body(l5="other "), B: body(l1="other ")})
    repo.commit("other")
    repo.git("checkout", "-q", "main")
    repo.gen({A: body(l5="main "), B: body(l10="main ")})
    repo.commit("main")
    repo.forget()


RESULT = {A: body(l5="new "), B: body(l1="new ", l10="new ")}
SEQUENCES = {
    "merge": ["merge", "other"],
    "rebase": ["rebase", "other"],
    "cherry-pick": ["cherry-pick", "other"],
}


@pytest.mark.parametrize("command", SEQUENCES)
@pytest.mark.parametrize("resolution", ["markers", "ours", "theirs", "ours added", "theirs added"])
def test_a_conflict_in_generated_files_is_resolved_by_gen(repo: Tree, command: str, resolution: str) -> None:
    diverge(repo)
    repo.git(*SEQUENCES[command], check=False)
    assert "<<<<<<<" in repo.read(A)
    if resolution != "markers":
        repo.git("checkout", f"--{resolution.split()[0]}", "--", A)
    if resolution.endswith("added"):
        repo.git("add", A)
    repo.gen(RESULT)
    repo.git("add", "-A")
    assert not repo.git("ls-files", "-u")


@pytest.mark.parametrize("command", SEQUENCES)
def test_a_conflict_half_resolved_by_hand_is_still_ours_to_write(repo: Tree, command: str) -> None:
    diverge(repo)
    repo.git(*SEQUENCES[command], check=False)
    repo.write({A: body(l5="half resolved ")})
    repo.gen(RESULT)


@pytest.mark.parametrize("command", SEQUENCES)
def test_what_git_merged_by_itself_beside_a_conflict_is_no_hand_edit(repo: Tree, command: str) -> None:
    diverge(repo)
    repo.git(*SEQUENCES[command], check=False)
    assert repo.read(B) == body(l1="other ", l10="main ")
    repo.gen(RESULT)


@pytest.mark.parametrize("command", SEQUENCES)
def test_a_hand_edit_beside_a_conflict_is_still_one(repo: Tree, command: str) -> None:
    diverge(repo)
    repo.git(*SEQUENCES[command], check=False)
    repo.write({B: body(l1="other ", l10="main ", l6="by hand ")})
    assert repo.refused(RESULT) == {B: "hand-edited"}
    repo.git("add", B)
    assert repo.refused(RESULT) == {B: "hand-edited"}


def test_a_conflict_where_both_sides_added_the_file(repo: Tree) -> None:
    repo.write({"README.md": "x\n"})
    repo.commit()
    repo.git("checkout", "-q", "-b", "other")
    repo.gen({A: generated("other\n", "values/prod.yml")})
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.gen({A: generated("main\n")})
    repo.commit()
    repo.forget()
    repo.git("merge", "other", check=False)
    assert repo.read(A).startswith("<<<<<<<")
    repo.gen({A: generated("new\n")})


def test_a_conflict_where_one_side_deleted_the_file(repo: Tree) -> None:
    diverge(repo)
    repo.git("checkout", "-q", "other")
    repo.git("rm", "-q", A)
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.git("merge", "other", check=False)
    assert repo.git("ls-files", "-u")
    repo.gen({B: RESULT[B]})
    assert not (repo.root / A).exists()


def test_a_finished_merge_leaves_nothing_to_refuse(repo: Tree) -> None:
    diverge(repo)
    repo.git("merge", "-X", "ours", "-m", "merge", "other")
    repo.gen(RESULT)


def test_an_octopus_merge_counts_every_side(repo: Tree) -> None:
    repo.gen({A: body()})
    repo.commit()
    for name in ("one", "two"):
        repo.git("checkout", "-q", "-b", name, "main")
        repo.gen({A: body(**{f"l{len(name) * 3}": f"{name} "}), f"base/{name}.yaml": generated(name)})
        repo.commit()
    repo.git("checkout", "-q", "main")
    repo.forget()
    repo.git("merge", "--no-commit", "one", "two", check=False)
    repo.write({A: repo.git("show", "two:" + A)})
    assert repo.plan({A: body(l0="new ")}).refusals == ()
