"""The objects of a release as they run: `helm get manifest`, or `kubectl get -o yaml`, without what the server adds."""

from __future__ import annotations

from collections.abc import Mapping

from llmstack.errors import UsageError
from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.stream import read_stream

_METADATA = ("name", "namespace", "labels", "annotations")
_SERVERS: Mapping[str, frozenset[str]] = {
    "Deployment": frozenset(("revisionHistoryLimit",)),
    "Service": frozenset((
        "clusterIP", "clusterIPs", "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "sessionAffinity",
    )),
}  # fmt: skip
"""Fields of `spec` that the API server fills in where a manifest does not state them (k8s.io/kubernetes 1.36,
pkg/apis/core/v1/defaults.go, pkg/apis/apps/v1/defaults.go)."""


def read_live(text: str) -> list[Object]:
    """The objects of a stream, those of lists among them; raises UsageError for what is no stream of objects."""
    stream = read_stream(text, "the manifest")
    broken = next((each for each in stream.findings if each.severity is Severity.ERROR), None)
    if broken is not None:
        raise UsageError(f"{broken.place}: {broken.message}")
    if not stream.items:
        raise UsageError("the manifest holds no Kubernetes object: give the output of `helm get manifest RELEASE`")
    return [_bare(item.object) for item in stream.items]


def _bare(object: Object) -> Object:
    """The object without its status and what else only the server writes."""
    metadata = {key: value for key, value in object["metadata"].items() if key in _METADATA}
    bare = {key: value for key, value in object.items() if key != "status"} | {"metadata": metadata}
    if isinstance(spec := bare.get("spec"), dict):
        added = _SERVERS.get(str(object["kind"]), frozenset())
        bare["spec"] = {key: value for key, value in spec.items() if key not in added}
    return bare
