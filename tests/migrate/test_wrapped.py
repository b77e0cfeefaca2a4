"""Values inside a HelmRelease, an Application or a parent chart's values: what they are, and what comes out."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from llmstack import yamlio
from llmstack.errors import RefusedError
from llmstack.migrate import Wanted
from llmstack.repository.migration import migrate_file, write_file
from llmstack.repository.project import Project
from llmstack.values.source import read_source

VALUES = """\
servingEngineSpec:
  runtimeClassName: ""   # none
  modelSpec:
    - name: chat
      repository: vllm/vllm-openai
      tag: v0.15.1
      modelURL: example/chat-8b
      requestGPU: 1
"""


def indented(by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in VALUES.splitlines())


FLUX = f"""\
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: vllm}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: stack, namespace: flux-system}}
spec:
  targetNamespace: llm
  values:
{indented(4)}  interval: 10m
"""
ARGO = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: vllm, namespace: argocd}}
spec:
  destination: {{namespace: llm}}
  sources:
    - {{repoURL: https://example.com/git, ref: values}}
    - chart: vllm-stack
      helm:
        releaseName: serving
        values: |
{indented(10)}"""
OBJECT = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: vllm}}
spec:
  source:
    helm:
      parameters: [{{name: a, value: b}}]
      valuesObject:
{indented(8)}"""
PARENT = f"global: {{}}\nvllm-stack:\n{indented(2)}other:\n  a: 1\n"
K3S = f"""\
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {{name: vllm, namespace: kube-system}}
spec:
  targetNamespace: llm
  valuesContent: |-
{indented(4)}"""
FLEET = f"defaultNamespace: llm\nhelm:\n  releaseName: vllm\n  chart: vllm-stack\n  values:\n{indented(4)}"
KUSTOMIZE = f"""\
helmCharts:
  - name: other
    valuesInline: {{a: 1}}
  - name: vllm-stack
    releaseName: serving
    valuesInline:
{indented(6)}namespace: llm
"""
LISTED = indented(6).replace("      servingEngineSpec", "    - servingEngineSpec", 1)
HELMFILE = (
    f"releases:\n  - name: vllm\n    chart: vllm/vllm-stack\n    values:\n    - a.yaml\n{LISTED}    namespace: llm\n"
)
NESTED = f"""\
litellm: {{a: 1}}
vllm:
  image: own
  vllm-stack:
{indented(4)}"""
ANCHORED = """\
_model: &model   # of all
  repository: vllm/vllm-openai
  # pinned
  tag: v0.15.1
_init: &init
  - &first {name: a, image: "busybox:1"}
claim: &claim weights
vllm-stack:   # ours
  # the engines
  servingEngineSpec:
    modelSpec:
      - <<: *model
        name: chat   # one
        modelURL: example/chat-8b
        pvcExistingClaimName: *claim
        initContainer: *init
"""
CARRIED = """\
x-model: &model
  repository: vllm/vllm-openai
  # pinned
  tag: v0.15.1
x-init: &init
  - &first {name: a, image: "busybox:1"}
x-claim: &claim weights
# the engines
servingEngineSpec:
  modelSpec:
    - <<: *model
      name: chat   # one
      modelURL: example/chat-8b
      pvcExistingClaimName: *claim
      initContainer: *init
"""

CROSSPLANE = f"""\
apiVersion: helm.crossplane.io/v1beta1
kind: Release
metadata: {{name: vllm}}
spec:
  forProvider:
    chart: {{name: vllm-stack}}
    values:
{indented(6)}"""
SVELTOS = f"""\
apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {{name: vllm}}
spec:
  helmCharts:
    - chartName: other/chart
      values: "a: 1"
    - chartName: vllm/vllm-stack
      values: |
{indented(8)}"""
PULUMI = f"""\
name: stack
runtime: yaml
resources:
  vllm:
    type: kubernetes:helm.sh/v3:Release
    properties:
      chart: vllm-stack
      values:
{indented(8)}"""

FILES = {
    "crossplane": (CROSSPLANE, "crossplane", None, None),
    "sveltos": (SVELTOS, "sveltos", None, None),
    "pulumi": (PULUMI, "pulumi", None, None),
    "flux": (FLUX, "llm-stack", "llm-stack", "llm"),
    "argo": (ARGO, "serving", "serving", "llm"),
    "object": (OBJECT, "vllm", "vllm", None),
    "parent": (PARENT, "parent", None, None),
    "nested": (NESTED, "nested", None, None),
    "k3s": (K3S, "vllm", "vllm", "llm"),
    "fleet": (FLEET, "vllm", "vllm", "llm"),
    "kustomize": (KUSTOMIZE, "serving", "serving", "llm"),
    "helmfile": (HELMFILE, "vllm", "vllm", "llm"),
}


def project(folder: Path) -> Project:
    return Project(folder)


@pytest.mark.parametrize("name", FILES)
def test_values_release_and_namespace_come_out(name: str, tmp_path: Path) -> None:
    text, environment, release, namespace = FILES[name]
    file = tmp_path / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    migrated = migrate_file(project(tmp_path), str(file), None)
    write_file(migrated)
    written = (tmp_path / "values" / f"{environment}.yaml").read_text(encoding="utf-8")
    stated = {"release": release, "namespace": namespace}
    gitops = "".join(f"  {key}: {value}\n" for key, value in stated.items() if value)
    assert written == VALUES + (f"gitops:\n{gitops}" if gitops else "")
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", FILES)
def test_the_file_itself_is_one_finding(name: str) -> None:
    source = read_source("cluster/file.yaml", FILES[name][0].encode())
    (finding,) = source.findings
    assert finding.id == "wrapped-values"
    assert finding.help is not None
    assert "llmstack migrate cluster/file.yaml --write" in finding.help


def test_what_is_said_goes_before_what_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(FLUX, encoding="utf-8")
    migrated = migrate_file(project(tmp_path), str(tmp_path / "r.yaml"), "prod", Wanted("vllm", "serving"))
    assert migrated.file == tmp_path / "values" / "prod.yaml"
    assert migrated.migration.after.text == VALUES + "gitops:\n  release: vllm\n  namespace: serving\n"


def test_what_stands_beside_the_values_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OBJECT, encoding="utf-8")
    found = migrate_file(project(tmp_path), str(tmp_path / "a.yaml"), None).findings
    assert [f.message for f in found if f.id == "wrapped-values"] == [
        "`spec.source.helm.parameters` says more, and is left out"
    ]


def test_all_that_stands_beside_the_values_is_one_finding(tmp_path: Path) -> None:
    more = "  postRenderers: [{kustomize: {}}]\n  valuesFrom: [{kind: Secret, name: a}]\n"
    (tmp_path / "r.yaml").write_text(FLUX + more, encoding="utf-8")
    (tmp_path / "n.yaml").write_text(f"_anchors: {{}}\n{NESTED}", encoding="utf-8")
    told = []
    for name in ("r.yaml", "n.yaml"):
        found = migrate_file(project(tmp_path), str(tmp_path / name), None).findings
        told += [f.message for f in found if f.id == "wrapped-values"]
    assert told == [
        "`spec.valuesFrom` and `spec.postRenderers` say more, and are left out",
        "`litellm` and `vllm.image` say more, and are left out",
    ]


def test_anchors_of_elsewhere_come_along_and_comments_stay(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(ANCHORED, encoding="utf-8")
    assert migrate_file(project(tmp_path), str(tmp_path / "p.yaml"), None).migration.after.text == CARRIED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"a:\n{indented(2)}b:\n{indented(2)}", "are in several sections, `a` and `b`"),
        (
            f"a:\n  b:\n    c:\n      d:\n{indented(8)}      e:\n{indented(8)}",
            "are in several places, `a.b.c.d` and `a.b.c.e`",
        ),
        (FLUX.replace("servingEngineSpec", "controllers"), "this is a Flux HelmRelease of another chart"),
    ],
)
def test_what_is_not_this_charts_alone_is_not_written(text: str, said: str) -> None:
    (finding,) = read_source("a.yaml", text.encode()).findings
    assert said in finding.message


def test_a_release_of_a_parent_chart_has_a_section_of_this_one(tmp_path: Path) -> None:
    """And what the parent says of all its charts comes along, as Helm passes it on."""
    held = f"vllm-stack:\n{indented(2)}other: {{a: 1}}\nglobal:\n  # ours\n  imageRegistry: registry.example.com\n"
    head = FLUX.partition("  values:")[0]
    (tmp_path / "r.yaml").write_text(f"{head}  values:\n{indent(held, '    ')}", encoding="utf-8")
    migrated = migrate_file(project(tmp_path), str(tmp_path / "r.yaml"), None)
    text = migrated.migration.after.text
    assert text.startswith("servingEngineSpec:")
    assert "global:\n  # ours\n  imageRegistry: registry.example.com\n" in text
    said = [finding.message for finding in migrated.findings if finding.id == "wrapped-values"]
    assert said == ["`other` says more, and is left out"]


def test_an_object_of_another_kind_is_told(tmp_path: Path) -> None:
    text = "apiVersion: production-stack.vllm.ai/v1alpha1\nkind: VLLMRuntime\nmetadata: {name: a}\nspec: {}\n"
    (finding,) = read_source("a.yaml", text.encode()).findings
    assert "this is a VLLMRuntime of production-stack.vllm.ai/v1alpha1, no values file" in finding.message


def test_a_list_of_objects_is_searched(tmp_path: Path) -> None:
    release = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "vllm"}}
    held = {**release, "spec": {"values": {"servingEngineSpec": {"modelSpec": []}}}}
    file = tmp_path / "live.yaml"
    file.write_text(yamlio.dump({"apiVersion": "v1", "kind": "List", "items": [release, held]}), encoding="utf-8")
    migrated = migrate_file(project(tmp_path), str(file), None)
    assert migrated.environment.name == "vllm"
    assert migrated.migration.after.text == "servingEngineSpec:\n  modelSpec: []\ngitops:\n  release: vllm\n"


def test_a_file_of_something_else_is_no_comment(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("model: {name: a}\nreplicaCount: 2\n", encoding="utf-8")
    migrated = migrate_file(project(tmp_path), str(tmp_path / "m.yaml"), None)
    assert migrated.migration.after.text == migrated.migration.before.text


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "values").mkdir()
    (tmp_path / "values" / "llm-stack.yaml").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "r.yaml").write_text(FLUX, encoding="utf-8")
    with pytest.raises(RefusedError):
        write_file(migrate_file(project(tmp_path), str(tmp_path / "r.yaml"), None))
    assert (tmp_path / "values" / "llm-stack.yaml").read_text(encoding="utf-8") == "a: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\nspec: {valuesFrom: [{kind: Secret}]}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {source: {helm: {valueFiles: [a]}}}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: nothing\n",
    ],
)
def test_one_without_values_is_told_and_nothing_else(text: str) -> None:
    (finding,) = read_source("a.yaml", text.encode()).findings
    assert finding.id == "wrapped-values"


@pytest.mark.parametrize("text", ["gitops: {}\nvllm-stack: {routerSpec: {}}\n", "kind: HelmRelease\n", "a: {b: {}}\n"])
def test_other_files_are_read_as_they_are(text: str) -> None:
    source = read_source("a.yaml", text.encode())
    assert source.findings == ()
    assert source.data
