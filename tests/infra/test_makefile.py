"""The Makefile: the targets that documents and CI name, and what they run."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from llmstack import yamlio

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "help", "setup", "gen", "facts", "check", "unit", "test", "test-html", "test-editors", "test-engine", "test-cluster",
    "test-argo", "site", "pictures", "update", "lint", "format", "bench", "mutants", "dist", "lock", "clean",
}  # fmt: skip


def make(*arguments: str) -> str:
    """What make prints; the outer make's own settings do not reach it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_help_is_the_default_and_names_every_target() -> None:
    assert set(re.findall(r"^  make (\S+) +\S", make(), re.MULTILINE)) == TARGETS
    assert make() == make("help")


@pytest.mark.parametrize(
    ("target", "program"),
    [
        ("gen", r"\.venv/bin/llmstack gen$"),
        ("check", r"\.venv/bin/llmstack gen --check --no-cache$"),
        ("check", r"\.venv/bin/python -m pytest -q tests/facts/test_example\.py$"),
        ("facts", r"\.venv/bin/llmstack learn cluster"),
        ("test", r"\.venv/bin/python -m pytest"),
        (
            "test-cluster",
            r"\.venv/bin/python -m pytest -n 2 --dist loadfile tests/cluster -o python_files='check_\*\.py'",
        ),
        ("test-argo", r"\.venv/bin/python -m pytest tests/argo -o python_files='check_\*\.py'"),
        ("test-html", r"\.venv/bin/python -m pytest tests/html/check_page\.py"),
        ("update", r"\.venv/bin/python -m pytest --update"),
        ("lint", r"\.venv/bin/ruff check \.$"),
        ("lint", r"\.venv/bin/ruff format --check \.$"),
        ("lint", r"\.venv/bin/mypy$"),
        (
            "lint",
            r"\.tools/bin/actionlint \.github/workflows/ci\.yml \.github/workflows/overlays\.yml \.github/workflows/release\.yml$",
        ),
        ("lint", r"\.venv/bin/zizmor --offline --persona auditor .*\.github$"),
        ("bench", r"\.venv/bin/python bench/bench\.py"),
        ("mutants", r"\.venv/bin/python -m tools\.mutants"),
        ("dist", r"\.tools/release/bin/python tools/make_dist\.py"),
    ],
)
def test_a_target_runs_its_program(target: str, program: str) -> None:
    assert re.search(program, make("--dry-run", target), re.MULTILINE)


def test_set_up_takes_nothing_without_a_hash() -> None:
    plan = make("--dry-run", "--always-make", "setup")
    installs = [line for line in plan.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    builds = [line for line in plan.splitlines() if "go build" in line]
    assert len(builds) == 3
    assert all("-mod=readonly" in line for line in builds)


def test_generating_waits_for_no_tool_that_it_does_not_run() -> None:
    assert "go build" not in make("--dry-run", "--always-make", "gen")


def test_documents_and_workflows_name_targets_that_exist() -> None:
    places = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md"), *(ROOT / ".github").glob("**/*.yml")]
    for path in [*places, ROOT / ".ci" / "run"]:
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"(?:^\s*|`|run: |\$ )make ([a-z][a-z-]*)\b", text, re.MULTILINE)
        assert set(named) <= TARGETS, path.name


def test_dependabot_watches_every_place_that_pins() -> None:
    config = yamlio.load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    watched = {(update["package-ecosystem"], update["directory"]) for update in config["updates"]}
    assert watched == {
        ("github-actions", "/"),
        ("pip", "/requirements"),
        ("gomod", "/tools"),
        ("gomod", "/tools/sops"),
        *(("npm", f"/{lock.parent.relative_to(ROOT)}") for lock in ROOT.glob("tests/*/package-lock.json")),
    }
    assert (ROOT / "requirements" / "dev.txt").exists()
    assert (ROOT / "tools" / "go.mod").exists()
