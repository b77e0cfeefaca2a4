"""`.ci/run`: every step runs, any failure fails it, and only what is committed counts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "run"
STEPS = ("setup", "test", "test-html", "site", "test-editors", "test-cluster", "check", "lint")
LOG = "log of the steps"


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def makefile(**steps: str) -> str:
    """A Makefile whose steps tell $(LOG) that they ran, then run what `steps` says."""
    rules = [f'{name}:\n\t@echo {name} >> "$(LOG)"\n\t@{steps.get(name, "true")}\n' for name in STEPS]
    return f".PHONY: {' '.join(STEPS)}\n" + "".join(rules)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with nothing but the script and a Makefile, all committed."""
    folder = tmp_path / "a clone"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy2(SCRIPT, folder / ".ci" / "run")
    (folder / "Makefile").write_text(makefile(), encoding="utf-8")
    (folder / ".gitignore").write_text("/.venv/\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


def commit(folder: Path, text: str) -> None:
    (folder / "Makefile").write_text(text, encoding="utf-8")
    git(folder, "commit", "--quiet", "--all", "--message", "change")


def run(folder: Path, tmp_path: Path) -> tuple[int, list[str], str]:
    """Exit code, the steps that ran, and what was printed."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    log = tmp_path / LOG
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment |= {"CI": "true", "LOG": str(log), "TMPDIR": str(scratch)}
    done = subprocess.run(
        ["bash", ".ci/run"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert list(scratch.iterdir()) == []
    steps = log.read_text(encoding="utf-8").split() if log.exists() else []
    return done.returncode, steps, done.stdout + done.stderr


def test_the_script_can_be_run() -> None:
    assert os.access(SCRIPT, os.X_OK)


def test_a_clean_clone_runs_in_place(clone: Path, tmp_path: Path) -> None:
    code, steps, said = run(clone, tmp_path)
    assert (code, steps) == (0, list(STEPS)), said
    assert "cloning" not in said


@pytest.mark.parametrize("failing", STEPS)
def test_a_step_that_fails_fails_the_run(clone: Path, tmp_path: Path, failing: str) -> None:
    commit(clone, makefile(**{failing: "exit 1"}))
    code, steps, _ = run(clone, tmp_path)
    assert code != 0
    assert steps == list(STEPS[: STEPS.index(failing) + 1])


def test_a_checkout_in_work_is_cloned_so_only_commits_count(clone: Path, tmp_path: Path) -> None:
    (clone / "Makefile").write_text(makefile(test="exit 1"), encoding="utf-8")
    code, steps, said = run(clone, tmp_path)
    assert (code, steps) == (0, list(STEPS)), said
    assert "cloning" in said


def test_ignored_files_cannot_help(clone: Path, tmp_path: Path) -> None:
    commit(clone, makefile(test="test -d .venv"))
    (clone / ".venv").mkdir()
    (clone / ".venv" / "file").touch()
    assert run(clone, tmp_path)[0] != 0


def test_a_failure_in_the_clone_is_a_failure(clone: Path, tmp_path: Path) -> None:
    commit(clone, makefile(lint="exit 1"))
    (clone / "left over").touch()
    assert run(clone, tmp_path)[0] != 0


def test_checks_that_change_the_clone_fail(clone: Path, tmp_path: Path) -> None:
    commit(clone, makefile(test="touch written-by-a-test"))
    code, _, said = run(clone, tmp_path)
    assert code != 0
    assert "written-by-a-test" in said
