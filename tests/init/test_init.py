"""The repository that `init` writes works: it generates, validates, and its workflow runs, all of it for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from llmstack import programs, yamlio
from llmstack.commands.init.forge import ACTION, WORKFLOW
from llmstack.commands.init.installation import Pin
from llmstack.commands.init.new_repository import EXAMPLES, TEMPLATES, Wanted, make_repository, repository_files
from llmstack.errors import RefusedError
from llmstack.model.json_schema import schema_text, values_schema
from llmstack.repository.schema_file import SCHEMA
from tests.cli.sandbox import Sandbox, make_sandbox
from tests.init.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
VALUES = ("values/base.yaml", "values/dev.yaml", "values/prod.yaml")
COMMIT = "0" * 40
PIN = Pin(f"llmstack-gitops @ git+https://example.com/llmstack.git@{COMMIT}\n")
WANTED = Wanted(PIN)
FILES = repository_files(WANTED)
NEW_PINS = [
    (f"x @ git+https://h/x@{COMMIT}", True),
    (f"x @ https://h/x.whl#sha256={'a' * 64}", True),
    (f"x==1 --hash=sha256:{'a' * 64}", True),
    ("x @ git+https://h/x@main", False),
    ("x==1", False),
    ("--index-url https://h", False),
]
"""Lines of requirements.txt, and whether each names one state of what it names."""
CHECKS = "Check the generated files, the builds and the risks"


@pytest.fixture
def fleet(tmp_path: Path) -> Sandbox:
    """A repository as it is after `init`, `gen` and a first commit."""
    sandbox = make_sandbox(tmp_path, "cmp", "cut", "head", "sort")
    for command in ("llmstack init .", "git init -q -b main", "llmstack gen", "git add --all", "git commit -qm first"):
        output, code = sandbox.run(command)
        assert code == 0, output
    return sandbox


def test_the_files() -> None:
    assert set(FILES) == {
        *(".gitattributes", ".gitignore", WORKFLOW, f"{ACTION}/action.yml", "README.md", "requirements.txt"),
        *("docs/values.schema.json", "tools/go.mod", "tools/go.sum", "tools/requirements.txt"),
        *VALUES,
    }
    assert FILES[".gitattributes"] == "base/** text eol=lf\noverlays/** text eol=lf\nclusters/** text eol=lf\n"
    assert FILES["requirements.txt"] == PIN.text
    assert all(text.endswith("\n") and not text.endswith("\n\n") for text in FILES.values())


def test_every_template_is_used() -> None:
    folder = ROOT / "generator" / "llmstack" / "commands" / "init" / "files"
    names = {path.name for path in folder.iterdir()}
    assert names == {*TEMPLATES.values(), *EXAMPLES.values(), *OTHERS}


OTHERS = {"overlays.yml", "overlays-copied.yml", "action.yml", "gitlab-ci.yml", "shared.yaml"}
"""The templates of CI, and values/base.yaml under values that are imported."""


def test_it_generates_and_validates_without_a_finding(fleet: Sandbox) -> None:
    assert fleet.run("llmstack lint --strict 2>/dev/null") == ("", 0)
    assert fleet.run("llmstack validate --strict 2>/dev/null") == ("", 0)
    assert fleet.run("llmstack gen --check 2>/dev/null") == ("", 0)
    assert fleet.run("git status --porcelain") == ("", 0)


@pytest.mark.parametrize("path", VALUES)
def test_values_name_the_schema_and_keep_to_it(path: str) -> None:
    assert FILES[path].startswith(f"# yaml-language-server: $schema=../{SCHEMA}\n")
    assert FILES[SCHEMA] == schema_text()
    values = yamlio.load(FILES[path])
    assert list(jsonschema_rs.validator_for(values_schema()).iter_errors(values)) == []


def test_the_tools_build_from_its_go_mod(tmp_path: Path) -> None:
    """The command of its README and workflow; with the cache that `make setup` leaves, little but linking."""
    make_repository(tmp_path, WANTED)
    assert "-C tools install -trimpath tool" in FILES["README.md"]
    command = ["go", "-C", "tools", "install", "-trimpath", "tool"]
    built = tmp_path / "bin"
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | {"GOBIN": str(built)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for tool in (programs.KUSTOMIZE, programs.KUBECONFORM):
        assert programs.find_tool(tool, built) == built / tool.name


def test_its_go_mod_names_the_versions_this_project_is_tested_with() -> None:
    ours = (ROOT / "tools" / "go.mod").read_text(encoding="utf-8")
    pinned = re.findall(r"^\t(\S+ v\S+)", FILES["tools/go.mod"], re.MULTILINE)
    assert [line for line in pinned if line not in ours] == []
    for tool in (programs.KUSTOMIZE, programs.KUBECONFORM):
        assert re.search(rf"/{tool.name}(/v5)? {tool.tested} ", FILES["tools/go.mod"])


def _workflow(text: str) -> dict[str, Any]:
    data = yamlio.load(text)
    assert isinstance(data, dict)
    return data


def test_its_workflow_is_short_and_its_action_this_project_s_own() -> None:
    assert len(FILES[WORKFLOW].splitlines()) <= 65
    assert FILES[f"{ACTION}/action.yml"] == (ROOT / "action.yml").read_text(encoding="utf-8")
    job = _workflow(FILES[WORKFLOW])["jobs"]["review"]
    given = {"directory": ".", "fail-on": "error"}
    assert job["steps"][-1] == {"uses": f"./{ACTION}", "id": "llmstack", "with": given}


def test_a_workflow_names_the_action_where_github_has_it() -> None:
    action = f"acme/llmstack@{COMMIT}"
    files = repository_files(Wanted(Pin(PIN.text, action=action)))
    assert f"{ACTION}/action.yml" not in files
    assert len(files[WORKFLOW].splitlines()) <= 35
    jobs = _workflow(files[WORKFLOW])["jobs"]
    assert [step["uses"] for step in jobs["comment"]["steps"]] == [action]
    assert jobs["review"]["steps"][-1]["uses"] == action
    copied = _workflow(FILES[WORKFLOW])
    for name, job in jobs.items():
        assert {key: job[key] for key in job if key not in ("steps", "permissions")} == {
            key: copied["jobs"][name][key] for key in job if key not in ("steps", "permissions")
        }


@pytest.mark.parametrize("folder", ["llm", "teams/our llm"])
def test_a_workflow_in_a_folder_says_where_values_are(folder: str) -> None:
    workflow = _workflow(repository_files(Wanted(PIN, within=folder))[WORKFLOW])
    review, comment = (workflow["jobs"][name]["steps"] for name in ("review", "comment"))
    given = {"directory": folder, "fail-on": "error"}
    assert review[-1] == {"uses": f"./{folder}/{ACTION}", "id": "llmstack", "with": given}
    pin = workflow["jobs"]["pin"]["steps"][-1]
    assert pin == {"uses": f"./{folder}/{ACTION}", "with": {"directory": folder, "command": "pin"}}
    assert comment[0]["with"]["sparse-checkout"] == f"{folder}/.github/actions"
    assert comment[1]["uses"] == f"./{folder}/{ACTION}"


@pytest.mark.parametrize("action", [None, f"acme/llmstack@{COMMIT}"], ids=["copied", "named"])
def test_actionlint_and_zizmor_find_nothing(tmp_path: Path, action: str | None) -> None:
    make_repository(tmp_path, Wanted(Pin(PIN.text, action=action)))
    places = os.pathsep.join((os.environ.get("LLMSTACK_TOOLS", ""), os.environ["PATH"]))
    actionlint = shutil.which("actionlint", path=places)
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    assert actionlint is not None, "actionlint is neither under $LLMSTACK_TOOLS nor on PATH: `make setup` builds it"
    assert zizmor is not None, "zizmor is not installed beside this Python: see requirements/dev.txt"
    quiet = ["--offline", "--persona", "auditor", "--no-progress", "--color", "never"]  # CI=true means colour to zizmor
    for command in ([actionlint, WORKFLOW], [zizmor, *quiet, "."]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        said = (
            done.stdout.replace("No findings to report. Good job!", "")
            .replace("(3 ignored)", "")
            .replace("(2 ignored)", "")
        )
        assert (done.returncode, said.strip()) == (0, "")


def _run_review(fleet: Sandbox) -> tuple[dict[str, tuple[str, int]], Path]:
    """Run the review job's own scripts on main..HEAD, with the llmstack that runs; outcomes by step, and its files."""
    temp = fleet.root.parent / "runner"
    program = temp / "llmstack" / "bin" / "llmstack"
    program.parent.mkdir(parents=True)
    program.symlink_to(fleet.programs / "llmstack")
    scripts = {
        "Take the pins of the base",
        "Find where the pull request began",
        "Write the page",
        "Write the review",
        CHECKS,
    }
    runner = Runner(fleet.root, temp, fleet.environment(), only=frozenset(scripts))
    code = runner.run_job(WORKFLOW, "review")
    assert set(runner.outcomes) == scripts
    assert code == runner.outcomes[CHECKS][1]
    return runner.outcomes, temp


def test_the_workflow_passes_a_good_change(fleet: Sandbox) -> None:
    fleet.run("git checkout -qb longer && sed -i 's/maxModelLen: 32768/maxModelLen: 65536/' values/prod.yaml")
    fleet.run("llmstack gen && git commit -qam longer")
    outcomes, temp = _run_review(fleet)
    assert {name: code for name, (_, code) in outcomes.items()} == dict.fromkeys(outcomes, 0), outcomes
    assert "65536" in (temp / "summary.md").read_text(encoding="utf-8")
    names = {path.name for path in (temp / "review").iterdir()}
    assert names == {"affected.json", "review.html", "review.json", "review.md"}
    assert fleet.run("git status --porcelain") == ("", 0)


def test_the_workflow_reviews_a_folder_of_a_repository(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path, "cmp", "head")
    for command in (
        "git init -q -b main && llmstack init llm && git add llm && mkdir -p .github/workflows",
        "git mv llm/.github/workflows/overlays.yml .github/workflows/llm.yml",
        "llmstack -C llm gen && git add --all && git commit -qm first && git checkout -qb longer",
        "sed -i 's/maxModelLen: 32768/maxModelLen: 65536/' llm/values/prod.yaml",
        "llmstack -C llm gen && git commit -qam longer && mv .github/workflows/llm.yml .github/workflows/overlays.yml",
    ):
        output, code = sandbox.run(command)
        assert code == 0, output
    outcomes, temp = _run_review(sandbox)
    assert {name: code for name, (_, code) in outcomes.items()} == dict.fromkeys(outcomes, 0), outcomes
    assert "65536" in (temp / "summary.md").read_text(encoding="utf-8")


def _gitlab() -> dict[str, Any]:
    return _workflow(repository_files(Wanted(PIN, "gitlab"))[".gitlab-ci.yml"])


def _run_gitlab(fleet: Sandbox, name: str = "review", base: str = "main") -> tuple[str, int]:
    """What a job says that is run on main..HEAD as GitLab's runner does, in one shell, and its exit code.

    What it installs is the llmstack that runs; `$work/pins`, what it would install, is left in the folder `pins`.
    """
    job = _gitlab()[".pinned"] | _gitlab()[name]
    clean, packages, pins, install = job["before_script"]
    assert "apt-get install" in packages
    assert "pip install" in install
    there = (
        f'mkdir -p "$work/venv/bin"; ln -s "$(command -v llmstack)" "$work/venv/bin/"; cp -r "$pins" "{_kept(fleet)}"'
    )
    commit = subprocess.check_output(["git", "rev-parse", base], cwd=fleet.root, text=True).strip()
    told = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": commit,
        "CI_JOB_NAME": name,
        "PATH": f"{fleet.programs}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["/bin/bash", "-eo", "pipefail", "-c", "\n".join([clean, pins, there, *job["script"]])],
        cwd=fleet.root, env=fleet.environment() | told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return done.stdout, done.returncode


def _kept(fleet: Sandbox) -> Path:
    return fleet.root.parent / "pins"


def test_gitlab_s_job_passes_a_good_change_and_fails_a_bad_one(fleet: Sandbox) -> None:
    fleet.run("git checkout -qb longer && sed -i 's/maxModelLen: 32768/maxModelLen: 65536/' values/prod.yaml")
    fleet.run("llmstack gen && git commit -qam longer")
    said, code = _run_gitlab(fleet)
    assert code == 0, said
    assert {path.name for path in (fleet.root / "review").iterdir()} == {
        *("review.markdown", "review.json", "review.html", "codequality.json")
    }
    fleet.run("rm -r review ../pins && sed -i s/modelURL/modelUrl/ values/prod.yaml")
    assert _run_gitlab(fleet)[1] == 1
    quality = json.loads((fleet.root / "review" / "codequality.json").read_text(encoding="utf-8"))
    assert {item["location"]["path"] for item in quality} == {"values/prod.yaml"}
    assert {"critical"} <= {item["severity"] for item in quality}


def test_gitlab_s_scripts_are_scripts_and_its_token_is_in_one_job_that_checks_nothing_out() -> None:
    jobs = {name: job for name, job in _gitlab().items() if isinstance(job, dict)}
    assert jobs.keys() == {".pinned", "review", "pin", "note"}
    for job in jobs.values():
        for script in (*job.get("before_script", ()), *job.get("script", ())):
            assert subprocess.run(["/bin/bash", "-n", "-c", script], check=False).returncode == 0
    note = jobs.pop("note")
    assert [name for name, job in jobs.items() if "LLMSTACK_NOTE_TOKEN" in str(job) or "environment" in job] == []
    assert note["variables"] == {"GIT_STRATEGY": "none"}
    assert note["environment"] == {"name": "llmstack-note", "action": "access"}


ALTERED = ("requirements.txt", "tools/requirements.txt", "tools/go.mod", "tools/go.sum")
"""What `_change_pins` alters."""


def _change_pins(fleet: Sandbox, line: str = "evil @ https://example.com/evil.whl") -> dict[str, str]:
    """Commit other pins of llmstack, of what it needs and of kustomize on a branch; those of main, by path."""
    before = {name: (fleet.root / name).read_text(encoding="utf-8") for name in ALTERED if name != "tools/go.sum"}
    fleet.run("git checkout -qb other && rm tools/go.sum && sed -i 's/v5/v6/' tools/go.mod")
    fleet.run("sed -i 's/^jinja2==.*/jinja2==2.0/' tools/requirements.txt")
    (fleet.root / "requirements.txt").write_text(f"# why\n\n{line}\n", encoding="utf-8")
    fleet.run("git commit -qam other")
    return before


def test_on_gitlab_too_a_change_does_not_choose_what_reviews_it(fleet: Sandbox) -> None:
    """Nor does it bring a review of its own, which the job `note` would tell where the job fails."""
    before = _change_pins(fleet)
    fleet.run("mkdir review && echo forged > review/review.markdown && echo x > review/mine && git add review")
    fleet.run("git commit -qm forged")
    said, _ = _run_gitlab(fleet)
    assert {name: (_kept(fleet) / name).read_text(encoding="utf-8") for name in before} == before
    assert (_kept(fleet) / "tools/go.sum").exists()
    review = (fleet.root / "review/review.markdown").read_text(encoding="utf-8")
    assert [each for each in ALTERED if f"> ⚠️ The change alters `{each}`. " not in review] == []
    assert "forged" not in review
    assert not (fleet.root / "review/mine").exists()
    assert "is checked by the llmstack that the change names, in the job `pin`" in said
    assert "the tree is what the values generate" not in said


def test_gitlab_s_review_ends_where_the_base_is_not_known(fleet: Sandbox) -> None:
    """It does not fall back on what the change names."""
    _change_pins(fleet)
    said, code = _run_gitlab(fleet, base=COMMIT)
    assert code != 0, said
    assert not _kept(fleet).exists()


@pytest.mark.parametrize(("line", "passes"), NEW_PINS)
def test_gitlab_tries_a_new_pin_apart(line: str, passes: bool, fleet: Sandbox) -> None:
    _change_pins(fleet, line)
    said, code = _run_gitlab(fleet, "pin")
    assert code == (0 if passes else 1), said
    if passes:
        assert (_kept(fleet) / "requirements.txt").read_text(encoding="utf-8").endswith(f"{line}\n")
        assert "the tree is what the values generate" in said
    (rule,) = _gitlab()["pin"]["rules"]
    assert rule["changes"] == ["requirements.txt", "tools/requirements.txt"]


def test_the_workflow_fails_what_it_should(fleet: Sandbox) -> None:
    """A hand edit that is committed, and more GPUs than there are: each check says so, the review comes first."""
    fleet.run("git checkout -qb bad && sed -i 's/count: 8/count: 2/' values/prod.yaml")
    fleet.run("sed -i 's/65536/1/; s/32768/40000/' overlays/prod/models/llama/deployment.yaml && git commit -qam bad")
    outcomes, _ = _run_review(fleet)
    said, code = outcomes[CHECKS]
    assert code == 1
    assert "overlays/prod/models/llama/deployment.yaml" in said
    assert "::error" in said
    assert "gpu-shortage" in said
    assert {name: code for name, (_, code) in outcomes.items() if name != CHECKS} == {
        "Take the pins of the base": 0,
        "Find where the pull request began": 0,
        "Write the page": 0,
        "Write the review": 0,
    }


def _pins(fleet: Sandbox, command: str) -> tuple[str, int, Path]:
    """What the step that takes the pins says, its exit code, and the folder it leaves them in."""
    temp = fleet.root.parent / "runner"
    temp.mkdir(exist_ok=True)
    taken = "Take the pins of the base"
    runner = Runner(fleet.root, temp, fleet.environment() | {"PATH": os.environ["PATH"]}, only=frozenset((taken,)))
    runner.run_action(ACTION, {"command": command})
    return *runner.outcomes[taken], temp / "llmstack" / "pins"


def test_a_change_does_not_choose_what_reviews_it(fleet: Sandbox) -> None:
    """Other pins of llmstack and of kustomize are not installed where the change is reviewed, and the review says so."""
    before = _change_pins(fleet)
    said, code, pins = _pins(fleet, "review")
    assert code == 0, said
    assert {name: (pins / name).read_text(encoding="utf-8") for name in before} == before
    assert (pins / "tools/go.sum").exists()
    note = (pins / "note.md").read_text(encoding="utf-8")
    assert [each for each in ALTERED if f"`{each}`" not in note] == []
    outcomes, temp = _run_review(fleet)
    assert "The change alters `requirements.txt`" in (temp / "review/review.md").read_text(encoding="utf-8")
    assert "::notice::what is generated is checked by the llmstack that the change names" in outcomes[CHECKS][0]


def test_other_packages_for_llmstack_are_tried_apart(fleet: Sandbox) -> None:
    fleet.run("git checkout -qb other && sed -i 's/^jinja2==.*/jinja2==2.0/' tools/requirements.txt")
    fleet.run("git commit -qam other")
    outcomes, _ = _run_review(fleet)
    assert "::notice::what is generated is checked by the llmstack that the change names" in outcomes[CHECKS][0]
    assert "is checked by the llmstack that the change names, in the job `pin`" in _run_gitlab(fleet)[0]


@pytest.mark.parametrize(("line", "passes"), NEW_PINS)
def test_a_new_pin_is_tried_where_it_is_one(line: str, passes: bool, fleet: Sandbox) -> None:
    fleet.run("git checkout -qb other")
    (fleet.root / "requirements.txt").write_text(f"# why\n\n{line}\n", encoding="utf-8")
    said, code, pins = _pins(fleet, "pin")
    assert code == (0 if passes else 1), said
    assert (pins / "requirements.txt").read_text(encoding="utf-8").endswith(f"{line}\n")


def test_the_workflow_lets_an_environment_go(fleet: Sandbox) -> None:
    fleet.run("git checkout -qb gone && rm values/dev.yaml && llmstack gen --prune-env dev && git commit -qam gone")
    said, _ = _run_review(fleet)[0][CHECKS]
    assert "prod: the tree is what the values generate" in said
    assert "nothing to build: no unit differs from" in said
    assert "removal" in said  # all of an environment goes, which somebody has to accept


@pytest.mark.parametrize("path", ["requirements.txt", "values/prod.yaml", "tools"])
def test_nothing_is_written_when_something_is_in_the_way(path: str, tmp_path: Path) -> None:
    there = tmp_path / path
    there.parent.mkdir(exist_ok=True)
    there.write_text("mine", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RefusedError, match=rf"(?m)^  {re.escape(path)}$"):
        make_repository(tmp_path, WANTED)
    assert sorted(tmp_path.rglob("*")) == before
    assert there.read_text(encoding="utf-8") == "mine"


def test_a_folder_or_a_link_is_in_the_way_too(tmp_path: Path) -> None:
    (tmp_path / "README.md").mkdir()
    (tmp_path / "values").symlink_to(tmp_path.parent)
    with pytest.raises(RefusedError) as refused:
        make_repository(tmp_path, WANTED)
    assert "  README.md\n  values\n" in str(refused.value)
    assert not (tmp_path.parent / "prod.yaml").exists()


def test_the_folder_is_made(tmp_path: Path) -> None:
    make_repository(tmp_path / "deep" / "fleet", WANTED)
    assert (tmp_path / "deep" / "fleet" / "values" / "prod.yaml").is_file()
