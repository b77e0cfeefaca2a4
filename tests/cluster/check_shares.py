"""What Helm had in the lists of a RayCluster and of Services goes with the hold, once its share of the fields is taken away.

The commands are those of docs/adopt.md, step 3; nothing that runs changes by them. Helm itself installed the release.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.repository.project import Project
from tests.adopt.support import build, project_of, rendered
from tests.cluster.by_hand import run_block
from tests.cluster.check_adopt import adopt, take_over
from tests.cluster.helm import Helm
from tests.cluster.kubectl import Kubectl, Object, namespace
from tests.cluster.nodes import RUNTIME_CLASS
from tests.parity.corpus import own_cases

[CASE] = [case for case in own_cases() if case.name == "ray-of-many-keys"]
RAY, SERVICE = "vllm-far-raycluster", "vllm-far-engine-service"
OLD_VARIABLE, OLD_PORTS = "VLLM_RPC_TIMEOUT", {55555, 9999}
"""What the chart writes and the tree does not."""


@pytest.mark.parametrize("is_applied", [False, True], ids=["by its client", "server-side"])
def test_what_was_helms_goes_with_the_hold(
    is_applied: bool, helm: Helm, kubectl: Kubectl, custom_resources: None, tmp_path: Path
) -> None:
    place = f"shares-{is_applied}".lower()
    (tmp_path / "work").mkdir()
    with kubectl.holding(RUNTIME_CLASS, namespace(place)):
        release = adopt(
            helm, project_of(CASE, tmp_path / "work"), yamlio.load_all(rendered(CASE)), place, is_applied=is_applied
        )
        root = release.project.root
        take_over(kubectl, release)
        before = generations(kubectl, place)
        run_block("adopt.md", "managedFields", kubectl, root, {})
        assert generations(kubectl, place) == before
        assert not [each for each in taken(kubectl, root) if "helm" in managers(each)]
        assert OLD_VARIABLE in variables(kubectl, place)
        assert ports(kubectl, place) >= OLD_PORTS
        shutil.rmtree(root / "custom" / "prod" / "models")
        kubectl.apply(build(Project(root)).values())
        assert OLD_VARIABLE not in variables(kubectl, place)
        assert not ports(kubectl, place) & OLD_PORTS


def generations(kubectl: Kubectl, place: str) -> dict[str, int]:
    """What counts the changes of a spec, by name."""
    kinds = ("deployments", "rayclusters")
    found = [each["metadata"] for kind in kinds for each in kubectl.items(kind, place)]
    return {each["name"]: each["generation"] for each in found}


def taken(kubectl: Kubectl, root: Path) -> list[Object]:
    """The objects of the tree as the cluster has them, with their fields' managers."""
    stream = "---\n".join(map(yamlio.dump, build(Project(root)).values()))
    found: list[Object] = json.loads(
        kubectl("get", "--ignore-not-found", "--show-managed-fields", "-o", "json", "-f", "-", stdin=stream)
    )["items"]
    return found


def managers(object: Object) -> set[str]:
    return {each["manager"] for each in object["metadata"]["managedFields"]}


def variables(kubectl: Kubectl, place: str) -> set[str]:
    head = kubectl.get("raycluster", RAY, place)["spec"]["headGroupSpec"]["template"]["spec"]
    return {each["name"] for each in head["containers"][0]["env"]}


def ports(kubectl: Kubectl, place: str) -> set[int]:
    return {each["port"] for each in kubectl.get("service", SERVICE, place)["spec"]["ports"]}
