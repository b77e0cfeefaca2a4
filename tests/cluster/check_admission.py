"""What the API server's admission lets in, and what it refuses as `lint` warned: Pod Security, quotas, a runtime class
that is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.checks import run_checks
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity
from llmstack.kubernetes.pod_standards import breaches
from llmstack.kubernetes.pods import pod_templates
from llmstack.model.reading import read_stack
from llmstack.objects.components import build_all
from llmstack.values.layers import merge
from llmstack.values.source import read_source
from tests.cluster.kubectl import Kubectl, Object, condition, namespace, wait_until
from tests.cluster.nodes import RUNTIME_CLASS
from tests.cluster.repository import PROJECT
from tests.parity.corpus import corpus_cases, own_cases
from tests.parity.prepare import stack_of

CHECKS = PROJECT / "tests" / "checks"
EVERY_KIND = Path(__file__).parent / "every_kind.yaml"
NAMESPACE = "admission"
LEVEL = "pod-security.kubernetes.io/enforce"


def read(values: dict[str, Any]) -> tuple[list[Object], list[Finding]]:
    """The objects of one environment, all in NAMESPACE, and what lint says of it."""
    text = yamlio.dump(merge(values, {"gitops": {"namespace": NAMESPACE}}))
    layers, stack, _ = read_stack([read_source("values/prod.yaml", text.encode())])
    assert stack is not None
    subject = Subject("prod", stack, layers)
    return [placed.object for placed in subject.objects], list(run_checks(subject))


def load(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = yamlio.load(path.read_text(encoding="utf-8"))
    return values


def pods() -> Iterator[Object]:
    """Pods of every shape that we know, each once: of every kind, of examples and of the chart's values files."""
    examples = [load(path) for path in [EVERY_KIND, *sorted(CHECKS.glob("pod-security/*/*.yaml"))]]
    found = [each for values in examples for each in read(values)[0]]
    for case in [*own_cases(), *corpus_cases()]:
        found += [placed.object for placed in build_all(stack_of(case))]
    seen = set()
    for each in found:
        for _, template in pod_templates(each):
            spec = {**template["spec"], "serviceAccountName": "default"}
            for key in ("priorityClassName", "runtimeClassName"):
                spec.pop(key, None)  # what a pod names must be there, and is not what is asked here
            if (text := json.dumps(spec, sort_keys=True)) not in seen:
                seen.add(text)
                yield {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": {"name": "pod", "namespace": NAMESPACE},
                    "spec": spec,
                }


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_pod_security_is_as_the_check_has_it(level: str, kubectl: Kubectl) -> None:
    wrong, verdicts = [], []
    with kubectl.holding(namespace(NAMESPACE, **{LEVEL: level})):
        for pod in pods():
            foretold = [breach.what for breach in breaches(pod["spec"], restricted=level == "restricted")]
            said = kubectl.refusal(pod)
            assert not said or "violates PodSecurity" in said, said
            verdicts.append(bool(said))
            if bool(foretold) != bool(said):
                wrong.append((foretold, said))
    assert not wrong
    assert set(verdicts) == {True, False}


def test_what_llmstack_writes_by_itself_is_baseline(kubectl: Kubectl) -> None:
    """Of values that loosen nothing, every pod is admitted where llmstack has the Namespace enforce the level."""
    objects, findings = read(load(EVERY_KIND))
    assert "pod-security" not in {finding.id for finding in findings}
    [stated] = [each for each in objects if each["kind"] == "Namespace"]
    assert stated["metadata"]["labels"][LEVEL] == "baseline"
    with kubectl.holding(RUNTIME_CLASS, namespace(stated["metadata"]["name"], **stated["metadata"]["labels"])):
        kubectl.apply(pods_and_accounts(objects))
        assert refused(kubectl) == {}


@pytest.mark.parametrize("listed", [True, False])
def test_a_missing_runtime_class_is_warned_of(listed: bool, kubectl: Kubectl) -> None:
    model = {"name": "llama", "repository": "vllm/vllm-openai", "tag": "v0.11.2", "modelURL": "Qwen/Qwen3-8B"}
    existing = {"runtimeClasses": ["nvidia"]} if listed else {}
    engine = {"runtimeClassName": "absent", "modelSpec": [model]}
    objects, findings = read({"servingEngineSpec": engine, "gitops": {"existing": existing}})
    [finding] = [
        finding for finding in findings if finding.id == "dangling-reference" and "`absent`" in finding.message
    ]
    assert finding.severity.name == ("ERROR" if listed else "NOTE")
    with kubectl.holding(namespace(NAMESPACE)):
        kubectl.apply(pods_and_accounts(objects))
        assert refused(kubectl) == {"llmstack-llama-deployment-vllm": 'pod rejected: RuntimeClass "absent" not found'}


@pytest.mark.parametrize("path", sorted(CHECKS.glob("resource-quota/*/*.yaml")), ids=lambda path: path.stem)
def test_quotas_refuse_what_the_check_says(path: Path, kubectl: Kubectl) -> None:
    """Every quota that an error names refuses pods, for the reason that it gives, and no other quota does."""
    objects, findings = read(load(path))
    with limited(kubectl, objects):
        kubectl.apply(pods_and_accounts(objects))
        seen = {refusing_quota(message) for message in refused(kubectl).values()}
    errors = [each.message for each in findings if each.id == "resource-quota" and each.severity is Severity.ERROR]
    foretold = {(quota_in(each), "must specify" if "stated" in each else "exceeded") for each in errors}
    assert seen == foretold


def test_a_quota_without_room_for_the_surge_holds_the_rollout_up(kubectl: Kubectl) -> None:
    values = load(CHECKS / "resource-quota" / "bad" / "over.yaml")
    del values["extraObjects"][0]
    objects, findings = read(values)
    assert [each.severity for each in findings if each.id == "resource-quota"] == [Severity.WARNING]
    with limited(kubectl, objects):
        kubectl.apply(pods_and_accounts(objects))
        assert refused(kubectl) == {}
        [model] = values["servingEngineSpec"]["modelSpec"]
        model["tag"] = "v0.12.0"
        kubectl.apply(pods_and_accounts(read(values)[0]))
        [message] = refused(kubectl).values()
        assert refusing_quota(message) == ("pods", "exceeded")


def pods_and_accounts(objects: Iterable[Object]) -> list[Object]:
    """The Deployments, after the ServiceAccounts that their pods need."""
    found = [each for each in objects if each["kind"] in ("ServiceAccount", "Deployment")]
    return sorted(found, key=lambda each: str(each["kind"]), reverse=True)


@contextmanager
def limited(kubectl: Kubectl, objects: Iterable[Object]) -> Iterator[None]:
    """The namespaces of quotas, once those hold: a quota without a status holds nothing up yet."""
    limits = [each for each in objects if each["kind"] in ("ResourceQuota", "LimitRange")]
    names = {each["metadata"]["namespace"] for each in limits}
    with kubectl.holding(RUNTIME_CLASS, *map(namespace, sorted(names))):
        kubectl.apply(limits)
        wait_until(lambda: all("hard" in each.get("status", {}) for each in kubectl.items("resourcequotas")), "quotas")
        yield


def refused(kubectl: Kubectl) -> dict[str, str]:
    """Why pods of a Deployment are refused, by its name; of every Deployment of NAMESPACE, once all have acted."""

    def settled() -> dict[str, str | None] | None:
        found = kubectl.items("deployments", NAMESPACE)
        outcomes = {each["metadata"]["name"]: _outcome(each) for each in found}
        return outcomes if found and "" not in outcomes.values() else None

    outcomes: dict[str, str | None] = wait_until(settled, "pods made or refused")
    return {name: message for name, message in outcomes.items() if message is not None}


def _outcome(deployment: Object) -> str | None:
    """None: all pods are there, of the last template; empty: not known yet; else why they are refused."""
    status = deployment.get("status", {})
    if status.get("observedGeneration") != deployment["metadata"]["generation"]:
        return ""
    failure = condition(deployment, "ReplicaFailure")
    if failure.get("status") == "True":
        return failure["message"].partition(" is forbidden: ")[2]
    return None if status.get("updatedReplicas", 0) == deployment["spec"]["replicas"] else ""


def refusing_quota(message: str) -> tuple[str, str]:
    """The quota of a refusal, and whether pods exceed it or must specify something."""
    match = re.match(r"(exceeded|failed) quota: ([\w-]+)[,:]", message)
    assert match, message
    return match[2], "exceeded" if match[1] == "exceeded" else "must specify"


def quota_in(message: str) -> str:
    match = re.search(r"ResourceQuota `([\w-]+)`", message)
    assert match, message
    return match[1]
