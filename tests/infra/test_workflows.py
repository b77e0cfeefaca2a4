"""The workflows: actions pinned by commit, least permissions, no pull request code where a job may write."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
USES = re.compile(r"^\s*(?:- )?uses: (?P<action>\S+?)@(?P<commit>\S+)(?: # (?P<version>\S+))?\s*$")


WRITES = {
    "overlays.yml: comment": {"contents": "read", "pull-requests": "write"},
    "release.yml: attest": {"id-token": "write", "attestations": "write"},
    "release.yml: publish": {"id-token": "write"},
}
"""The jobs that have more rights than to read, and all that they have."""
CODELESS = {"release.yml: attest", "release.yml: publish"}
"""The jobs that check nothing out."""


def uses() -> Iterator[tuple[Path, str, str, str | None]]:
    """Every action that a workflow uses: file, action, what it is pinned to, and the version beside it."""
    for path in WORKFLOWS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if "uses:" in line and "uses: ./" not in line:
                found = USES.match(line)
                assert found, f"{path.name}: cannot read {line!r}"
                yield path, found["action"], found["commit"], found["version"]


def load(name: str) -> dict[str, Any]:
    data = yamlio.load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path.name, name, job) for path in WORKFLOWS for name, job in load(path.name)["jobs"].items()]


def test_the_workflows_are_there() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "overlays.yml", "release.yml"]
    assert len(list(uses())) >= 6


def test_every_action_is_pinned_by_commit_with_its_version_beside_it() -> None:
    for path, action, commit, version in uses():
        assert re.fullmatch(r"[0-9a-f]{40}", commit), f"{path.name}: {action}@{commit}"
        assert version is not None, f"{path.name}: {action} has no version comment"
        assert re.fullmatch(r"v\d+\.\d+\.\d+", version), f"{path.name}: {action} # {version}"


def test_an_action_has_one_pin_in_all_workflows() -> None:
    pins: dict[str, set[tuple[str, str | None]]] = {}
    for _, action, commit, version in uses():
        pins.setdefault(action, set()).add((commit, version))
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", [path.name for path in WORKFLOWS])
def test_a_workflow_grants_nothing_and_bounds_itself(name: str) -> None:
    workflow = load(name)
    assert workflow["permissions"] == {}
    assert "group" in workflow["concurrency"]
    assert "pull_request_target" not in workflow["on"]
    assert "workflow_run" not in workflow["on"]


COLD = {"ci.yml: cluster": 60, "ci.yml: argo": 90}
"""Minutes of jobs that build a control plane, and Argo CD beside it, where no cache has them."""


@pytest.mark.parametrize(("name", "job"), [(f"{file}: {name}", job) for file, name, job in jobs()])
def test_a_job_has_least_permissions_and_a_time_limit(name: str, job: dict[str, Any]) -> None:
    assert job["permissions"] == WRITES.get(name, {"contents": "read"})
    assert job["timeout-minutes"] <= COLD.get(name, 30)


@pytest.mark.parametrize(("name", "job"), [(f"{file}: {name}", job) for file, name, job in jobs()])
def test_a_checkout_keeps_no_credentials(name: str, job: dict[str, Any]) -> None:
    checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert bool(checkouts) == (name not in CODELESS), "a job that may publish has no code of anybody's"
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_review_job_sees_no_secret_and_has_the_history() -> None:
    text = (ROOT / ".github/workflows/overlays.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    checkout = load("overlays.yml")["jobs"]["review"]["steps"][0]
    assert checkout["with"]["fetch-depth"] == 0


def test_no_expression_is_pasted_into_a_script() -> None:
    for file, name, job in jobs():
        for step in job["steps"]:
            scripts = step.get("run", "") + str(step.get("with", {}).get("script", ""))
            assert "${{" not in scripts, f"{file}: {name}: {step.get('name')}"


def test_the_comment_job_runs_nothing_of_the_pull_request() -> None:
    """It checks out what the action is, of the base, and runs the action's `comment`."""
    job = load("overlays.yml")["jobs"]["comment"]
    checkout, action = job["steps"]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert checkout["with"]["sparse-checkout"] == "action.yml"
    assert action == {"uses": "./", "with": {"command": "comment"}}
    assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]


def test_a_release_is_built_without_rights_and_published_without_a_secret() -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    jobs = load("release.yml")["jobs"]
    assert "secrets." not in text
    assert "cache" not in str(jobs["build"]["steps"]), "what a pull request cached must not come into a release"
    assert "make dist" in [step.get("run") for step in jobs["build"]["steps"]]
    assert jobs["publish"]["environment"] == "pypi"
    assert jobs["publish"]["needs"] == ["build", "attest"]
    assert load("release.yml")["on"] == {"push": {"tags": ["v*"]}}


def test_the_owners_of_the_code_own_files_that_are_there() -> None:
    lines = (ROOT / ".github/CODEOWNERS").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    assert len(rows) > 10
    for path, *owners in rows:
        assert (ROOT / path.lstrip("/")).exists(), path
        assert (ROOT / path.lstrip("/")).is_dir() == path.endswith("/"), path
        assert owners, f"{path}: a line without owners takes them away"


def test_zizmor_finds_nothing() -> None:
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    assert zizmor is not None, "zizmor is not installed beside this Python: see requirements/dev.txt"
    command = [zizmor, "--offline", "--persona", "auditor", "--no-progress", ".github"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout


def test_actionlint_finds_nothing() -> None:
    places = os.pathsep.join((os.environ.get("LLMSTACK_TOOLS", ""), os.environ["PATH"]))
    actionlint = shutil.which("actionlint", path=places)
    assert actionlint is not None, "actionlint is neither under $LLMSTACK_TOOLS nor on PATH: `make setup` builds it"
    done = subprocess.run([actionlint, *map(str, WORKFLOWS)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
