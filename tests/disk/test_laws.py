"""Two laws of ownership, on random walks through a repository: no hand edit that nobody committed is ever
overwritten, and nothing but a hand edit is ever refused."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmstack.disk.apply import apply
from llmstack.disk.home import find_home

from .conftest import Tree, generated

PATHS = ("base/engine/deployment.yaml", "overlays/prod/models/a/x.yaml", "overlays/prod/models/b/x.yaml")
MARK = "by hand"
STEPS = st.one_of(
    st.tuples(st.just("gen"), st.integers(0, 3), st.sets(st.sampled_from(PATHS))),
    st.tuples(st.just("edit"), st.sampled_from(PATHS), st.integers(0, 2)),
    st.tuples(st.sampled_from(("add", "commit", "stash", "pop", "switch", "merge", "finish", "forget"))),
)


COMMANDS = {
    "add": ("add", "-A"),
    "stash": ("stash", "-q", "-u"),
    "pop": ("stash", "pop", "-q"),
    "finish": ("commit", "-q", "--no-edit", "-a"),
}


def take(repo: Tree, step: tuple[object, ...]) -> None:
    """Do one step of a walk; a Git command that cannot be done now is refused by Git and changes nothing."""
    match step:
        case ("gen", int(number), set(paths)):
            generate(repo, {str(path): generated(f"n: {number}\n") for path in paths})
        case ("edit", str(path), number):
            if (repo.root / path).exists():
                repo.write({path: generated(f"{MARK} {number}\n")})
        case ("commit",):
            commit(repo)
        case ("switch",):
            repo.git("checkout", "-q", other_branch(repo), check=False)
        case ("merge",):
            repo.git("merge", "-q", "--no-edit", other_branch(repo), check=False)
        case (str(name),) if name in COMMANDS:
            repo.git(*COMMANDS[name], check=False)
        case _:
            commit(repo)
            repo.git("stash", "clear")  # without a record, what is in it would be known to nobody
            (find_home(repo.root).folder / "written").unlink(missing_ok=True)


def commit(repo: Tree) -> None:
    repo.git("add", "-A")
    repo.git("commit", "-q", "--allow-empty", "-m", "x", check=False)


def other_branch(repo: Tree) -> str:
    return "main" if repo.git("branch", "--show-current").strip() == "other" else "other"


def generate(repo: Tree, wanted: dict[str, str]) -> None:
    before = {path: (repo.root / path).read_text() for path in PATHS if (repo.root / path).exists()}
    unmerged = repo.git("diff", "--name-only", "--diff-filter=U").split()
    plan = repo.plan(wanted)
    refused = {refusal.path for refusal in plan.refusals}
    for path in refused:
        assert MARK in before[path], f"{path} was refused and is no hand edit: {before[path]!r}"
    changed = {change.path for change in plan.changes} - refused
    for path in changed & before.keys() - set(unmerged):
        if MARK in before[path]:
            sides = [repo.git("show", f"{head}:{path}", check=False) for head in ("HEAD", "MERGE_HEAD", "AUTO_MERGE")]
            assert before[path] in sides, f"an edit of {path} that nobody committed would be lost"
    if not refused:
        apply(plan, repo.root)
        assert {path: (repo.root / path).read_text() for path in PATHS if (repo.root / path).exists()} == wanted


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=6, max_size=16))
def test_hand_edits_are_kept_and_nothing_else_is_refused(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = Tree(Path(folder))
        repo.git("init", "-q", "-b", "main")
        repo.write({"README.md": "x\n"})
        repo.commit()
        repo.git("branch", "other")
        generate(repo, dict.fromkeys(PATHS, generated("n: 0\n")))
        for step in steps:
            take(repo, step)
