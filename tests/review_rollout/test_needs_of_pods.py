"""What pods read and what brings it, object by object: by kind, namespace, name and key."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.ways_in.needs import (
    broken_needs,
    keys_of,
    keys_read,
    needs_of,
    provided,
    pull_secrets,
    reads_of,
)

Object = dict[str, Any]


def pod(
    name: str = "w", kind: str = "Deployment", namespace: str = "llm", container: Any = None, **spec: Any
) -> Object:
    body = {"containers": [{"name": "c", **(container or {})}], **spec}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {"template": {"spec": body}}}


def env(**source: Any) -> Object:
    return {"env": [{"name": "A", "valueFrom": source}]}


def volume(**source: Any) -> list[Object]:
    return [{"name": "v", **source}]


READS: dict[str, tuple[Object, list[tuple[str, str, str, bool]]]] = {
    "a key of a Secret": (pod(container=env(secretKeyRef={"name": "s", "key": "k"})), [("Secret", "s", "environment", False)]),
    "all of a Secret": (pod(container={"envFrom": [{"secretRef": {"name": "s"}}]}), [("Secret", "s", "environment", False)]),
    "a key of a config map": (pod(container=env(configMapKeyRef={"name": "m", "key": "k"})), [("ConfigMap", "m", "environment", False)]),
    "all of a config map": (pod(container={"envFrom": [{"configMapRef": {"name": "m"}}]}), [("ConfigMap", "m", "environment", False)]),
    "a Secret in files": (pod(volumes=volume(secret={"secretName": "s"})), [("Secret", "s", "files", False)]),
    "a config map in files": (pod(volumes=volume(configMap={"name": "m"})), [("ConfigMap", "m", "files", False)]),
    "a claim": (pod(volumes=volume(persistentVolumeClaim={"claimName": "c"})), [("PersistentVolumeClaim", "c", "files", False)]),
    "what is optional": (pod(volumes=volume(secret={"secretName": "s", "optional": True})), [("Secret", "s", "files", True)]),
    "what is not optional": (pod(volumes=volume(secret={"secretName": "s", "optional": False})), [("Secret", "s", "files", False)]),
    "projected": (
        pod(volumes=volume(projected={"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "m"}}]})),
        [("Secret", "s", "files", False), ("ConfigMap", "m", "files", False)],
    ),
    "nothing": (pod(), []),
    "no name": (pod(volumes=volume(secret={})), []),
    "an empty name": (pod(volumes=volume(secret={"secretName": ""})), []),
}  # fmt: skip


@pytest.mark.parametrize("case", READS)
def test_what_pods_read(case: str) -> None:
    obj, found = READS[case]
    assert list(reads_of(obj)) == [(kind, "llm", name, how, optional) for kind, name, how, optional in found]
    assert needs_of(obj) == {(kind, "llm", name) for kind, name, _, optional in found if not optional}


def test_pods_of_no_namespace_and_claims_of_devices() -> None:
    obj = pod(namespace="", volumes=volume(secret={"secretName": "s"}))
    assert needs_of(obj) == {("Secret", "", "s")}
    claims = [{"name": "a", "resourceClaimName": "one"}, {"name": "b", "resourceClaimTemplateName": "two"}]
    assert needs_of(pod(resourceClaims=claims)) == {
        ("ResourceClaim", "llm", "one"), ("ResourceClaimTemplate", "llm", "two"),
    }  # fmt: skip


def thing(kind: str, name: str = "x", namespace: str = "llm", **fields: Any) -> Object:
    annotations = fields.pop("annotations", {})
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace, "annotations": annotations}, **fields}


@pytest.mark.parametrize(
    ("obj", "need"),
    [
        (thing("Secret"), ("Secret", "llm", "x")),
        (thing("ConfigMap"), ("ConfigMap", "llm", "x")),
        (thing("PersistentVolumeClaim"), ("PersistentVolumeClaim", "llm", "x")),
        (thing("ResourceClaim"), ("ResourceClaim", "llm", "x")),
        (thing("ResourceClaimTemplate"), ("ResourceClaimTemplate", "llm", "x")),
        (thing("SealedSecret"), ("Secret", "llm", "x")),
        (thing("SealedSecret", spec={"template": {"metadata": {"name": "y"}}}), ("Secret", "llm", "y")),
        (thing("ExternalSecret"), ("Secret", "llm", "x")),
        (thing("ExternalSecret", spec={"target": {"name": "y"}}), ("Secret", "llm", "y")),
        (thing("Secret", namespace=""), ("Secret", "", "x")),
        (thing("Service"), None),
    ],
)
def test_what_an_object_brings(obj: Object, need: Any) -> None:
    assert provided([obj]) == ({need: obj} if need else {})


@pytest.mark.parametrize(
    ("obj", "keys"),
    [
        (thing("Secret", data={"a": ""}, stringData={"b": ""}), {"a", "b"}),
        (thing("ConfigMap", data={"a": ""}, binaryData={"c": ""}), {"a", "c"}),
        (thing("ConfigMap"), set()),
        (thing("SealedSecret", spec={"encryptedData": {"a": ""}}), {"a"}),
        (thing("SealedSecret", spec={"encryptedData": {"a": ""}, "template": {"data": {"b": ""}}}), None),
        (thing("SealedSecret", spec={}), set()),
        (thing("ExternalSecret", spec={"data": [{"secretKey": "a"}, {"secretKey": "b"}]}), {"a", "b"}),
        (thing("ExternalSecret", spec={"data": [{"secretKey": "a"}], "dataFrom": [{}]}), None),
        (thing("ExternalSecret", spec={"data": [{"secretKey": "a"}], "target": {"template": {"data": {}}}}), None),
    ],
)
def test_the_keys_that_an_object_brings(obj: Object, keys: set[str] | None) -> None:
    assert keys_of(obj) == keys


@pytest.mark.parametrize(
    ("obj", "found"),
    [
        (pod(container=env(secretKeyRef={"name": "s", "key": "k"})), [("Secret", "s", "k", "environment")]),
        (pod(container=env(configMapKeyRef={"name": "m", "key": "k"})), [("ConfigMap", "m", "k", "environment")]),
        (pod(container=env(secretKeyRef={"name": "s", "key": "k", "optional": True})), []),
        (pod(container={"env": [{"name": "A", "value": "x"}]}), []),
        (pod(container={"envFrom": [{"secretRef": {"name": "s"}}]}), []),  # whatever keys it has
        (
            pod(volumes=volume(secret={"secretName": "s", "items": [{"key": "a"}, {"key": "b"}]})),
            [("Secret", "s", "a", "files"), ("Secret", "s", "b", "files")],
        ),
        (pod(volumes=volume(configMap={"name": "m", "items": [{"key": "a"}]})), [("ConfigMap", "m", "a", "files")]),
        (pod(volumes=volume(configMap={"name": "m", "items": [{"key": "a"}], "optional": True})), []),
        (
            pod(volumes=volume(projected={"sources": [{"secret": {"name": "s", "items": [{"key": "a"}]}}]})),
            [("Secret", "s", "a", "files")],
        ),
        (pod(volumes=volume(persistentVolumeClaim={"claimName": "c", "items": [{"key": "a"}]})), []),
    ],
)
def test_the_keys_that_pods_cannot_start_without(obj: Object, found: list[tuple[str, ...]]) -> None:
    assert list(keys_read(obj)) == [((kind, "llm", name), key, how) for kind, name, key, how in found]


def test_the_secrets_that_images_are_pulled_with() -> None:
    assert pull_secrets({"imagePullSecrets": [{"name": "a"}, {"name": "b"}, {}, {"name": "a"}]}) == {"a", "b"}
    assert pull_secrets({}) == set()


def told(before: list[Object], after: list[Object]) -> list[tuple[str, str]]:
    return [(each.subject, each.message.partition(":")[0]) for each in broken_needs(before, after)]


READS_S = {"volumes": volume(secret={"secretName": "s"})}
SECRET, OTHER = thing("Secret", "s"), thing("Secret", "s", "elsewhere")
GOES = "Secret `s` is deleted, and pods read it"


def test_a_secret_of_another_namespace_is_another() -> None:
    reader = pod(**READS_S)
    assert told([SECRET, reader], [reader]) == [("Deployment/w", GOES)]
    assert told([SECRET, OTHER, reader], [SECRET, reader]) == []
    assert told([SECRET, OTHER, reader], [OTHER, reader]) == [("Deployment/w", GOES)]


def test_each_workload_that_reads_it_is_told_jobs_among_them() -> None:
    readers = [pod(name, **READS_S) for name in "ab"]
    job = pod("j", "Job", **READS_S)
    found = told([SECRET, *readers, job], [*readers, job])
    assert [subject for subject, _ in found] == ["Deployment/a", "Deployment/b", "Job/j"]


def test_a_claim_that_goes_is_told_as_lost_data() -> None:
    reader = pod(volumes=volume(persistentVolumeClaim={"claimName": "x"}))
    assert told([thing("PersistentVolumeClaim"), reader], [reader]) == []


@pytest.mark.parametrize(
    ("options", "goes"),
    [("Prune=false", False), ("Prune = false", False), ("Prune=true", True), ("Delete=false", True), ("", True)],
)
def test_what_argo_cd_does_not_prune_stays(options: str, goes: bool) -> None:
    kept = thing("Secret", "s", annotations={"argocd.argoproj.io/sync-options": options})
    assert bool(told([kept, pod(**READS_S)], [pod(**READS_S)])) is goes


@pytest.mark.parametrize(("policy", "goes"), [("Owner", True), ("Orphan", False), ("Merge", False), (None, True)])
def test_an_external_secret_owns_its_secret_unless_it_says_otherwise(policy: str | None, goes: bool) -> None:
    made = thing("ExternalSecret", "s", spec={"target": {"creationPolicy": policy}})
    found = list(broken_needs([made, pod(**READS_S)], [pod(**READS_S)]))
    advice = "In a commit before, set `target.creationPolicy: Orphan`: then the Secret stays when its owner goes."
    assert [each.advice for each in found] == [advice] * goes


def test_images_that_cannot_be_pulled_are_told_by_each_secret() -> None:
    pulls = pod(imagePullSecrets=[{"name": "t"}, {"name": "s"}, {"name": "kept"}])
    gone, stays = [SECRET, thing("Secret", "t")], thing("Secret", "kept")
    found = told([*gone, stays, pulls], [stays, pulls])
    assert found == [
        ("Deployment/w", f"Secret `{name}` goes, and pods pull their images with it") for name in ("s", "t")
    ]
    assert told([SECRET, pod(namespace="x", imagePullSecrets=[{"name": "s"}])], []) == []


def test_a_key_that_goes_while_the_rest_stays() -> None:
    reader = pod(container=env(secretKeyRef={"name": "s", "key": "a"}))
    both, one = thing("Secret", "s", data={"a": "", "b": ""}), thing("Secret", "s", data={"b": ""})
    assert told([both, reader], [one, reader]) == [
        ("Deployment/w", "Secret `s` loses the key `a`, which pods read"),
    ]  # fmt: skip
    assert told([both, reader], [thing("Secret", "s", data={"a": ""}), reader]) == []
    assert told([thing("Secret", "s"), reader], [one, reader]) == [], "what it had is not said"
    job = pod("j", "Job", container=env(secretKeyRef={"name": "s", "key": "a"}))
    assert told([both, job], [one, job]) == [], "a Job has read it"


def test_what_moves_to_another_namespace_leaves_behind_what_nothing_makes_there() -> None:
    old, new = (pod(namespace=space, **READS_S) for space in ("llm", "x"))
    [found] = broken_needs([SECRET, old], [SECRET, new])
    assert found.message.startswith(
        "it moves from namespace `llm` to `x`, and Secret `s` there is made by nothing here"
    )
    assert "unless it is there" in found.message
    assert found.advice == "Make it in namespace `x` before the merge."
    assert told([SECRET, old], [thing("Secret", "s", "x"), new]) == []
    two = {"volumes": [*volume(secret={"secretName": "s"}), {"name": "m", "configMap": {"name": "m"}}]}
    [found] = broken_needs([pod(**two)], [pod(namespace="x", **two)])
    assert "ConfigMap `m`, Secret `s` there is made by nothing here: unless they are there" in found.message
    assert found.advice == "Make them in namespace `x` before the merge."
    assert told([SECRET, pod(**READS_S)], [SECRET, pod("other", namespace="x", **READS_S)]) == [], "it was nowhere"
