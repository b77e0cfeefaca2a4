"""The commands of a review, on honest and hostile branches: what they start, what they open, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from tests.trust.support import COMMANDS, UNIT, Branch, custom
from tests.trust.watch import watch

GIT = {"git", "env"}
"""`env` takes variables away from Git."""
BUILDERS = {"kustomize", "kubeconform"}


def test_an_honest_branch(branch: Branch) -> None:
    branch.commit({f"{UNIT}/kustomization.yaml": custom("namePrefix: x-\n")})
    for command in COMMANDS:
        did = branch.watch(command)
        assert did.code == 0, did.output
        assert not did.reached_network
        assert did.started <= GIT | BUILDERS
        builds = command.partition(" ")[0] in ("validate", "diff")
        assert ("kustomize" in did.started) == builds, "namePrefix is not built in process"


def remote_option(branch: Branch) -> None:
    """A repository whose revision is an option of Git, which names a program."""
    url = f"file:///nowhere/x//y?ref=--upload-pack=touch%20{branch.trap}"
    branch.commit({f"{UNIT}/kustomization.yaml": custom(f'resources: ["{url}"]\n')})


def remote_file(branch: Branch) -> None:
    branch.commit({f"{UNIT}/kustomization.yaml": custom("patches: [{path: http://127.0.0.1:9/x}]\n")})


def plugin(branch: Branch) -> None:
    """An executable plugin, as a function of KRM."""
    text = 'apiVersion: x/v1\n  kind: X\n  metadata: {name: x, annotations: {config.kubernetes.io/function: "exec: {path: ./run.sh}"}}\n'
    branch.sandbox.write({f"{UNIT}/run.sh": f"#!/bin/sh\ntouch {branch.trap}\n"})
    (branch.root / UNIT / "run.sh").chmod(0o755)
    branch.commit({f"{UNIT}/kustomization.yaml": custom(f"transformers:\n- |-\n  {text}")})


def chart(branch: Branch) -> None:
    branch.commit({f"{UNIT}/kustomization.yaml": custom("helmCharts: [{name: x, repo: 'https://127.0.0.1:9/x'}]\n")})


def way_out(branch: Branch) -> None:
    branch.commit({f"{UNIT}/kustomization.yaml": custom("resources: [../../../../../../../../etc]\n")})


def aggregate(branch: Branch) -> None:
    """The list of the environment's units itself names a repository."""
    file = branch.root / "overlays/prod/kustomization.yaml"
    file.write_text(file.read_text().replace("resources:\n", "resources:\n- git::http://127.0.0.1:9/a/b\n"))
    branch.git("commit -q -a -m aggregate")


def deep(branch: Branch) -> None:
    branch.commit({f"{UNIT}/kustomization.yaml": custom(f"labels: {'[' * 80_000}\n")})


def deep_object(branch: Branch) -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {'{a: ' * 9_000}\n"
    branch.commit(
        {
            f"{UNIT}/kustomization.yaml": custom("resources: [../../../../overlays/prod/models/m, deep.yaml]"),
            f"{UNIT}/deep.yaml": text,
        }
    )


HOSTILE: dict[str, tuple[Callable[[Branch], None], str]] = {
    "an option for Git": (remote_option, "remote-reference"),
    "a file of the web": (remote_file, "remote-reference"),
    "a program as a plugin": (plugin, "remote-reference"),
    "a chart": (chart, "remote-reference"),
    "a path out of the repository": (way_out, "remote-reference"),
    "a repository in the aggregate": (aggregate, "remote-reference"),
    "a kustomization that nests deep": (deep, "too-deep"),
    "an object that nests deep": (deep_object, "too-deep"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_branch(branch: Branch, attack: str) -> None:
    do, id = HOSTILE[attack]
    do(branch)
    for command in ("lint", "validate", "gen --check", "affected main", "diff main HEAD"):
        did = branch.watch(command)
        assert not branch.trap.exists()
        assert not did.reached_network
        assert did.started <= GIT, "nothing is built"
        if command.startswith("gen"):
            assert did.code in (0, 3), did.output  # nothing of custom/ is read for it
        else:
            assert did.code == 1, did.output
            assert f"error[{id}]: " in did.output
            assert f"--> {UNIT}/" in did.output or "--> overlays/prod/kustomization.yaml:" in did.output


@pytest.mark.parametrize("places", [".:bin::", ""], ids=["relative", "empty"])
def test_no_program_of_the_branch_is_one_on_the_path(branch: Branch, places: str) -> None:
    """Folders of PATH that are no absolute paths are the branch's; so is an empty one (execvp(3))."""
    names = ("git", "env", "kustomize", "kubeconform", "sh", "sops", "helm")
    script = f"#!/bin/sh\ntouch {branch.trap}\n"
    branch.commit({f"{UNIT}/kustomization.yaml": custom("namePrefix: x-\n")})
    branch.sandbox.write({f"{folder}/{name}": script for folder in (".", "bin") for name in names})
    for path in [*branch.root.glob("*"), *branch.root.glob("bin/*")]:
        path.chmod(0o755)
    environment = branch.sandbox.environment()
    environment["PATH"] = f"{places}{environment['PATH']}" if places else ""
    for command in COMMANDS:
        call = [sys.executable, "-P", "-m", "llmstack.cli", *command.split()]
        did = watch(call, folder=branch.root, environment=environment)
        assert not branch.trap.exists()
        assert did.started <= GIT | BUILDERS, did.output
        assert all(os.path.isabs(program) for program in did.programs)
