"""What requirements.txt of a new repository pins: what a real installation of this package recorded of itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from llmstack import __version__, about, yamlio
from llmstack.commands.init.forge import ACTION
from llmstack.commands.init.installation import Pin, pin
from llmstack.commands.init.new_repository import Wanted, repository_files

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMMIT = "1" * 40
HASH = "2" * 64
WHEEL = "https://example.com/llmstack_gitops-1.0-py3-none-any.whl"


def test_the_package_has_one_name_and_one_home() -> None:
    assert (PROJECT["name"], PROJECT["version"]) == (about.DISTRIBUTION, __version__)
    assert PROJECT["scripts"] == {"llmstack": "llmstack.__main__:main"}
    assert PROJECT.get("urls", {}).get("Repository") == about.HOME


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            {"url": "https://example.com/a.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"git+https://example.com/a.git@{COMMIT}",
        ),
        (
            {
                "url": "https://example.com/mono",
                "vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"},
                "subdirectory": "tools/a",
            },
            f"git+https://example.com/mono@{COMMIT}#subdirectory=tools/a",
        ),
        (
            {"url": "ssh://git@example.com/a.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"git+ssh://git@example.com/a.git@{COMMIT}",
        ),
        (
            {"url": "https://me:hunter2@example.com/a.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"git+https://example.com/a.git@{COMMIT}",
        ),
        ({"url": WHEEL, "archive_info": {"hashes": {"sha256": HASH}}}, f"{WHEEL}#sha256={HASH}"),
        ({"url": WHEEL, "archive_info": {"hash": f"sha256={HASH}"}}, f"{WHEEL}#sha256={HASH}"),
    ],
)
def test_an_address_is_pinned_by_commit_or_hash(record: object, line: str) -> None:
    made = pin("1.0", json.dumps(record), published=False)
    assert (made.text, made.advice) == (f"llmstack-gitops @ {line}\n", None)


@pytest.mark.parametrize(
    ("record", "action"),
    [
        ({"url": "https://github.com/acme/llm.stack.git"}, f"acme/llm.stack@{COMMIT}"),
        ({"url": "ssh://git@github.com/acme/llmstack"}, f"acme/llmstack@{COMMIT}"),
        ({"url": "https://github.com/acme/mono", "subdirectory": "tools/a"}, f"acme/mono/tools/a@{COMMIT}"),
        ({"url": "https://git.example.com/acme/llmstack"}, None),
        ({"url": "https://github.com/acme/group/llmstack"}, None),
    ],
)
def test_an_action_is_named_where_github_has_it(record: dict[str, str], action: str | None) -> None:
    whole = {**record, "vcs_info": {"vcs": "git", "commit_id": COMMIT}}
    assert pin("1.0", json.dumps(whole), published=False).action == action


def test_an_archive_is_no_action() -> None:
    record = {"url": "https://github.com/acme/llmstack", "archive_info": {"hashes": {"sha256": HASH}}}
    assert pin("1.0", json.dumps(record), published=False).action is None


@pytest.mark.parametrize(
    "record",
    [
        None,
        "{",
        "[]",
        "{}",
        json.dumps({"url": "file:///src/llmstack", "dir_info": {"editable": True}}),
        json.dumps({"url": WHEEL, "archive_info": {}}),
        json.dumps({"url": "https://example.com/a", "vcs_info": {"vcs": "git", "commit_id": "main"}}),
        json.dumps({"url": "https://example.com/a", "vcs_info": {"vcs": "hg", "commit_id": COMMIT}}),
        json.dumps({"url": "https://example.com/a\nother", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}),
    ],
)
def test_what_names_no_state_is_left_to_people(record: str | None) -> None:
    made = pin("1.0", record, published=False)
    assert made.advice is not None
    assert all(line.startswith("#") for line in made.text.splitlines())


def test_an_index_is_asked_for_a_version_only_where_it_has_the_package() -> None:
    assert pin("1.0", None, published=True).text == "llmstack-gitops==1.0\n"
    assert not about.IS_PUBLISHED, "published: README.md, docs and this test may name the package from an index"


def test_no_file_of_ours_asks_an_index_for_it() -> None:
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")[:-1]
    for path in listed:
        if (
            path.endswith((".md", ".txt", ".yml", ".yaml", ".toml", ".py"))
            and path != "tests/init/test_installation.py"
        ):
            text = (ROOT / path).read_text(encoding="utf-8")
            for name in ("llmstack", about.DISTRIBUTION):
                assert f"install {name}\n" not in text, path
                assert f"{name}==" not in text, path


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own, which has the libraries of this one and no llmstack."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    purelib = next(folder.glob("lib/python*/site-packages"))
    (purelib / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return folder / "bin" / "python"


OFFLINE = {
    "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}  # fmt: skip
"""What makes `pip install`, as people write it, take the libraries that are there. (`0` is pip's `no` to isolation.)"""


def _shell(python: Path, folder: Path, script: str) -> str:
    """What a script prints on stdout, with the environment's programs first on PATH."""
    keep = {name: os.environ[name] for name in ("HOME", "LLMSTACK_TOOLS", "GOCACHE", "GOPROXY") if name in os.environ}
    places = os.pathsep.join((str(python.parent), os.environ["PATH"]))
    git = {f"GIT_{who}_{key}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    git |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["/bin/bash", "-e", "-c", script], cwd=folder, env=keep | git | OFFLINE | {"PATH": places},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _install_steps() -> str:
    """The scripts of the action up to the one that installs what requirements.txt names, as a repository has it; the Go
    tools are another test's."""
    files = repository_files(Wanted(Pin("")))
    action = yamlio.load(files[f"{ACTION}/action.yml"])
    assert isinstance(action, dict)
    pins, install, *_ = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    build = 'go -C "$pins/tools" install -trimpath tool'
    assert build in install
    return f"{pins}\n{install.replace(build, 'true')}"


def _gitlab_install() -> str:
    """The same of GitLab's jobs."""
    jobs = yamlio.load(repository_files(Wanted(Pin(""), "gitlab"))[".gitlab-ci.yml"])
    assert isinstance(jobs, dict)
    install = jobs[".pinned"]["before_script"][-1]
    build = 'go -C "$pins/tools" install -trimpath tool'
    assert build in install
    return str(install.replace(build, "true"))


def _stand_in(python: Path, folder: Path) -> str:
    """A line that puts a `python` first on PATH whose new environments have the libraries of `python`'s: no index is
    asked for them."""
    libraries = next(python.parents[1].glob("lib/python*/site-packages/libraries.pth"))
    folder.mkdir()
    (folder / "python").write_text(
        f"""#!/bin/bash
[ "$1 $2 $3" = "-P -m venv" ] && "{python}" -P -m venv --without-pip "$4" && cp "{libraries}" "$4"/lib/python*/site-packages/
""",
        encoding="utf-8",
    )
    (folder / "python").chmod(0o755)
    (folder / "python3").symlink_to("python")
    return f'PATH="{folder}:$PATH"\n'


def _copy_sources(folder: Path) -> None:
    """The package as it is here, committed or not."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "generator", folder / "generator", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)


@pytest.mark.parametrize("source", ["wheel", "git"])
def test_init_pins_what_is_installed_and_its_workflow_installs_that(python: Path, tmp_path: Path, source: str) -> None:
    pip = f'"{python}" -m pip'
    (python.parent / "pip").write_text(f'#!/bin/sh\nexec {pip} "$@"\n', encoding="utf-8")
    (python.parent / "pip").chmod(0o755)
    if source == "wheel":
        _shell(python, tmp_path, f'pip wheel --quiet --wheel-dir dist "{ROOT}"')
        (wheel,) = (tmp_path / "dist").iterdir()
        assert wheel.name == f"llmstack_gitops-{__version__}-py3-none-any.whl"
        _shell(python, tmp_path, f'pip install --quiet --force-reinstall "{wheel}"')
        wanted = f"llmstack-gitops @ file://{wheel}#sha256="
    else:
        _copy_sources(tmp_path / "llmstack.git")
        _shell(python, tmp_path / "llmstack.git", "git init -q && git add --all && git commit -qm sources")
        commit = _shell(python, tmp_path / "llmstack.git", "git rev-parse HEAD").strip()
        address = f"git+file://{tmp_path}/llmstack.git@{commit}"
        _shell(python, tmp_path, f'pip install --quiet --force-reinstall "{address}"')
        wanted = f"{address}\n"
    _shell(python, tmp_path, "llmstack init fleet")
    text = (tmp_path / "fleet" / "requirements.txt").read_text(encoding="utf-8")
    assert wanted in text
    assert text.startswith("# Only machines that have this path can install it")
    _shell(python, tmp_path / "fleet", "git init -q && git add --all && git commit -qm first")
    for module in ("venv", "pip", "ensurepip"):
        (tmp_path / "fleet" / f"{module}.py").write_text("raise SystemExit('what is reviewed runs')", encoding="utf-8")
    runner = tmp_path / "runner"
    runner.mkdir()
    places = (
        _stand_in(python, tmp_path / "stand-in")
        + f'export RUNNER_TEMP="{runner}" GITHUB_ACTION_PATH="$PWD/{ACTION}" REF= BASE_SHA= COMMAND=check\n'
    )
    _shell(python, tmp_path / "fleet", places + _install_steps())
    program = runner / "llmstack" / "bin" / "llmstack"
    said = _shell(python, tmp_path / "fleet", f"{program} --version && {program} gen && {program} gen --check")
    assert said.startswith(f"llmstack {__version__}")
    where = _shell(
        python, tmp_path, f'cd / && "{runner}/llmstack/venv/bin/python" -c "import llmstack; print(llmstack.__file__)"'
    )
    assert where.startswith(str(runner))
    gitlab = f'PATH="{tmp_path}/stand-in:$PATH" work="{tmp_path}/work" pins="{runner}/llmstack/pins"\n'
    _shell(python, tmp_path / "fleet", gitlab + _gitlab_install())
    assert _shell(python, tmp_path / "fleet", f"{tmp_path}/work/venv/bin/llmstack gen --check") == ""
