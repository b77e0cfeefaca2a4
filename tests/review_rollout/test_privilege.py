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
        ({"hostNetwork": True, "hostPID": True}, {}, "its pods get `hostNetwork: true`, `hostPID: true`"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/var/run"}}]}, {}, "its pods get the host's `/var/run`"),
        ({}, {"securityContext": {"privileged": True}}, "its pods get `privileged: true`"),
        ({}, {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}, "its pods get capability `SYS_ADMIN`"),
        (
            {"initContainers": [{"name": "i", "image": "v1", "securityContext": {"privileged": True}}]}, {},
            "its pods get `privileged: true`",
        ),
        ({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, {}, "its pods get `seccompProfile.type: Unconfined`"),
        ({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, {}, "its pods get the sysctl `kernel.msgmax`"),
        ({}, {"securityContext": {"procMount": "Unmasked"}}, "its pods get `procMount: Unmasked`"),
        ({}, {"ports": [{"containerPort": 1, "hostPort": 2}]}, "its pods get `hostPort: 2`"),
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


def test_pods_that_keep_to_restricted_no_more_are_told(review: Any, deployment: Build) -> None:
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    kept = _with(
        deployment(), {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}, securityContext=context
    )
    root = _with(kept, securityContext=context | {"runAsNonRoot": False})
    said = "its pods kept to the Pod Security Standard `restricted`, and do so no more"
    assert _told(review((kept, root))) == [("warning", said)]
    assert not _told(review((root, kept)))
    assert not _told(review((deployment(), _with(deployment(), securityContext={"runAsNonRoot": False}))))


def test_a_volume_of_the_host_is_told(review: Any) -> None:
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "v"},
        "spec": {"hostPath": {"path": "/"}},
    }
    assert _told(review((None, volume))) == [("warning", "pods that claim it get the host's `/`")]


def _namespace(**labels: str) -> Object:
    prefixed = {f"pod-security.kubernetes.io/{name}": level for name, level in labels.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm", "labels": prefixed}}


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (_namespace(enforce="restricted"), _namespace(enforce="baseline"), True),
        (_namespace(enforce="baseline"), _namespace(audit="baseline"), True),
        (_namespace(enforce="baseline"), _namespace(enforce="restricted"), False),
        (_namespace(), _namespace(enforce="privileged"), False),
        (None, _namespace(), False),
    ],
)
def test_a_namespace_that_lets_in_more_pods_is_told(before: Any, after: Any, is_told: bool, review: Any) -> None:
    assert bool(_told(review((before, after)))) is is_told


@pytest.mark.parametrize("odd", [[{}], [None], [[]], "x", 5])
def test_odd_capabilities_end_no_review(odd: Any, review: Any, deployment: Build) -> None:
    context = {"capabilities": {"add": odd}, "seLinuxOptions": {"type": odd}}
    review(
        (deployment(), _with(deployment(), {"securityContext": {"sysctls": [{"name": odd}]}}, securityContext=context))
    )


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
    assert _told(review((None, other), stays=[deployment("old")])) == [("warning", "its pods get `hostNetwork: true`")]


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
    found = {"verbs": ["delete", verbs], "resources": ["pods", resources], "apiGroups": ["apps", groups], **rule}
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
    said = "it lets whom it is bound to read every Secret of its namespace"
    assert [message.startswith(said) for _, message in _told(review((None, item)))] == ([True] if is_told else [])
    assert not _told(review((item, item | {"metadata": item["metadata"] | {"labels": {"a": "b"}}})))


@pytest.mark.parametrize(
    ("rule", "power"),
    [
        ({"resources": ["pods"], "verbs": ["create"]}, "run pods of its own there"),
        ({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}, "run pods of its own there"),
        ({"apiGroups": ["batch"], "resources": ["*"], "verbs": ["create"]}, "run pods of its own there"),
        ({"resources": ["pods/exec"], "verbs": ["create"]}, "run commands in pods"),
        ({"resources": ["pods/ephemeralcontainers"], "verbs": ["patch"]}, "run commands in pods"),
        ({"resources": ["serviceaccounts/token"], "verbs": ["create"]}, "get tokens of service accounts"),
        ({"resources": ["serviceaccounts"], "verbs": ["impersonate"]}, "act as somebody else"),
        ({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["bind"]}, "give more than it has"),
        ({"resources": ["pods"], "verbs": ["get", "list", "watch", "patch", "delete"]}, ""),
        ({"resources": ["pods/log", "configmaps", "endpoints"], "verbs": ["*"]}, ""),
        ({"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["patch"]}, ""),
        ({"apiGroups": ["x.example.com"], "resources": ["pods"], "verbs": ["create"]}, ""),
        ({"resources": ["pods/exec"], "verbs": ["create"], "resourceNames": ["a"]}, ""),
    ],
)  # fmt: skip
def test_a_role_that_leads_further_than_it_says_is_told(rule: Object, power: str, review: Any) -> None:
    item = role() | {"rules": [{"apiGroups": [""]} | rule]}
    assert _told(review((None, item))) == ([("warning", f"it lets whom it is bound to {power}")] if power else [])


def _bound(kind: str, name: str, subject: str = "a") -> Object:
    head = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "x"},
    }
    subjects = [{"kind": "Group", "name": subject}]
    return {**head, "roleRef": {"kind": kind, "name": name}, "subjects": subjects}


@pytest.mark.parametrize(
    ("binding", "is_told"),
    [
        (_bound("ClusterRole", "admin"), True),
        (_bound("ClusterRole", "view"), False),
        (_bound("Role", "own"), False),
        (_bound("Role", "r"), True),
        (_bound("Role", "own", "system:authenticated"), True),
    ],
)
def test_a_binding_of_a_unit_that_gives_much_is_told(binding: Object, is_told: bool, review: Any) -> None:
    assert bool(_told(review((None, binding), stays=[role()]))) is is_told


def test_odd_bindings_and_labels_end_no_review(review: Any) -> None:
    binding, namespace = _bound("Role", "r"), _namespace()
    odd: list[Any] = [{}, [], None, 5, [[]], [{"name": {}}]]
    for each in odd:
        review((None, binding | {"roleRef": {"kind": each, "name": each}, "subjects": each}), stays=[role()])
        review((None, role() | {"rules": [{"verbs": each, "resources": each, "apiGroups": [each]}, each]}))
        named = {"name": "llm", "labels": {"pod-security.kubernetes.io/enforce": each}}
        review((namespace, namespace | {"metadata": named}))


@pytest.mark.parametrize(
    ("kind", "group"),
    [("MutatingWebhookConfiguration", "admissionregistration"), ("APIService", "apiregistration"), ("CertificateSigningRequest", "certificates")],
)  # fmt: skip
def test_what_stands_before_the_api_is_told(kind: str, group: str, review: Any) -> None:
    item = {"apiVersion": f"{group}.k8s.io/v1", "kind": kind, "metadata": {"name": "w"}, "spec": {"a": 1}}
    assert len(_told(review((None, item)))) == 1
    assert len(_told(review((item, item | {"spec": {"a": 2}})))) == 1
    assert not _told(review((item, item | {"metadata": {"name": "w", "labels": {"a": "b"}}})))


def test_a_role_that_is_added_to_others_is_told(review: Any) -> None:
    plain = role() | {"kind": "ClusterRole"}
    added = plain | {
        "metadata": plain["metadata"] | {"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}
    }
    assert len(_told(review((plain, added)))) == 1


@pytest.mark.parametrize(
    ("value", "told"), [("unconfined", True), ("runtime/default", False), ("localhost/strict", False), ("", False)]
)
def test_apparmor_of_old_is_a_right_like_its_field(value: str, told: bool, review: Any, deployment: Build) -> None:
    """k8s.io/pod-security-admission, policy/check_appArmorProfile.go: the annotation counts as the field does."""
    plain = deployment()
    changed = deepcopy(plain)
    name = "container.apparmor.security.beta.kubernetes.io/vllm"
    changed["spec"]["template"].setdefault("metadata", {})["annotations"] = {name: value}
    expected = [("warning", f"its pods get `{name}: {value}`")] if told else []
    assert _told(review((plain, changed))) == expected
