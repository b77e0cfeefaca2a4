"""What pods get that they did not have: of the host, of a model's own code, of another registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

Object = dict[str, Any]
Build = Callable[..., Object]


def _told(result: Any) -> list[tuple[str, str]]:
    return [(str(risk.severity), risk.message) for risk in result.risks if risk.id == "privilege"]


def _with(deployment: Object, pod: Mapping[str, Any] | None = None, **container: Any) -> Object:
    changed = deepcopy(deployment)
    spec = changed["spec"]["template"]["spec"]
    spec.update(pod or {})
    spec["containers"][0].update(container)
    return changed


@pytest.mark.parametrize(
    ("pod", "container", "said"),
    [
        ({"hostNetwork": True, "hostPID": True}, {}, "its pods get `hostNetwork`, `hostPID`"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/var/run"}}]}, {}, "its pods get the host's `/var/run`"),
        ({}, {"securityContext": {"privileged": True}}, "its pods get a privileged container"),
        ({}, {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}, "its pods get capability `SYS_ADMIN`"),
        (
            {"initContainers": [{"name": "i", "image": "v1", "securityContext": {"privileged": True}}]}, {},
            "its pods get a privileged container",
        ),
        (
            {}, {"args": ["--model", "m", "--trust-remote-code"]},
            "it runs the code that its model brings (`--trust-remote-code`)",
        ),
        (
            {}, {"command": ["sh", "-c", "exec vllm serve m --trust_remote_code"]},
            "it runs the code that its model brings (`--trust-remote-code`)",
        ),
        (
            {}, {"image": "registry.example.com/vllm:v1"},
            "it pulls an image from `registry.example.com`, from which nothing here was pulled before",
        ),
    ],
)  # fmt: skip
def test_what_pods_get_is_told_once(pod: Object, container: Object, said: str, review: Any, deployment: Build) -> None:
    plain = deployment()
    mighty = _with(plain, pod, **container)
    assert _told(review((plain, mighty))) == [("warning", said)]
    assert not _told(review((mighty, _with(mighty, {"priorityClassName": "high"})))), "it had that before"
    assert not [message for _, message in _told(review((mighty, plain))) if message == said]


@pytest.mark.parametrize(
    "argument", ["--trust-remote-code=false", "--no-trust-remote-code", "--trust-request-chat-template"]
)
def test_code_that_is_not_trusted(argument: str, review: Any, deployment: Build) -> None:
    assert not _told(review((deployment(), _with(deployment(), args=[argument]))))


def test_what_is_renamed_gets_nothing(review: Any, deployment: Build) -> None:
    old = _with(deployment("old"), {"hostNetwork": True})
    old["metadata"]["labels"] = {}
    moved = deepcopy(old)
    moved["metadata"]["namespace"] = "elsewhere"
    assert not _told(review((old, None), (None, moved)))
    other = _with(deployment("other"), {"hostNetwork": True})
    assert _told(review((None, other), stays=[deployment("old")])) == [("warning", "its pods get `hostNetwork`")]


@pytest.mark.parametrize(
    ("models", "kinds", "said"),
    [(("a", "a"), 1, False), (("a", "b"), 1, True), ((None, None), 1, True), (("a", "a"), 2, True)],
)
def test_what_serves_the_model_of_what_goes_gets_nothing(
    models: tuple[str | None, str | None], kinds: int, said: bool, review: Any, deployment: Build
) -> None:
    old, new = (_with(deployment(name), {"hostNetwork": True}) for name in ("old", "new"))
    for each, model in zip((old, new), models, strict=True):
        each["metadata"]["labels"] = {"model": model} if model else {}
    if kinds == 2:
        new["kind"] = "StatefulSet"
    assert bool(_told(review((old, None), (None, new)))) is said


def test_a_first_environment_has_no_registry_to_compare(review: Any, deployment: Build) -> None:
    assert not _told(review((None, deployment(image="registry.example.com/vllm:v1"))))


def _binding(role: str, *names: str) -> Object:
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": "llm"} for name in names]
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}}
    return {**head, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subjects}


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        (None, _binding("view", "a"), "warning"),
        (None, _binding("cluster-admin", "a"), "error"),
        (_binding("view", "a"), _binding("view", "a", "b"), "warning"),
        (_binding("view", "a"), _binding("cluster-admin", "a"), "error"),
        (_binding("view", "a"), {**_binding("view", "a"), "metadata": {"name": "b", "labels": {"a": "b"}}}, None),
        (_binding("view", "a"), None, None),
    ],
)
def test_rights_of_the_whole_cluster_that_come(before: Any, after: Any, severity: str | None, review: Any) -> None:
    assert [said for said, _ in _told(review((before, after)))] == ([severity] if severity else [])


def role(verbs: str = "get", resources: str = "secrets", groups: str = "", **rule: Any) -> Object:
    found = {"verbs": ["create", verbs], "resources": ["pods", resources], "apiGroups": ["apps", groups], **rule}
    metadata = {"name": "r", "namespace": "serving"}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": [found]}


@pytest.mark.parametrize(
    ("item", "is_told"),
    [
        (role(), True),
        (role("list"), True),
        (role("watch"), True),
        (role("*"), True),
        (role(resources="*"), True),
        (role(groups="*"), True),
        (role("delete"), False),
        (role(resources="configmaps"), False),
        (role(groups="batch"), False),
        (role(resourceNames=["hf-token"]), False),
        (role(verbs="get") | {"rules": "x"}, False),
    ],
)
def test_a_role_of_a_unit_that_lets_read_all_secrets_is_told(item: Object, is_told: bool, review: Any) -> None:
    said = [("warning", "it lets whom it is bound to read every Secret of its namespace")]
    assert _told(review((None, item))) == (said if is_told else [])
    assert not _told(review((item, item | {"metadata": item["metadata"] | {"labels": {"a": "b"}}})))
