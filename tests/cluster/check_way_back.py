"""Every way back of docs/adopt.md to Helm: it upgrades the release again after step 3 and after step 4, and no held pod restarts.

Helm itself installs and upgrades: as its client, as Helm 3 did, and by server-side apply, as Helm 4 does. What is done in
between is what the page says, and its record is kept and brought back by the page's own commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmstack import yamlio
from tests.adopt.support import project_of, rendered
from tests.cluster.check_adopt import Pods, Release, adopt, pods_of, take_over, wait_for_pods
from tests.cluster.helm import RELEASE, Helm
from tests.cluster.kubectl import Kubectl, namespace
from tests.cluster.nodes import RUNTIME_CLASS, gpu_node, nodes
from tests.parity.corpus import corpus_cases, own_cases

[CASE] = [
    case for case in (*corpus_cases(), *own_cases()) if case.name.endswith(("04-multiple-models", "router-alone"))
][:1]
RECORD = ("secret", "-l", f"owner=helm,name={RELEASE}")
"""Helm's record, as step 4 finds it."""


@dataclass(frozen=True)
class Back:
    """A release that is taken over and given back, and its pods at the start."""

    helm: Helm
    release: Release
    before: Pods

    def give_back(self) -> None:
        """Switch Helm on again, as the page says."""
        place = self.release.namespace
        is_applied = "APPLY_METHOD: server-side apply\n" in self.helm("get", "metadata", RELEASE, "-n", place)
        options = ["--disable-openapi-validation", *(["--force-conflicts"] if is_applied else [])]
        chart = self.release.project.root.parent / f"chart-of-{place}"
        self.helm("upgrade", RELEASE, str(chart), "-n", place, *options)

    def assert_it_is_helms(self, revision: int) -> None:
        """The release is at a revision of Helm's, and no pod of a held Deployment was made anew."""
        assert f"REVISION: {revision}\n" in self.helm("status", RELEASE, "-n", self.release.namespace)
        wait_for_pods(self.helm.kubectl, [self.release])
        after = pods_of(self.helm.kubectl, self.release.namespace)
        assert self.release.held
        assert {name: after[name] for name in self.release.held} == {
            name: self.before[name] for name in self.release.held
        }


@pytest.mark.parametrize("is_applied", [False, True], ids=["by its client", "server-side"])
def test_helm_takes_its_release_back(
    is_applied: bool, helm: Helm, kubectl: Kubectl, custom_resources: None, tmp_path: Path
) -> None:
    with installed(helm, tmp_path, is_applied=is_applied) as back:
        place = back.release.namespace
        take_over(kubectl, back.release)
        back.give_back()
        back.assert_it_is_helms(2)
        take_over(kubectl, back.release)
        record = kubectl("get", *RECORD, "-n", place, "-o", "yaml")
        kubectl("delete", *RECORD, "-n", place)
        assert helm("list", "-n", place, "-q") == ""
        kubectl("apply", "-f", "-", stdin=record)
        back.give_back()
        back.assert_it_is_helms(3)


@contextmanager
def installed(helm: Helm, folder: Path, *, is_applied: bool) -> Iterator[Back]:
    place = f"way-back-{is_applied}".lower()
    (folder / "work").mkdir()
    with nodes(helm.kubectl, gpu_node(place, 1000)), helm.kubectl.holding(RUNTIME_CLASS, namespace(place)):
        objects = yamlio.load_all(rendered(CASE))
        release = adopt(helm, project_of(CASE, folder / "work"), objects, place, is_applied=is_applied)
        wait_for_pods(helm.kubectl, [release])
        yield Back(helm, release, pods_of(helm.kubectl, place))
