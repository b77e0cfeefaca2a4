"""Writing: modes, folders, failures, races, kills, and two runs at once."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmstack.disk.apply import apply
from llmstack.disk.error import BusyError, ChangedMeanwhileError, DiskError
from llmstack.disk.folders import Folders
from llmstack.disk.home import find_home, lock, staging_folder
from llmstack.disk.plan import WritePlan, plan_tree

from .conftest import Tree, generated

A = "overlays/prod/models/llama/deployment.yaml"
B = "overlays/prod/models/qwen/deployment.yaml"


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below a folder, `.llmstack/` and Git's part included: mode and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found[path.relative_to(root).as_posix()] = (status.st_mode, content)
    return found


def test_modes_are_the_same_under_any_umask(tree: Tree) -> None:
    old = os.umask(0o077)
    try:
        tree.gen({A: generated("a\n"), "base/x.yaml": generated("x\n")})
    finally:
        os.umask(old)
    for path in (A, "base/x.yaml"):
        assert stat.S_IMODE((tree.root / path).stat().st_mode) == 0o644
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in list((tree.root / path).parents)[:-3]
                if folder != tree.root and tree.root in folder.parents} == {0o755}  # fmt: skip


def test_only_changed_files_are_touched(tree: Tree) -> None:
    tree.gen({A: generated("a\n"), B: generated("b\n")})
    before = (tree.root / A).stat()
    tree.gen({A: generated("a\n"), B: generated("b: 2\n")})
    after = (tree.root / A).stat()
    assert (before.st_ino, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_ino,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )


def test_empty_folders_go_with_the_files_and_no_others(tree: Tree) -> None:
    tree.gen({A: generated("a\n"), B: generated("b\n")})
    tree.write({"overlays/prod/models/llama/notes.txt": "mine\n"})
    (tree.root / "overlays/prod/later").mkdir()
    tree.gen({})
    assert set(tree.files()) == {
        "overlays/", "overlays/prod/", "overlays/prod/later/", "overlays/prod/models/",
        "overlays/prod/models/llama/", "overlays/prod/models/llama/notes.txt",
    }  # fmt: skip


def test_the_last_file_takes_every_folder_along(tree: Tree) -> None:
    tree.gen({A: generated("a\n")})
    tree.gen({})
    assert tree.files() == {}
    assert tree.root.is_dir()


def test_a_plan_with_refusals_is_never_applied(tree: Tree) -> None:
    tree.write({A: "mine\n"})
    with pytest.raises(ValueError, match="refusals"):
        apply(tree.plan({A: generated("a\n")}), tree.root)


def test_an_empty_plan_leaves_no_trace(tree: Tree) -> None:
    before = snapshot(tree.root)
    apply(tree.plan({}), tree.root)
    assert snapshot(tree.root) == before


@pytest.mark.parametrize("edit", ["changed", "deleted", "created", "folder", "linked", "link"])
def test_an_edit_between_plan_and_apply_is_not_lost(tree: Tree, tmp_path: Path, edit: str) -> None:
    tree.gen({A: generated("a: 1\n")})
    plan = tree.plan({A: generated("a: 2\n"), B: generated("b: 1\n"), "base/x.yaml": generated("x\n")})
    if edit == "changed":
        tree.write({A: generated("a: 3\n")})
    elif edit == "deleted":
        (tree.root / A).unlink()
    elif edit == "created":
        tree.write({B: "mine\n"})
    elif edit == "folder":
        (tree.root / B).mkdir(parents=True)
    elif edit == "linked":
        (tree.root / A).unlink()
        (tmp_path / "elsewhere").write_text(generated("a: 1\n"))
        (tree.root / A).symlink_to(tmp_path / "elsewhere")
    else:
        (tmp_path / "elsewhere").mkdir()
        (tree.root / A).parent.rename(tmp_path / "elsewhere" / "llama")
        (tree.root / A).parent.symlink_to(tmp_path / "elsewhere" / "llama")
    before = tree.files()
    with pytest.raises(DiskError) as caught:
        apply(plan, tree.root)
    assert isinstance(caught.value, ChangedMeanwhileError) is (edit != "link")
    assert tree.files() == before
    if edit == "link":
        assert (tmp_path / "elsewhere/llama/deployment.yaml").read_text() == generated("a: 1\n")


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tree: Tree) -> None:
    tree.gen({A: generated("a: 1\n")})
    plan = tree.plan({A: generated("a: 2\n")})
    (tree.root / A).unlink()
    os.mkfifo(tree.root / A)
    with pytest.raises(ChangedMeanwhileError):
        apply(plan, tree.root)
    assert stat.S_ISFIFO((tree.root / A).lstat().st_mode)


def test_a_change_of_a_file_to_delete_is_not_lost(tree: Tree) -> None:
    tree.gen({A: generated("a: 1\n"), B: generated("b: 1\n")})
    plan = tree.plan({B: generated("b: 2\n")})
    tree.write({A: generated("a: 3\n")})
    before = tree.files()
    with pytest.raises(ChangedMeanwhileError) as caught:
        apply(plan, tree.root)
    assert caught.value.path == A
    assert tree.files() == before


@pytest.mark.parametrize("home", ["tree", "repo"])
def test_a_full_disk_leaves_everything_as_it_was(request: pytest.FixtureRequest, home: str) -> None:
    tree: Tree = request.getfixturevalue(home)
    tree.gen({A: generated("a: 1\n")})
    if home == "repo":
        tree.commit()
    plan = tree.plan({A: generated("a: 2\n"), B: generated("b\n" * 40_000), "base/x.yaml": generated("x\n")})
    before = snapshot(tree.root)
    _fails_with_a_limit_on_file_size(plan, tree.root)
    assert snapshot(tree.root) == before


def test_a_failed_first_run_outside_git_leaves_nothing_at_all(tree: Tree) -> None:
    plan = tree.plan({A: generated("a\n"), B: generated("b\n" * 40_000)})
    _fails_with_a_limit_on_file_size(plan, tree.root)
    assert snapshot(tree.root) == {}


def _fails_with_a_limit_on_file_size(plan: WritePlan, root: Path) -> None:
    """Apply while no file may grow past 8 KiB, as on a disk that fills up in the middle."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(DiskError, match="cannot be written: File too large") as caught:
            apply(plan, root)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.path == B
    assert "nothing was changed" in str(caught.value)


def test_a_folder_that_cannot_be_written_to_stops_the_run_before_it_begins(
    tree: Tree, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    wanted = {A: generated("a\n"), B: generated("b\n")}

    def check() -> None:
        tree.gen(wanted)
        (tree.root / B).parent.chmod(0o555)
        before = snapshot(tree.root)
        plan = tree.plan({A: generated("a: 2\n"), B: generated("b: 2\n"), "base/new/x.yaml": generated("x\n")})
        with pytest.raises(DiskError, match="is not writable") as caught:
            apply(plan, tree.root)
        assert caught.value.path == "overlays/prod/models/qwen"
        after = snapshot(tree.root)
        assert after.keys() == before.keys()
        assert {k: v for k, v in after.items() if not k.startswith(".llmstack")} == {
            k: v for k, v in before.items() if not k.startswith(".llmstack")
        }

    unprivileged(check)


def test_a_read_only_root_is_an_error_that_says_where(
    tree: Tree, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    tree.root.chmod(0o555)

    def check() -> None:
        with pytest.raises(DiskError, match="Permission denied") as caught:
            apply(tree.plan({A: generated("a\n")}), tree.root)
        assert ".llmstack" in caught.value.path

    unprivileged(check)


def test_a_second_run_says_that_another_is_at_work(repo: Tree) -> None:
    plan = repo.plan({A: generated("a\n")})
    with lock(find_home(repo.root)):
        before = repo.files()
        with pytest.raises(BusyError, match="another llmstack run"):
            apply(plan, repo.root)
        assert repo.files() == before
    apply(plan, repo.root)


def test_many_runs_at_once_end_in_one_of_their_trees(tree: Tree) -> None:
    wanted = [{f"base/{n}.yaml": generated(f"{k} {n}\n") for n in range(200)} for k in range(6)]
    children = [_start(tree.root, f"{k}", 200) for k in range(6)]
    codes = [child.wait() for child in children]
    assert set(codes) <= {0, 5}
    assert 0 in codes
    files = {path: content.decode() for path, content in tree.files().items() if not path.endswith("/")}
    assert files in wanted
    tree.gen(wanted[0])


_CHILD = """
import sys
from pathlib import Path
from llmstack.disk.apply import apply
from llmstack.disk.error import DiskError
from llmstack.disk.ownership import header
from llmstack.disk.plan import plan_tree
root, word, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
h = header("values/prod.yaml")
wanted = {f"base/{n}.yaml": h + f"{word} {n}\\n" for n in range(count)}
try:
    plan = plan_tree(root, wanted, scopes=["base"])
    apply(plan, root)
except DiskError as error:
    sys.exit(5)
"""


def _start(root: Path, word: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(root), word, str(count)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_the_next_run_clears_what_a_kill_left_even_with_nothing_else_to_do(repo: Tree) -> None:
    repo.gen({A: generated("a\n")})
    home = find_home(repo.root)
    home.staging.mkdir()
    (home.staging / "0").write_text("half")
    (repo.root / "overlays/prod/models/gone").mkdir()
    plan = repo.plan({A: generated("a\n")})
    assert plan.is_empty
    apply(plan, repo.root)
    assert not home.staging.exists()
    assert set(repo.files()) == {
        "overlays/",
        "overlays/prod/",
        "overlays/prod/models/",
        "overlays/prod/models/llama/",
        A,
    }


def test_staged_files_never_show_in_git(repo: Tree) -> None:
    repo.gen({A: generated("a\n")})
    assert repo.git("status", "--porcelain", "--ignored", "-uall").split() == ["??", A]


def test_the_record_outside_git_ignores_itself(tree: Tree) -> None:
    tree.gen({A: generated("a\n")})
    tree.git("init", "-q")
    assert tree.git("status", "--porcelain", "-uall").split() == ["??", A]


def test_our_own_folder_is_not_followed_through_a_link(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tree.root / ".llmstack").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DiskError, match="symbolic link"):
        apply(tree.plan({A: generated("a\n")}), tree.root)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert tree.files() == {}


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path, repo: Tree) -> None:
    for root in (tmp_path / "missing", repo.root / "missing"):
        with pytest.raises(DiskError, match="No such file or directory"):
            apply(plan_tree(root, {A: generated("a\n")}, scopes=["overlays"]), root)
        assert not root.exists()


def test_plans_of_many_files_stay_whole(tree: Tree) -> None:
    wanted = {f"overlays/prod/models/m{n}/{name}.yaml": generated(f"{n}\n") for n in range(300) for name in "ab"}
    tree.gen(wanted)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
    try:
        apply(plan_tree(tree.root, dict.fromkeys(wanted, generated("2\n")), scopes=["overlays"]), tree.root)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert {tree.read(path) for path in wanted} == {generated("2\n")}


def test_the_record_names_each_content_once(tree: Tree) -> None:
    for text in ("a", "b", "a", "b"):
        tree.gen({"base/a.yaml": generated(f"{text}\n")})
    lines = (find_home(tree.root).folder / "written").read_text().split("\n")
    assert len(lines) == len(set(lines)) == 3, "two contents, and the end of the last line"


def test_what_is_staged_is_for_this_user_alone(tree: Tree) -> None:
    before = os.umask(0)
    try:
        with staging_folder(find_home(tree.root)) as stage:
            assert stat.S_IMODE(os.fstat(stage.descriptor).st_mode) == 0o700
    finally:
        os.umask(before)
    assert not find_home(tree.root).was_interrupted


def test_the_folders_that_a_run_makes_are_told_by_their_paths(tree: Tree) -> None:
    (tree.root / "a").mkdir()
    descriptor = os.open(tree.root, os.O_RDONLY)
    entered: list[str] = []
    with Folders(descriptor, lambda _, path: entered.append(path)) as folders:
        for folder in ("a/b/c", "a/d", ""):
            folders.enter(folder, create=True)
        assert folders.made == ["a/b", "a/b/c", "a/d"]
        assert entered == ["a", "a/b", "a/b/c", "a/d", "."]
        folders.unmake()
    os.close(descriptor)
    assert tree.files() == {"a/": b""}


def test_signals_are_heard_again_after_a_run(tree: Tree) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    tree.gen({A: generated("a: 1\n")})
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
