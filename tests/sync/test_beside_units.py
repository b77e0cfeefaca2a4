"""Objects that a pull request puts into clusters/ beside the units: what they do to pods, and to who reaches them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from tests.sync.repository import Repository, environment, new_repository

Object = dict[str, Any]
SPACE = {"name": "x", "namespace": "llm"}


def _service(**spec: Any) -> Object:
    ports, selector = [{"port": 8000}], {"model": "llama"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": SPACE,
        "spec": {"ports": ports, "selector": selector, **spec},
    }


def _webhook(kind: str, resource: str) -> Object:
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource]}
    hook = {
        "name": "a.example.com",
        "clientConfig": {"url": "https://example.com"},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "x"},
        "webhooks": [hook],
    }


def _definition(strategy: str) -> Object:
    names = {"kind": "Foo", "plural": "foos"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    hook = {"clientConfig": {"url": "https://example.com"}, "conversionReviewVersions": ["v1"]}
    conversion = {"strategy": strategy} | ({"webhook": hook} if strategy == "Webhook" else {})
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": names,
        "versions": [version],
        "conversion": conversion,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.example.com"},
        "spec": spec,
    }


def _namespace(name: str, level: str) -> Object:
    labels = {"pod-security.kubernetes.io/enforce": level}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


ROWS: dict[str, tuple[Object, set[str]]] = {
    "a load balancer": (_service(type="LoadBalancer"), {"privilege"}),
    "a port of nodes": (_service(type="NodePort"), {"privilege"}),
    "addresses": (_service(externalIPs=["192.0.2.1"]), {"privilege"}),
    "a Service": (_service(), set()),
    "a webhook that converts": (_definition("Webhook"), {"privilege"}),
    "a definition": (_definition("None"), set()),
    "a webhook for pods": (_webhook("ValidatingWebhookConfiguration", "pods"), {"privilege", "not-judged"}),
    "one that changes all": (_webhook("MutatingWebhookConfiguration", "*/*"), {"privilege", "not-judged"}),
    "a webhook for Ingresses": (_webhook("ValidatingWebhookConfiguration", "ingresses"), {"privilege"}),
    "a strict namespace": (_namespace("llm", "restricted"), {"rollout-stuck"}),
    "a lenient namespace": (_namespace("llm", "baseline"), set()),
    "another namespace": (_namespace("other", "restricted"), set()),
}  # fmt: skip


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return new_repository(tmp_path_factory.mktemp("beside") / "repository", prod=environment())


@pytest.mark.parametrize("row", ROWS)
def test_what_comes_beside_the_units_is_judged(start: Repository, tmp_path: Path, row: str) -> None:
    obj, told = ROWS[row]
    one = start.copy(tmp_path / "one")
    one.file("clusters/c1/extra.yaml", yamlio.dump(obj))
    assert {risk["id"] for risk in one.review()["envs"]["prod"]["risks"]} == told
    assert one.fails() is bool(told)


def test_pods_of_another_namespace_are_told_beside_objects_of_none(start: Repository, tmp_path: Path) -> None:
    """A Namespace is in no namespace: it makes none one of the environment's."""
    one = start.copy(tmp_path / "one")
    pod = {"containers": [{"name": "c", "image": "vllm/vllm-openai:v1"}]}
    loose = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "default"}, "spec": pod}
    one.file("clusters/c1/extra.yaml", f"{yamlio.dump(_namespace('llm', 'baseline'))}---\n{yamlio.dump(loose)}")
    assert "privilege" in {risk["id"] for risk in one.review()["envs"]["prod"]["risks"]}


@pytest.mark.parametrize(
    ("reference", "is_remote"),
    [
        ("https://example.com/a/b?ref=x", True),
        ("git@example.com:a/b.git", True),
        ("someone@example.com:a/b", True),
        ("ssh://git@example.com/a/b", True),
        ("git::https://example.com/a", True),
        ("GitHub.com/a/b//c?ref=x", True),
        ("github.com:a/b", True),
        ("file:///etc", True),
        ("example.com/a/b//c?ref=x", False),
        ("a/b?ref=x", False),
    ],
)
def test_a_repository_elsewhere_is_not_a_missing_file(
    start: Repository, tmp_path: Path, reference: str, is_remote: bool
) -> None:
    """kustomize 5.8.1, api, internal/git/repospec.go, `extractHost`: without a scheme only with a user, or GitHub."""
    one = start.copy(tmp_path / "one")
    content = {"resources": ["prod", reference]}
    one.file("clusters/c1/kustomization.yaml", yamlio.dump(content))
    [message] = [risk["message"] for risk in one.review()["envs"]["prod"]["risks"] if risk["id"] == "sync"]
    assert ("cannot see" in message) is is_remote
    assert ("is not there" in message) is not is_remote
