"""Configuration that changes under pods which read it at their start alone: who goes on with the old one."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.compare import compare
from llmstack.review.ways_in.unread import unread_changes

Object = dict[str, Any]


def thing(kind: str, name: str = "c", namespace: str = "n", **fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}


def reader(kind: str = "Deployment", *, model: bool = True, marks: Object | None = None, **pod: Any) -> Object:
    """A workload whose pods read `c`; `marks` are the annotations of its template."""
    container = {"name": "x", "image": "i", **pod.pop("container", {})}
    labels = {"model": "m"} if model else {"app": "x"}
    template = {"metadata": {"labels": labels, "annotations": marks}, "spec": {"containers": [container], **pod}}
    return {
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "w", "namespace": "n"},
        "spec": {"template": template, "replicas": 1},
    }  # fmt: skip


def variable(kind: str, name: str = "c") -> Object:
    return {"container": {"env": [{"name": "A", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": "k"}}}]}}


CONFIG = reader(**variable("configMap"))
SECRET = reader(**variable("secret"))
CSI = {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "s"}}
FROM_STORE = {"volumes": [{"name": "v", "csi": CSI}]}


def store(objects: str) -> Object:
    """What mounts secrets of a store, and makes the Secret `c` of them."""
    return thing(
        "SecretProviderClass", "s", spec={"parameters": {"objects": objects}, "secretObjects": [{"secretName": "c"}]}
    )


MOUNTED = {"volumes": [{"name": "v", "configMap": {"name": "c"}}]}


def told(before: Object | None, after: Object | None, workload: Object, restarting: tuple[Any, ...] = ()) -> list[Any]:
    sides = [[each for each in (side, workload) if each is not None] for side in (before, after)]
    changes = compare({"u": sides[0]}, {"u": sides[1]})
    return [(each.key, each.source, each.how, each.path) for each in unread_changes(changes, sides[1], restarting)]


READ: dict[str, tuple[Object, Object, Object, tuple[str, str, str]]] = {
    "data": (thing("ConfigMap", data={"k": "1"}), thing("ConfigMap", data={"k": "2"}), CONFIG,
             ("ConfigMap/c", "environment", "data.k")),
    "binary data": (thing("ConfigMap", binaryData={"k": "MQ=="}), thing("ConfigMap", binaryData={"k": "Mg=="}), CONFIG,
                    ("ConfigMap/c", "environment", "binaryData.k")),
    "all of it": (thing("ConfigMap", data={"k": "1"}), thing("ConfigMap", data={"k": "2"}),
                  reader(container={"envFrom": [{"configMapRef": {"name": "c"}}]}), ("ConfigMap/c", "environment", "data.k")),
    "files of an engine": (thing("ConfigMap", data={"k": "1"}), thing("ConfigMap", data={"k": "2"}), reader(**MOUNTED),
                           ("ConfigMap/c", "files", "data.k")),
    "a Secret": (thing("Secret", stringData={"k": "1"}), thing("Secret", stringData={"k": "2"}), SECRET,
                 ("Secret/c", "environment", "stringData.k")),
    "a SealedSecret": (thing("SealedSecret", spec={"encryptedData": {"k": "1"}}), thing("SealedSecret", spec={"encryptedData": {"k": "2"}}),
                       SECRET, ("SealedSecret/c", "environment", "spec.encryptedData.k")),
    "a SealedSecret of another name": (
        thing("SealedSecret", "s", spec={"encryptedData": {"k": "1"}, "template": {"metadata": {"name": "c"}}}),
        thing("SealedSecret", "s", spec={"encryptedData": {"k": "2"}, "template": {"metadata": {"name": "c"}}}),
        SECRET, ("SealedSecret/s", "environment", "spec.encryptedData.k")),
    "a store": (thing("ExternalSecret", spec={"secretStoreRef": {"name": "a"}}), thing("ExternalSecret", spec={"secretStoreRef": {"name": "b"}}),
                SECRET, ("ExternalSecret/c", "environment", "spec.secretStoreRef.name")),
    "a template": (thing("ExternalSecret", spec={"target": {"template": {"data": {"k": "1"}}}}),
                   thing("ExternalSecret", spec={"target": {"template": {"data": {"k": "2"}}}}),
                   SECRET, ("ExternalSecret/c", "environment", "spec.target.template.data.k")),
    "files of a store": (store("1"), store("2"), reader(**FROM_STORE), ("SecretProviderClass/s", "files", "spec.parameters.objects")),
    "a Secret that a store makes": (store("1"), store("2"), SECRET, ("SecretProviderClass/s", "environment", "spec.parameters.objects")),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_pods_go_on_with_what_they_read_at_their_start(case: str) -> None:
    before, after, workload, (source, how, path) = READ[case]
    assert told(before, after, workload) == [("Deployment/w", source, how, path)]
    assert told(before, after, workload, (("Deployment", "other", "w"),)) != []
    assert told(before, after, workload, (("Deployment", "n", "w"),)) == []


OLD, NEW = thing("ConfigMap", data={"k": "1"}), thing("ConfigMap", data={"k": "2"})
QUIET: dict[str, tuple[Object | None, Object | None, Object]] = {
    "it comes": (None, NEW, CONFIG),
    "it goes": (OLD, None, CONFIG),
    "a label": (thing("ConfigMap", data={"k": "1"}), thing("ConfigMap", data={"k": "1"}) | {"immutable": True}, CONFIG),
    "how often it is fetched": (
        thing("ExternalSecret", spec={"refreshInterval": "1h"}), thing("ExternalSecret", spec={"refreshInterval": "2h"}), SECRET
    ),
    "another namespace": (thing("ConfigMap", "c", "o", data={"k": "1"}), thing("ConfigMap", "c", "o", data={"k": "2"}), CONFIG),
    "another name": (thing("ConfigMap", "d", data={"k": "1"}), thing("ConfigMap", "d", data={"k": "2"}), CONFIG),
    "another kind": (OLD, NEW, SECRET),
    "files of what is no engine": (OLD, NEW, reader(model=False, **MOUNTED)),
    "a Job": (OLD, NEW, reader("Job", **variable("configMap"))),
    "Reloader watches the pods": (OLD, NEW, reader(marks={"reloader.stakater.com/auto": "true"}, **variable("configMap"))),
    "Reloader watches the workload": (
        OLD, NEW, CONFIG | {"metadata": {"name": "w", "namespace": "n", "annotations": {"configmap.reloader.stakater.com/reload": "c"}}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", QUIET)
def test_nothing_is_said_where_nobody_goes_on_with_the_old(case: str) -> None:
    assert told(*QUIET[case]) == []


def test_a_workload_is_named_once_for_what_it_reads_twice() -> None:
    container = {**variable("configMap")["container"], "envFrom": [{"configMapRef": {"name": "c"}}]}
    assert len(told(OLD, NEW, reader(container=container, **MOUNTED))) == 1


def test_a_secret_that_is_made_once_stays_as_it_is_when_pods_start_again(compared: Any) -> None:
    def advice(workload: Object) -> str:
        found = compared([store("1"), workload], [store("2"), workload]).risks
        [risk] = [risk for risk in found if risk.id == "not-applied"]
        return str(risk.advice)

    assert advice(SECRET).startswith("Delete the Secret that the driver makes")
    assert advice(reader(**FROM_STORE)).startswith("Restart the pods")
