"""What API servers of older Kubernetes versions print is read as that of the newest: as far as one binary can be them.

kube-apiserver shows the API of up to three earlier minor versions (KEP-4330, compatibility versions). Fixtures of older
ones are in tests/observed/test_versions.py.
"""

from __future__ import annotations

import json
import shlex
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from msgspec.structs import replace

from llmstack.facts.asking import READ, kubectl_command
from llmstack.facts.cluster import ClusterFacts
from llmstack.facts.learned import learn_cluster
from llmstack.observed.documents import Source
from llmstack.observed.observation import observe
from tests.cluster.control_plane import control_plane
from tests.cluster.kubectl import Kubectl, Object, is_rolled_out, namespace, wait_until
from tests.cluster.nodes import DEFAULT_STORAGE, GPU, RUNTIME_CLASS, gpu_node, nodes

VERSIONS = ("1.33", "1.34", "1.35")
PRODUCT = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
SPACE = "versions"


def tenant() -> Object:
    """Two pods of two GPUs."""
    container = {"name": "c", "image": "x:1", "resources": {"limits": {GPU: "2"}}}
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"nodeSelector": PRODUCT, "containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": SPACE}, "spec": spec}


def learned(kubectl: Kubectl) -> ClusterFacts:
    """What is learned of two nodes and a tenant's pods, by the command that is printed."""
    wait_until(lambda: kubectl.items("serviceaccounts", "default"), "the default ServiceAccount")
    machines = [gpu_node(f"{SPACE}-{number}", 8, PRODUCT) for number in range(2)]
    with nodes(kubectl, *machines), kubectl.holding(namespace(SPACE), RUNTIME_CLASS, DEFAULT_STORAGE, tenant()):
        wait_until(lambda: any(map(is_rolled_out, kubectl.items("deployments", SPACE))), "the pods")
        text = kubectl(*shlex.split(kubectl_command(READ, "x").partition(" > ")[0])[1:])
    seen = observe([Source("cluster.json", StringIO(text).read)])
    assert seen.findings == ()
    return learn_cluster(seen, (), at=date(2026, 11, 20))


def without_spread(facts: ClusterFacts) -> ClusterFacts:
    """The facts less which node the scheduler took for each pod, the version of the server, and what is defined there."""
    groups = tuple(replace(group, free={}) for group in facts.nodes)
    exists = {key: names for key, names in facts.exists.items() if key != "apiServices"}
    return replace(facts, nodes=groups, versions={}, loads=(), exists=exists)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_server(version: str, programs: dict[str, Path], kubectl: Kubectl, tmp_path: Path) -> None:
    with control_plane(programs, tmp_path, emulated=version) as older:
        user = Kubectl(programs["kubectl"], older.kubeconfig)
        told = json.loads(user("get", "--raw", "/version"))
        assert f"{told['emulationMajor']}.{told['emulationMinor']}" == version
        found = learned(user)
    newest = learned(kubectl)
    assert found.nodes[0].free == {6: 2} or found.nodes[0].free == {4: 1, 8: 1}
    assert found.exists["apiServices"] == (), "Kubernetes' own are left out, and nobody has defined any"
    assert without_spread(found) == without_spread(newest)
