"""Rules that a whole review rarely comes to: what decides at their edges."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.review.cost import HOURS, Amount, _month
from llmstack.review.rollout.contention import _packs
from llmstack.review.rollout.template import all_gpus_of_pod
from llmstack.review.ways_in.backends import Backends

Make = Callable[..., Any]
Object = dict[str, Any]


def tolerating(deployment: Make, image: str, *tolerations: Object) -> Object:
    obj: Object = deployment(surge=0, unavailable=1, image=image)
    obj["spec"]["template"]["spec"]["tolerations"] = [*tolerations] or None
    return obj


@pytest.mark.parametrize(
    ("toleration", "taint"),
    [
        ({"key": "gpu", "value": "h100", "effect": "NoSchedule"}, "gpu=h100"),
        ({"key": "gpu", "operator": "Exists"}, "gpu"),
        ({"operator": "Exists"}, "any taint"),
        ({"key": "gpu", "operator": "Exists", "effect": "PreferNoSchedule"}, None),
    ],
)
def test_a_toleration_that_goes_is_a_note(
    toleration: Object, taint: str | None, deployment: Make, review: Make, pool: Make
) -> None:
    pair = tolerating(deployment, "v1", toleration), tolerating(deployment, "v2")
    found = review(pair, pools=[pool(4)])
    said = told(found, "not-judged")
    assert [(severity, f"`{taint}`" in message) for severity, _, message in said] == ([("note", True)] if taint else [])
    assert found.gpus[0].deadlock is (None if taint else False)


def test_pods_of_one_size_that_no_node_holds_pack_on_none() -> None:
    assert _packs([8, 8], {4: 4})
    assert not _packs([8, 8], {16: 1})
    assert not _packs([4, 4, 4], {3: 4})
    assert _packs([], {1: 1})
    assert _packs([8], {9: 1}), "one node is asked for in other places"
    assert not _packs([4] * 400, {2: 801})
    assert not _packs([5] * 400, {2: 801})
    assert _packs([5] * 400, {2: 801, 1: 1}), (
        "too many to arrange, and sizes that leave rests: nobody says that they do not"
    )
    assert not _packs([5] * 400, {6: 1, 2: 1})


def test_a_month_of_an_interval_has_two_ends() -> None:
    assert _month((2, 3), Fraction(5, 2)) == Amount(5 * HOURS, Fraction(15, 2) * HOURS)
    assert _month((2, None), Fraction(1)) == Amount(2 * HOURS, None)


def test_gpus_that_nobody_asks_for_are_none() -> None:
    pod = {"containers": [{"resources": {"limits": {"nvidia.com/gpu": 0, "amd.com/gpu": 2}}}]}
    assert all_gpus_of_pod(pod, []) == {"amd.com/gpu": 2}


@pytest.mark.parametrize(
    ("flags", "ports", "listens"), [([], [9000, 1], 9000), ([], [], 8000), (["--port", "7000"], [9000], 7000)]
)
def test_an_engine_listens_where_it_is_told_else_at_its_first_port(
    flags: list[str], ports: list[int], listens: int, deployment: Make
) -> None:
    obj = deployment()
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container |= {
        "command": ["vllm", "serve", "org/llama", *flags],
        "ports": [{"containerPort": port} for port in ports],
    }
    obj["metadata"]["labels"] |= {"model": "llama"}
    [backend] = Backends().among([obj]).values()
    assert backend.listens == listens


@pytest.mark.parametrize(("number", "certain"), [(1, True), (2, False)])
def test_a_claim_for_one_node_hangs_where_a_new_pod_is_on_another(
    number: int, certain: bool, deployment: Make, compared: Make, pool: Make
) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "weights"},
        "spec": {"accessModes": ["ReadWriteOncePod" if certain else "ReadWriteOnce"]},
    }
    sides = []
    for image in ("v1", "v2"):
        obj = deployment(surge=1, unavailable=0, image=image)
        volume = {"name": "w", "persistentVolumeClaim": {"claimName": "weights"}}
        obj["spec"]["template"]["spec"]["volumes"] = [volume]
        sides.append([claim, obj])
    found = compared(*sides, pools=(pool(8 * number, per_node=8),))
    assert [severity for severity, _, _ in told(found, "rollout-stuck")] == ["error" if certain else "warning"]
    assert (found.gpus[0].deadlock, found.gpus[0].certain) == (True, certain)


def test_the_usual_namespaces_are_there(deployment: Make, compared: Make) -> None:
    def of(namespace: str) -> list[str]:
        obj = deployment()
        obj["metadata"] |= {"namespace": namespace}
        there = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "other"}}
        return [subject for _, subject, _ in told(compared([there], [there, obj]), "not-judged")]

    assert of("default") == of("") == of("kube-system") == []
    assert of("models") == ["Namespace/models"]


def bound(account: str, role: str = "pods", namespace: str = "") -> Object:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"{account}-{role}", "namespace": "llm"},
        "roleRef": {"kind": "Role", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, **({"namespace": namespace} if namespace else {})}],
    }


@pytest.mark.parametrize(
    ("account", "bindings", "lost"),
    [
        ("router", [bound("router")], None),
        ("router", [], "`Role/pods`"),
        ("other", [bound("router")], "ServiceAccount `other`, which nothing here binds to `Role/pods`"),
        ("other", [bound("router"), bound("other", namespace="llm")], None),
        ("other", [bound("other", "secrets")], "`Role/pods`"),
        ("", [bound("router")], "ServiceAccount `default`"),
    ],
)
def test_pods_whose_account_has_fewer_rights(
    account: str, bindings: list[Object], lost: str | None, deployment: Make, compared: Make
) -> None:
    def running(account: str) -> Object:
        obj: Object = deployment(surge=1, unavailable=0)
        obj["metadata"] |= {"namespace": "llm"}
        obj["spec"]["template"]["spec"] |= {"serviceAccountName": account}
        return obj

    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "llm"}}
        for name in ("router", "other")
    ]
    found = compared([*accounts, bound("router"), running("router")], [*accounts, *bindings, running(account)])
    said = [message for _, subject, message in told(found, "not-judged") if subject == "Deployment/llama"]
    assert [(lost or "") in message for message in said] == ([True] if lost else [])


def allowing(*verbs: str, resource: str = "pods", names: Any = None) -> Object:
    rule = {
        "apiGroups": [""],
        "resources": [resource],
        "verbs": list(verbs),
        **({"resourceNames": names} if names else {}),
    }
    metadata = {"name": "pods", "namespace": "llm"}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": [rule]}


@pytest.mark.parametrize(
    ("before", "after", "lost", "severity"),
    [
        (allowing("get", "list"), allowing("get"), "whose `Role/pods` no longer lets it list pods", "warning"),
        (allowing("get"), allowing("get", resource="services"), "no longer lets it get pods", "warning"),
        (allowing("get"), allowing("get", names=["a"]), "no longer lets it get pods", "warning"),
        (allowing("get", "delete"), allowing("get"), "no longer lets it delete pods", "note"),
        (allowing("get", "list"), allowing("list", "get"), "", ""),
        (allowing("get", "list"), allowing("*"), "", ""),
        (allowing("get", names=["a"]), allowing("get"), "", ""),
    ],
)
def test_pods_whose_role_allows_less(
    before: Object, after: Object, lost: str, severity: str, deployment: Make, compared: Make
) -> None:
    obj: Object = deployment(surge=1, unavailable=0)
    obj["metadata"] |= {"namespace": "llm"}
    obj["spec"]["template"]["spec"] |= {"serviceAccountName": "router"}
    found = told(compared([before, bound("router"), obj], [after, bound("router"), obj]), "not-judged")
    assert [(lost in message, each) for each, _, message in found] == ([(True, severity)] if lost else [])


def ingress(secret: str, **annotations: str) -> Object:
    tls = [{"hosts": ["a.example.com"], "secretName": secret}] if secret else []
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"tls": tls},
        "metadata": {"name": "a", "namespace": "llm", "annotations": annotations},
    }  # fmt: skip


def gateway(secret: str, **more: str) -> Object:
    refs = [{"name": secret, **more}]
    listener = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": refs}}
    spec = {"gatewayClassName": "x", "listeners": [listener]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "spec": spec,
        "metadata": {"name": "a", "namespace": "llm"},
    }  # fmt: skip


CERTIFICATE = {
    "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "a", "namespace": "llm"},
    "spec": {"secretName": "new"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([ingress("old")], [ingress("new")], True),
        ([ingress("")], [ingress("new")], True),
        ([gateway("old")], [gateway("new")], True),
        ([gateway("old"), CERTIFICATE], [gateway("new"), CERTIFICATE], False),
        ([gateway("old"), CERTIFICATE], [gateway("new", namespace="web"), CERTIFICATE], True),
        ([ingress("new")], [ingress("new", note="x")], False),
        ([ingress("old")], [ingress("")], False),
        ([ingress("old")], [ingress("new", **{"cert-manager.io/cluster-issuer": "x"})], False),
        ([ingress("old"), CERTIFICATE], [ingress("new"), CERTIFICATE], False),
        ([ingress("old")], [ingress("known")], False),
    ],
)
def test_a_certificate_that_nothing_here_makes(
    before: list[Object], after: list[Object], said: bool, compared: Make
) -> None:
    found = told(compared(before, after, existing=frozenset({("Secret", "known")})), "not-judged")
    assert ["begins to name Secret `new` for https" in message for _, _, message in found] == ([True] if said else [])
