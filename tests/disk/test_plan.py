"""What a plan says: changes, refusals, and what it leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmstack.disk.error import DiskError
from llmstack.disk.ownership import header, is_ours
from llmstack.disk.plan import plan_tree, unified_diff

from .conftest import Tree, generated

A = "overlays/prod/models/llama/deployment.yaml"
B = "overlays/prod/models/qwen/deployment.yaml"


def test_a_plan_writes_nothing_and_names_every_change(tree: Tree) -> None:
    tree.gen({A: generated("a: 1\n"), B: generated("b: 1\n")})
    before = tree.files()
    plan = tree.plan({A: generated("a: 2\n"), "base/x.yaml": generated("x\n")})
    assert [(change.path, change.kind) for change in plan.changes] == [
        ("base/x.yaml", "create"), (A, "write"), (B, "delete"),
    ]  # fmt: skip
    assert plan.changes[1].before == generated("a: 1\n").encode()
    assert plan.changes[1].after == generated("a: 2\n").encode()
    assert (plan.changes[0].before, plan.changes[2].after) == (None, None)
    assert not plan.is_empty
    assert tree.files() == before


@pytest.mark.parametrize("scope", ["overlays/prod", "overlays", "overlays/prod/models/llama"])
def test_only_files_of_ours_in_the_scopes_are_pruned(tree: Tree, scope: str) -> None:
    own = {
        A: generated("a\n"),
        "base/x.yaml": generated("x\n"),
        "overlays/production/y.yaml": generated("y\n"),
    }
    tree.write({**own, "overlays/prod/notes.txt": "mine\n", "overlays/prod/secrets/a.enc.yaml": "sops: 1\n"})
    plan = plan_tree(tree.root, {}, scopes=[scope])
    pruned = {change.path for change in plan.changes if change.kind == "delete"}
    # Outside Git and without a record these are hand edits; what matters here is what is looked at.
    seen = pruned | {refusal.path for refusal in plan.refusals}
    assert seen == {A} | ({"overlays/production/y.yaml"} if scope == "overlays" else set())


def test_a_file_outside_of_every_scope_is_written_but_never_pruned(tree: Tree) -> None:
    plan = plan_tree(tree.root, {"REQUIREMENTS.md": header("values/prod.yaml", markdown=True)}, scopes=["base"])
    assert [(change.path, change.kind) for change in plan.changes] == [("REQUIREMENTS.md", "create")]
    tree.write({"REQUIREMENTS.md": "mine\n"})
    plan = plan_tree(tree.root, {"REQUIREMENTS.md": header("values/prod.yaml", markdown=True)}, scopes=["base"])
    assert [refusal.reason for refusal in plan.refusals] == ["foreign"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", ".", "a//b", "./a", "a/", ".git/config"])
def test_a_path_that_leads_out_is_a_bug_of_the_caller(tree: Tree, path: str) -> None:
    with pytest.raises(ValueError, match="below the root"):
        plan_tree(tree.root, {path: generated("x")}, scopes=["base"])
    with pytest.raises(ValueError, match="below the root"):
        plan_tree(tree.root, {}, scopes=[path])


def test_a_text_without_the_header_is_a_bug_of_the_caller(tree: Tree) -> None:
    with pytest.raises(ValueError, match="without the header"):
        tree.plan({A: "a: 1\n"})


def test_a_foreign_file_is_refused_even_with_force(tree: Tree) -> None:
    tree.write({A: "mine: true\n"})
    for force in (False, True):
        plan = tree.plan({A: generated("a\n"), B: generated("b\n")}, force=force)
        assert [(refusal.path, refusal.reason, refusal.diff) for refusal in plan.refusals] == [(A, "foreign", "")]
        assert "header" in plan.refusals[0].message


def test_a_hand_edit_outside_git_is_refused_with_its_diff_until_forced(tree: Tree) -> None:
    tree.gen({A: generated("replicas: 1\n")})
    tree.write({A: generated("replicas: 7\n")})
    (refusal,) = tree.plan({A: generated("replicas: 2\n")}).refusals
    assert (refusal.path, refusal.reason) == (A, "hand-edited")
    assert "-replicas: 7\n+replicas: 2\n" in refusal.diff
    assert "--force" in refusal.help
    assert refusal.message == f"{A} was edited by hand and the edit is not committed, so it is not overwritten"
    assert tree.refused({}) == {A: "hand-edited"}
    assert tree.plan({}).refusals[0].message.endswith("so it is not deleted")
    tree.gen({A: generated("replicas: 2\n")}, force=True)
    assert tree.read(A) == generated("replicas: 2\n")


def test_a_hand_edit_that_agrees_with_the_values_is_no_change(tree: Tree) -> None:
    tree.gen({A: generated("replicas: 1\n")})
    tree.write({A: generated("replicas: 2\n")})
    assert tree.plan({A: generated("replicas: 2\n")}).is_empty


@pytest.mark.parametrize("link", [A, "overlays/prod/models/llama", "overlays/prod", "overlays"])
@pytest.mark.parametrize("force", [False, True])
def test_a_symlink_at_or_above_a_file_is_refused(tree: Tree, tmp_path: Path, link: str, force: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    target = elsewhere / A.removeprefix(link).lstrip("/") if link != A else elsewhere
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(generated("not here\n"))
    (tree.root / link).parent.mkdir(parents=True, exist_ok=True)
    (tree.root / link).symlink_to(elsewhere)
    assert tree.refused({A: generated("a\n")}, force=force) == {link: "symlink"}
    assert tree.refused({}, force=force) == {link: "symlink"}
    assert target.read_text() == generated("not here\n")


def test_a_link_in_the_way_of_one_file_hides_no_other_change(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "base").symlink_to(tmp_path)
    plan = tree.plan({"base/a.yaml": generated("a\n"), B: generated("b\n")})
    assert [change.path for change in plan.changes] == [B]
    assert [refusal.path for refusal in plan.refusals] == ["base"]


def test_a_name_that_is_no_utf_8_is_a_name(tree: Tree) -> None:
    tree.gen({"base/a.yaml": generated("a\n")})
    (tree.root / os.fsdecode(b"base/\xff.yaml")).write_text(generated("copied\n"))
    assert tree.refused({"base/a.yaml": generated("a\n")}) == {os.fsdecode(b"base/\xff.yaml"): "hand-edited"}


def test_an_editors_lock_keeps_no_other_file_from_being_written(tree: Tree) -> None:
    (tree.root / "base").mkdir()
    (tree.root / "base" / ".#a.yaml").symlink_to("somebody@host.1234")
    tree.gen({"base/a.yaml": generated("a\n"), "base/b/a.yaml": generated("b\n")})
    assert tree.read("base/b/a.yaml") == generated("b\n")


def test_a_link_within_the_tree_is_not_followed_when_pruning(tree: Tree) -> None:
    tree.gen({A: generated("a\n")})
    (tree.root / "overlays/prod/models/qwen").symlink_to("llama")
    assert tree.refused({A: generated("a\n")}) == {"overlays/prod/models/qwen": "symlink"}


def test_an_editors_lock_is_no_obstacle_unless_a_file_is_wanted_there(tree: Tree) -> None:
    tree.gen({A: generated("a\n")})
    lock = "overlays/prod/models/llama/.#deployment.yaml"
    (tree.root / lock).symlink_to("user@host.123")
    assert tree.plan({A: generated("a\n")}).is_empty
    assert tree.refused({A: generated("a\n"), lock: generated("b\n")}) == {lock: "symlink"}


def test_the_root_itself_may_be_reached_through_a_link(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree.root)
    Tree(tmp_path / "link").gen({A: generated("a\n")})
    assert tree.read(A) == generated("a\n")


def test_a_folder_where_a_file_should_be_is_an_error_with_its_path(tree: Tree) -> None:
    (tree.root / A).mkdir(parents=True)
    with pytest.raises(DiskError, match="is a folder") as caught:
        tree.plan({A: generated("a\n")})
    assert caught.value.path == A


def test_a_file_where_a_folder_should_be_is_an_error_with_its_path(tree: Tree) -> None:
    tree.write({"overlays/prod/models": "mine\n"})
    with pytest.raises(DiskError, match="a folder is needed") as caught:
        tree.plan({A: generated("a\n")})
    assert caught.value.path == "overlays/prod/models"


def test_a_pipe_where_a_folder_should_be_is_an_error_with_its_path(tree: Tree) -> None:
    (tree.root / "overlays").mkdir()
    os.mkfifo(tree.root / "overlays/prod")
    with pytest.raises(DiskError, match="a folder is needed") as caught:
        tree.plan({A: generated("a\n")})
    assert caught.value.path == "overlays/prod"


def test_a_pipe_is_neither_read_nor_replaced(tree: Tree) -> None:
    (tree.root / A).parent.mkdir(parents=True)
    os.mkfifo(tree.root / A)
    assert tree.refused({A: generated("a\n")}) == {A: "foreign"}
    assert tree.plan({}).is_empty


@pytest.mark.parametrize("wanted", [{A: generated("a\n")}, {}])
def test_an_unreadable_file_is_an_error_with_its_path(
    tree: Tree, unprivileged: Callable[[Callable[[], None]], None], wanted: dict[str, str]
) -> None:
    tree.write({A: generated("b\n")})
    (tree.root / A).chmod(0)

    def check() -> None:
        with pytest.raises(DiskError, match="cannot be read: Permission denied") as caught:
            tree.plan(wanted)
        assert caught.value.path == A

    unprivileged(check)


def test_a_folder_that_cannot_be_listed_is_an_error_with_its_path(
    tree: Tree, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    tree.write({A: generated("a\n")})
    (tree.root / "overlays/prod/models").chmod(0)

    def check() -> None:
        with pytest.raises(DiskError, match="cannot be listed: Permission denied") as caught:
            tree.plan({})
        assert caught.value.path == "overlays/prod/models"

    unprivileged(check)


def test_with_nothing_to_do_git_is_not_even_imported(repo: Tree) -> None:
    repo.gen({A: generated("a\n")})
    repo.commit()
    code = (
        "import sys\nfrom pathlib import Path\nfrom llmstack.disk.plan import plan_tree\n"
        "root, path, text = Path(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
        "assert plan_tree(root, {path: text}, scopes=['overlays']).is_empty\n"
        "assert 'git' not in sys.modules and 'subprocess' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, str(repo.root), A, generated("a\n")]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})


@pytest.mark.parametrize(
    ("content", "ours"),
    [
        (header("values/prod.yaml").encode(), True),
        (header("values/prod.yaml", markdown=True).encode(), True),
        (header("values/prod.yaml").encode().replace(b"\n", b"\r\n") + b"a: 1\r\n", True),
        (b"\xef\xbb\xbf" + header("values/prod.yaml").encode(), True),
        (b"<<<<<<< HEAD\n" + header("values/prod.yaml").encode(), True),
        (header("values/prod.yaml").encode().rstrip(b"\n"), True),
        (b"\n" + header("values/prod.yaml").encode(), False),
        (b"a: 1\n" + header("values/prod.yaml").encode(), False),
        (b"# Generated by llmstack from values/prod.yaml.\n", False),
        (b"# Generated by llmstack.\n", False),
        (b"", False),
    ],
)
def test_the_header_is_ownership(content: bytes, ours: bool) -> None:
    assert is_ours(content) is ours


def test_the_header_is_exact() -> None:
    text = "Generated by llmstack from values/prod.yaml. Edit the values, not this file."
    assert header("values/prod.yaml") == f"# {text}\n"
    assert header("values/prod.yaml", markdown=True) == f"<!-- {text} -->\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\n", b"a\nc\n"),
        (b"a\n", None),
        (None, b"a\n"),
        (b"a", b"a\n"),
        (b"a\nb", b"a\nc"),
        (b"a\nb\nc", b"x\nb\nc"),
        (b"", b"x\ny"),
        (b"a\x0cb\n", b"a\x0cc\n"),
        (b"", b"x\n"),
    ],
)
def test_a_diff_is_one_that_patch_can_apply(tmp_path: Path, before: bytes | None, after: bytes | None) -> None:
    if before is not None:
        (tmp_path / "f").write_bytes(before)
    diff = unified_diff("f", before, after)
    subprocess.run(["git", "apply", "--unidiff-zero"], cwd=tmp_path, input=diff.encode(), check=True)
    assert ((tmp_path / "f").read_bytes() if (tmp_path / "f").exists() else None) == after
