"""An environment that Argo CD follows: its entry point applied by hand, and removed as docs/operations.md says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from llmstack.tree.argo import NAMESPACE
from tests.argo.applications import PATIENCE, applications, operated, refresh, synced_at
from tests.cluster.kubectl import Kubectl, Refused, rolled_out, wait_until
from tests.cluster.owned import Owned, prepared


class Watched(Owned):
    """The environment of `Owned`, synced by Argo CD."""

    tool: ClassVar[str] = "argo"

    def look(self) -> None:
        refresh(self.kubectl)

    def applied(self, commit: str) -> None:
        synced_at(self.kubectl, commit, self.expected())

    def expected(self, environment: str = "prod", cluster: str = "c1") -> set[str]:
        """The Applications that the committed files ask for, those of the ApplicationSet's list among them."""
        objects = self.repository.objects(f"clusters/{cluster}/{environment}")
        entries = [
            element["name"]
            for each in objects
            if each["kind"] == "ApplicationSet"
            for element in each["spec"]["generators"][0]["list"]["elements"]
        ]
        return {each["metadata"]["name"] for each in objects if each["kind"] == "Application"} | set(entries)

    def operated(self, name: str, commit: str) -> None:
        """Wait until an Application was synced to a commit, whether what it has is healthy or not."""

        def done() -> bool:
            found = applications(self.kubectl)
            if name in found and operated(found[name]) == commit:
                return True
            self.look()
            return False

        wait_until(done, f"{name} synced to {commit}", PATIENCE)

    def compared(self, name: str) -> None:
        """Have an Application compared with its repository and the cluster, and wait until it was, or is gone."""
        asked = "argocd.argoproj.io/refresh"

        def done() -> bool:
            found = applications(self.kubectl).get(name)
            return found is None or asked not in found["metadata"].get("annotations", {})

        with suppress(Refused):
            refresh(self.kubectl, name)
        wait_until(done, f"{name} compared")

    @contextmanager
    def entered(self, *environments: str, cluster: str = "c1") -> Iterator[None]:
        """Apply the entry points of environments, as docs/operations.md says; then remove all of it, as it says."""
        for each in environments:
            path = self.repository.root / "clusters" / cluster / each / "application.yaml"
            self.kubectl("apply", "-f", str(path))
        try:
            yield
        finally:
            self.leave(*environments)

    def leave(self, *environments: str) -> None:
        """The order of docs/operations.md, "Remove an environment": the entry point, which would bring the rest back,
        the models, the other units, and the project without which they could delete nothing."""
        entries = [f"llmstack-{each}" for each in environments]
        self._delete("applications", entries)
        self._delete("applicationsets", [f"{each}.models" for each in environments])
        units = [name for name in applications(self.kubectl) if name.partition(".")[0] in environments]
        self._delete("applications", units)
        self._delete("appprojects", entries)

    def _delete(self, kind: str, names: Sequence[str]) -> None:
        if names:
            self.kubectl("delete", kind, *names, "--ignore-not-found", f"--timeout={PATIENCE:.0f}s", "-n", NAMESPACE)


@contextmanager
def watched(
    name: str, kubectl: Kubectl, folder: Path, models: Sequence[Mapping[str, Any]], **more: Any
) -> Iterator[Watched]:
    """The environment as Argo CD has it, all its pods ready; `more` are files and sections of its values."""
    files, sections = more.pop("files", {}), more
    with prepared(Watched, name, kubectl, folder, models, **sections) as one:
        commit = one.commit(one.values(*models, **sections), files)
        with one.entered("prod"):
            one.applied(commit)
            rolled_out(kubectl, name)
            yield one
        wait_until(lambda: not one.generations(), "no Deployment left")
