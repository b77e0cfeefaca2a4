"""Overlays of people's own, whatever their files are called and wherever their parts lie, are seen by every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmstack.kustomize.files import NAMES
from tests.cli.sandbox import Sandbox, make_sandbox

VALUES = """\
servingEngineSpec:
  modelSpec:
    - {name: m, repository: vllm/vllm-openai, tag: v0.11.0, modelURL: facebook/opt-125m, requestCPU: 1, requestMemory: 2Gi}
"""
OWN = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../../../overlays/prod/models/m]\n"
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec: {revisionHistoryLimit: 3}\n"
COMMON = (
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    "patches: [{path: patch.yaml, target: {kind: Deployment}}]\n"
)


@pytest.fixture
def repository(tmp_path: Path) -> Sandbox:
    sandbox = make_sandbox(tmp_path)
    sandbox.write({"values/prod.yaml": VALUES})
    return sandbox


def commit(sandbox: Sandbox, files: dict[str, str]) -> None:
    sandbox.write(files)
    commands = ("llmstack gen", "git init -q -b main", "git add -A", "git commit -q -m change")
    for command in commands:
        output, code = sandbox.run(command)
        assert code == 0, output


@pytest.mark.parametrize("name", NAMES)
def test_a_change_of_base_reaches_a_unit_through_an_overlay_of_any_name(repository: Sandbox, name: str) -> None:
    commit(repository, {f"custom/prod/models/m/{name}": OWN})
    assert "custom/prod/models/m" in (repository.root / "overlays/prod/kustomization.yaml").read_text()
    base = repository.root / "base/engine/deployment.yaml"
    text = base.read_text()
    base.write_text(text.replace("revisionHistoryLimit: 10", "revisionHistoryLimit: 4"))
    if base.read_text() == text:
        base.write_text(text.replace("spec:\n", "spec:\n  revisionHistoryLimit: 4\n", 1))
    assert repository.run("llmstack affected HEAD")[0] == "prod/models/m\n"
    assert "spec.revisionHistoryLimit" in repository.run("llmstack diff HEAD")[0]


def test_what_several_overlays_share_reaches_each_unit_in_diff_as_in_validate(repository: Sandbox) -> None:
    shared = {"custom/common/kustomization.yaml": COMMON, "custom/common/patch.yaml": PATCH}
    commit(repository, shared | {"custom/prod/models/m/kustomization.yml": OWN + "components: [../../../common]\n"})
    output, code = repository.run("llmstack validate prod")
    assert code == 0, output
    repository.write({"custom/common/patch.yaml": PATCH.replace("3", "5")})
    assert repository.run("llmstack affected HEAD")[0] == "prod/models/m\n"
    output, code = repository.run("llmstack diff HEAD")
    assert (code, "spec.revisionHistoryLimit: 3 → 5" in output) == (0, True), output


UNBUILT = {
    "an environment's folder": ("custom/prod/kustomization.yaml", "prod"),
    "an environment that is not there": ("custom/prd/models/m/kustomization.yaml", ""),
    "the top": ("custom/Kustomization", ""),
    "shared by none": ("custom/common/kustomization.yml", ""),
}


@pytest.mark.parametrize(("path", "asked"), UNBUILT.values(), ids=UNBUILT)
def test_what_nothing_builds_is_said(repository: Sandbox, path: str, asked: str) -> None:
    commit(repository, {"custom/prod/models/m/kustomization.yaml": OWN})
    assert "orphaned-custom" not in repository.run("llmstack lint")[0]
    repository.write({path: COMMON, f"{path.rpartition('/')[0]}/patch.yaml": PATCH})
    for command in ("llmstack lint", "llmstack validate", f"llmstack lint {asked}"):
        output, code = repository.run(command)
        assert (code, output.count("warning[orphaned-custom]"), path in output) == (0, 1, True), output


def test_two_kustomizations_in_one_folder_are_said(repository: Sandbox) -> None:
    commit(repository, {"custom/prod/models/m/kustomization.yaml": OWN})
    repository.write({"custom/prod/models/m/kustomization.yml": OWN + "labels: []\n"})
    output, code = repository.run("llmstack diff HEAD")
    assert code == 5
    assert "custom/prod/models/m/kustomization.yaml and custom/prod/models/m/kustomization.yml both make" in output


def test_a_folder_that_is_not_there_is_no_fault_of_kustomize(repository: Sandbox) -> None:
    commit(repository, {"custom/prod/models/m/kustomization.yaml": OWN})
    (repository.root / "custom/prod/models/m/kustomization.yaml").unlink()
    (repository.root / "custom/prod/models/m").rmdir()
    output, code = repository.run("llmstack validate prod")
    assert (code, "custom/prod/models/m: No such file or directory" in output) == (1, True), output


def test_what_an_overlay_builds_is_held_to_the_checks_on_objects(repository: Sandbox) -> None:
    loose = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\n"
        "spec: {template: {spec: {hostPID: true, serviceAccountName: gone, containers: [{name: vllm, securityContext: {privileged: true}}]}}}\n"
    )
    own = {
        "custom/prod/models/m/kustomization.yaml": OWN + "patches: [{path: p.yaml, target: {kind: Deployment}}]\n",
        "custom/prod/models/m/p.yaml": loose,
    }
    commit(repository, own)
    output, code = repository.run("llmstack validate prod --strict")
    assert code == 1
    for said in ("hostPID: true", "privileged: true"):
        assert f"warning[pod-security]: `{said}` is beyond Pod Security `baseline`" in output
    assert "note[dangling-reference]: the cluster must have ServiceAccount `gone`" in output
    assert "--> custom/prod/models/m/kustomization.yaml:1:1" in output
    off = "gitops: {checks: {pod-security: off, dangling-reference: off, mutable-tag: off}, createNamespace: true}\n"
    repository.write({"values/prod.yaml": VALUES + off})
    repository.run("llmstack gen")
    output, _ = repository.run("llmstack validate prod")
    assert "pod-security" not in output
    assert "dangling-reference" not in output


def test_what_the_api_server_refuses_of_an_overlay_is_said_at_the_overlay(repository: Sandbox) -> None:
    pod = "{initContainers: [{name: i, image: 'x:1', restartPolicy: Never}]}"
    own = {
        "custom/prod/models/m/kustomization.yaml": OWN + "patches: [{path: p.yaml, target: {kind: Deployment}}]\n",
        "custom/prod/models/m/p.yaml": PATCH.replace("{revisionHistoryLimit: 3}", f"{{template: {{spec: {pod}}}}}"),
    }
    commit(repository, own)
    output, code = repository.run("llmstack validate prod")
    assert code == 1
    assert (
        "spec.template.spec.initContainers[0].restartPolicy: `restartPolicy` is `Always` in Kubernetes 1.34" in output
    )
    assert "--> custom/prod/models/m/kustomization.yaml:1:1" in output
    repository.write({"values/prod.yaml": VALUES + 'gitops: {kubernetesVersion: "1.35"}\n'})
    assert repository.run("llmstack gen")[1] == 0
    assert repository.run("llmstack validate prod")[1] == 0


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("clusters/c/secret.yaml", "apiVersion: v1\nkind: Secret\nstringData:\n  a: hunter2\n", 4),
        ("clusters/c/notes.txt", "the cluster's\npassword: hunter2hunter\n", 2),
        ("custom/prod/models/m/kustomization.yaml", OWN + "# HF_TOKEN: hf_AbCdEfGhIjKlMnOpQrStUvWx12\n", 4),
        ("custom/README.md", "export HF_TOKEN=hf_AbCdEfGhIjKlMnOpQrStUvWx12\n", 1),
        ("facts/clusters/c.yaml", "token: hf_AbCdEfGhIjKlMnOpQrStUvWx12\n", 1),
    ],
)
def test_a_secret_beside_the_objects_is_found_at_its_line(path: str, text: str, line: int, repository: Sandbox) -> None:
    """`validate` reads what nobody builds too: it is committed."""
    commit(repository, {path: text})
    output, code = repository.run("llmstack validate")
    assert code == 1
    assert f"error[plaintext-secret]: this line holds a secret in plain text\n  --> {path}:{line}:1" in output
    assert "hunter2" not in output
    assert "AbCdEf" not in output


def test_what_the_api_server_cannot_read_is_refused_whatever_else_changes(repository: Sandbox) -> None:
    patches = "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: any}, spec: {replica: 3}}', "
    commit(repository, {"custom/prod/models/m/kustomization.yaml": OWN})
    repository.write({"custom/prod/models/m/kustomization.yaml": f"{OWN}{patches}target: {{kind: Deployment}}}}]\n"})
    output = repository.run("llmstack diff HEAD --fail-on error")
    assert output[1] == 1
    assert "refused" in output[0]
    assert "`replica` is no field of this type" in output[0]


def test_what_kustomize_repeats_of_a_secret_is_not_shown(repository: Sandbox) -> None:
    """Of a patch that it cannot read it quotes the whole."""
    patch = "patches: [{target: {kind: Deployment}, patch: 'password: Xk9vQ2mLr7tB'}]\n"
    commit(repository, {"custom/prod/models/m/kustomization.yaml": OWN})
    repository.write({"custom/prod/models/m/kustomization.yaml": OWN + patch})
    for command, code in (("llmstack validate", 1), ("llmstack diff HEAD", 5)):
        output, ended = repository.run(command)
        assert ended == code, output
        assert "failed: " in output
        assert "Xk9v" not in output
