"""What `adopt --write` and `gen` make builds to the objects that run: kustomize itself says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.adopt.holds import goal_of
from llmstack.adopt.live import read_live
from llmstack.adopt.moved import secrets_moved
from llmstack.adopt.plan import plan_adoption
from llmstack.errors import RefusedError, UsageError
from llmstack.objects.components import build_all
from llmstack.repository.adoption import adopt_release, write_adoption
from llmstack.repository.project import Project
from llmstack.review.restarts import template_causes
from tests.adopt.support import CASES, build, each_case, project_of, rendered
from tests.parity.corpus import Case, corpus_cases, own_cases
from tests.parity.prepare import stack_of

OWN = {"apiVersion", "kind", "metadata"}
ROUTER = next(case for case in own_cases() if case.name == "router-alone")


def dumped(object: Any) -> str:
    return yamlio.dump(object)


def said(object: Any) -> dict[str, Any]:
    return {key: value for key, value in object.items() if key not in OWN}


@each_case
def test_the_build_is_what_runs(case: Case, tmp_path: Path) -> None:
    project = project_of(case, tmp_path)
    adopted = adopt_release(project, "prod", rendered(case), [])
    write_adoption(project, adopted)
    built = build(project)
    assert adopted.plan.taken
    for each in adopted.plan.taken:
        now = built[each.live["kind"], each.live["metadata"]["name"]]
        if each.has_twins:  # the chart gives HF_HOME, and lmcacheConfig's values do
            assert dumped(each.live).count("name: HF_HOME") > 1
            assert each.patch is None
            continue
        if each.has_secret:  # the chart writes the router's token into its manifest
            assert "HF_TOKEN" in dumped(each.live)
            assert each.patch is None
            continue
        assert template_causes(each.live, now) == ()
        assert not each.restarts
        assert now["metadata"] == {"namespace": "default", **each.placed.object["metadata"]}
        if each.live["kind"] != "Secret" and "replicas" in each.placed.object.get("spec", {"replicas": 1}):
            assert said(now) == said(bare(each.live))


def bare(live: Any) -> Any:
    """Without nulls: kustomize writes none."""
    if isinstance(live, dict):
        return {key: bare(value) for key, value in live.items() if value is not None}
    return [bare(item) for item in live] if isinstance(live, list) else live


@each_case
def test_a_second_run_changes_nothing(case: Case, tmp_path: Path) -> None:
    project = project_of(case, tmp_path)
    write_adoption(project, adopt_release(project, "prod", rendered(case), []))
    again = adopt_release(Project(tmp_path), "prod", rendered(case), [])
    assert again.before.text == again.after.text
    assert all((tmp_path / path).read_text(encoding="utf-8") == text for path, text in again.plan.files.items())


@each_case
def test_what_the_api_server_fills_in_is_no_difference(case: Case) -> None:
    """As `kubectl get -o yaml` shows our own objects: defaults written out, server's fields, a status, in a List."""
    placed = list(build_all(stack_of(case, selectors="chart")))
    listed = yamlio.dump({"apiVersion": "v1", "kind": "List", "items": [as_shown(each.object) for each in placed]})
    plan = plan_adoption("prod", placed, read_live(listed), [])
    assert len(plan.taken) == len(placed)
    assert [each.reasons for each in plan.taken if each.reasons] == []
    assert [path for path in plan.files if "deployment" in path or "service" in path] == []


def as_shown(object: Any) -> Any:
    shown = {**object, "status": {}, "metadata": {**object["metadata"], "uid": "1", "resourceVersion": "7"}}
    if object["kind"] == "Deployment":
        template = object["spec"]["template"]
        containers = [DEFAULTS_OF_A_CONTAINER | each for each in template["spec"]["containers"]]
        template = {**template, "spec": {**DEFAULTS_OF_A_POD, **template["spec"], "containers": containers}}
        shown["spec"] = {**object["spec"], "revisionHistoryLimit": 10, "template": template}
    if object["kind"] == "Service":
        shown["spec"] = {**object["spec"], "clusterIP": "10.0.0.1", "sessionAffinity": "None"}
    return shown


DEFAULTS_OF_A_POD = {
    "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
    "securityContext": {}, "terminationGracePeriodSeconds": 30,
}  # fmt: skip
DEFAULTS_OF_A_CONTAINER = {
    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "resources": {},
}  # fmt: skip


def test_a_claim_is_held_to_what_the_tree_states_of_it_alone() -> None:
    """What a hold states of a claim cannot go with the hold: the API server refuses it, and with it the whole unit."""
    ours = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "weights"}}
    size = {"requests": {"storage": "50Gi"}}
    generated = {**ours, "spec": {"accessModes": ["ReadWriteOnce"], "resources": size}}
    defaulted = {**ours, "spec": {**generated["spec"], "storageClassName": "fast"}}
    assert goal_of(generated, defaulted) == generated
    other = {**ours, "spec": {**generated["spec"], "accessModes": ["ReadWriteMany"], "storageClassName": "fast"}}
    assert goal_of(generated, other)["spec"] == {"accessModes": ["ReadWriteMany"], "resources": size}
    bound = {**ours, "spec": {**generated["spec"], "volumeName": "theirs", "volumeMode": "Filesystem"}}
    named = {**ours, "spec": {**generated["spec"], "volumeName": "ours"}}
    assert goal_of(named, bound)["spec"] == {**generated["spec"], "volumeName": "theirs"}


def test_a_unit_that_is_let_go_has_no_hold_and_restarts(tmp_path: Path) -> None:
    plan = adopt_release(project_of(ROUTER, tmp_path), "prod", rendered(ROUTER), ["router"]).plan
    assert plan.files == {}
    assert plan.let_go == ("router",)
    assert any(each.restarts for each in plan.taken)


def test_an_unknown_model_is_not_let_go(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such unit"):
        adopt_release(project_of(ROUTER, tmp_path), "prod", rendered(ROUTER), ["llama"])


def test_an_overlay_of_people_is_not_written_over(tmp_path: Path) -> None:
    project = project_of(ROUTER, tmp_path)
    theirs = tmp_path / "custom" / "prod" / "router" / "kustomization.yaml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("resources: [../../../overlays/prod/router]\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="somebody's overlay"):
        adopt_release(project, "prod", rendered(ROUTER), [])
    assert adopt_release(project, "prod", rendered(ROUTER), ["router"]).plan.files == {}


def test_a_secret_in_plain_text_is_in_no_hold(tmp_path: Path) -> None:
    live = [yamlio.dump(each) for each in yamlio.load_all(rendered(ROUTER))]
    token = "hf_" + "abcdefghijklmnop" * 2
    text = "---\n".join(live).replace(
        "- name: PYTHONHASHSEED", f"- name: HF_TOKEN\n          value: {token}\n        - name: PYTHONHASHSEED"
    )
    assert token in text
    plan = adopt_release(project_of(ROUTER, tmp_path), "prod", text, []).plan
    assert [each.live["kind"] for each in plan.taken if each.has_secret] == ["Deployment"]
    assert token not in "".join(plan.files.values())


def test_a_secret_in_plain_text_is_moved_into_the_one_that_the_tree_reads(tmp_path: Path) -> None:
    plain = {"name": "HF_TOKEN", "value": "hf_" + "abcdefghijklmnop" * 2}
    reference = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "stack-hf", "key": "token"}}}
    ours, theirs = (
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "stack-chat"},
            "spec": {"template": {"spec": {"containers": [{"name": "vllm", "env": [variable]}]}}},
        }
        for variable in (reference, plain)
    )
    (move,) = secrets_moved(ours, theirs)
    assert move.command("llm") == (
        'kubectl -n llm get deployment/stack-chat -o \'jsonpath={.spec.template.spec.containers[?(@.name=="vllm")]'
        '.env[?(@.name=="HF_TOKEN")].value}\' | kubectl -n llm create secret generic stack-hf --from-file=token=/dev/stdin'
    )
    assert list(secrets_moved(theirs, theirs)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "is not YAML"),
        ("- 1\n", "holds no Kubernetes object"),
        ("{apiVersion: v1, kind: Service, metadata: {name: a}}", "no Deployment of the chart"),
    ],
)
def test_what_is_no_release_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        adopt_release(project_of(ROUTER, tmp_path), "prod", text, [])


def test_two_releases_are_refused(tmp_path: Path) -> None:
    case = next(case for case in own_cases() if case.name == "engine-of-many-keys")
    text = rendered(case)
    with pytest.raises(UsageError, match="several releases"):
        adopt_release(
            project_of(case, tmp_path),
            "prod",
            text
            + "\n---\n"
            + text.replace("helm-release-name: vllm", "helm-release-name: other").replace(
                'name: "vllm-', 'name: "other-'
            ),
            [],
        )


@pytest.mark.parametrize("case", [ROUTER, *corpus_cases()[:1]], ids=lambda case: case.name)
def test_a_release_of_a_chart_before_0_1_10(case: Case, tmp_path: Path) -> None:
    """Its Deployments have the user's labels alone, and `model` and `helm-release-name` of the engines."""
    live = [as_before(each) for each in yamlio.load_all(rendered(case)) if each]
    project = project_of(case, tmp_path)
    adopted = adopt_release(project, "prod", "---\n".join(map(yamlio.dump, live)), [])
    assert adopted.release.selectors == "chart-0.1.9"
    write_adoption(project, adopted)
    built = build(project)
    deployments = [each for each in live if each["kind"] == "Deployment"]
    assert deployments
    for each in deployments:
        assert said(built["Deployment", each["metadata"]["name"]]) == said(each)


def as_before(object: Any) -> Any:
    if object["kind"] == "Deployment":
        spec = object["spec"]
        for labels in (spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"]):
            for key in [key for key in labels if key.startswith("app.kubernetes.io/")]:
                del labels[key]
    return object


@pytest.mark.parametrize("label", ["true", "1e3", "a: b", "]", "#", "x, y"])
def test_any_label_is_written_as_it_is(label: str, tmp_path: Path) -> None:
    live = yamlio.load_all(rendered(ROUTER))
    for each in live:
        if each and each["kind"] == "Deployment":
            each["spec"]["selector"]["matchLabels"][f"{label}/k"] = label
    adopted = adopt_release(project_of(ROUTER, tmp_path), "prod", "---\n".join(map(yamlio.dump, live)), [])
    assert adopted.after.data["gitops"]["selectorLabels"]["router"][f"{label}/k"] == label


def test_there_are_cases() -> None:
    assert len(CASES) >= 3
