"""The API of a running control plane, by kubectl."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmstack import yamlio

FLUX_MANAGER = "kustomize-controller"
"""Flux's field manager (kustomize-controller, `controllerName` in main.go)."""
PATIENCE = 180.0
"""Seconds that `wait_until` waits, unless it is told otherwise."""

Object = dict[str, Any]


class Refused(Exception):
    """The API server refused a request; the text is what kubectl said."""


@dataclass(frozen=True)
class Kubectl:
    """kubectl as one user of one cluster."""

    program: Path
    kubeconfig: Path

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints; raises Refused."""
        run = subprocess.run(self._argv(arguments), input=stdin, capture_output=True, text=True, check=False)
        if run.returncode:
            raise Refused(run.stderr.strip() or f"exit code {run.returncode}")
        return run.stdout

    def apply(
        self, objects: Iterable[Mapping[str, Any]], *, manager: str = FLUX_MANAGER, dry_run: bool = False
    ) -> list[Object]:
        """The objects as the server has them after server-side apply with strict field validation; raises Refused.

        Conflicts are forced, as Flux does (fluxcd/pkg/ssa, ResourceManager.Apply). A dry run goes through all of
        the server's admission and stores nothing.
        """
        stream = "---\n".join(yamlio.dump(dict(each)) for each in objects)
        flags = ["--server-side", "--force-conflicts", "--field-manager", manager, "--validate=strict"]
        if dry_run:
            flags.append("--dry-run=server")
        answer = json.loads(self("apply", *flags, "-o", "json", "-f", "-", stdin=stream))
        found: list[Object] = answer["items"] if answer["kind"] == "List" else [answer]
        return found

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        """One object; raises Refused when there is none."""
        found: Object = json.loads(self("get", kind, name, "-n", namespace, "-o", "json"))
        return found

    def items(self, kind: str, namespace: str | None = None, name: str | None = None) -> Sequence[Object]:
        """All objects of a kind, of one namespace or of all; those of one name, where a name is given."""
        where = ("-n", namespace) if namespace else ("--all-namespaces",)
        named = (f"--field-selector=metadata.name={name}",) if name else ()
        items: list[Object] = json.loads(self("get", kind, *where, *named, "-o", "json"))["items"]
        return items

    def refusal(self, object: Mapping[str, Any]) -> str:
        """What the API server says against an object as Flux would apply it; empty when it would take it."""
        try:
            self.apply([object], dry_run=True)
        except Refused as refused:
            return str(refused)
        return ""

    def established(self, names: set[str]) -> None:
        """Wait until CustomResourceDefinitions are served.

        Until then the server lets go what it refuses of one that is served (its scope may change:
        apiextensions-apiserver, ValidateCustomResourceDefinitionUpdate), and one deleted meanwhile may stay for minutes.
        """

        def missing() -> set[str]:
            found = self.items("customresourcedefinitions")
            served = {
                each["metadata"]["name"] for each in found if condition(each, "Established").get("status") == "True"
            }
            return names - served

        if names:
            wait_until(lambda: not missing(), f"served: {', '.join(sorted(names))}")

    @contextmanager
    def holding(self, *objects: Mapping[str, Any], manager: str = "tests") -> Iterator[None]:
        """Have objects in the cluster while the block runs; they are gone when it has ended."""
        self.apply(objects, manager=manager)
        try:
            self.established(
                {each["metadata"]["name"] for each in objects if each["kind"] == "CustomResourceDefinition"}
            )
            yield
        finally:
            stream = "---\n".join(yamlio.dump(dict(each)) for each in reversed(objects))
            self("delete", "--ignore-not-found", f"--timeout={PATIENCE:.0f}s", "-f", "-", stdin=stream)

    @contextmanager
    def watching(self, kind: str) -> Iterator[list[tuple[float, Object]]]:
        """Every state that objects of a kind go through while the block runs, in a list that grows meanwhile.

        An item is the second (of `time.monotonic`) at which a watch event arrived, and the event; the first are of
        the objects that are there already.
        """
        flags = ("--all-namespaces", "--watch", "--output-watch-events", "-o", "json")
        seen: list[tuple[float, Object]] = []
        with subprocess.Popen(self._argv(("get", kind, *flags)), stdout=subprocess.PIPE, text=True) as process:
            reader = threading.Thread(target=_read_events, args=(process.stdout, seen), daemon=True)
            reader.start()
            try:
                yield seen
            finally:
                process.terminate()
                reader.join()

    def _argv(self, arguments: Sequence[str]) -> list[str]:
        """The cache of what the server serves goes with the cluster, not into the user's home."""
        cache = self.kubeconfig.parent / "kubectl-cache"
        return [str(self.program), f"--kubeconfig={self.kubeconfig}", f"--cache-dir={cache}", *arguments]


def wait_until(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What `true` returns once that is not empty or false; fails the test when it never is."""
    until = time.monotonic() + patience
    while not (result := true()):
        assert time.monotonic() < until, f"not after {patience:.0f} s: {what}"
        time.sleep(0.25)
    return result


def condition(object: Object, kind: str) -> dict[str, str]:
    """The condition of a kind in an object's status; empty where there is none yet."""
    conditions = (object.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == kind), {})


def rolled_out(kubectl: Kubectl, namespace: str, patience: float = PATIENCE) -> None:
    """Wait until every Deployment of a namespace has all its pods, of its last template, ready."""

    def behind() -> list[str]:
        return [each["metadata"]["name"] for each in kubectl.items("deployments", namespace) if not is_rolled_out(each)]

    wait_until(lambda: not behind(), f"rolled out in {namespace}", patience)


def is_rolled_out(deployment: Object) -> bool:
    """As `kubectl rollout status` has it, and ready: with maxUnavailable 1 of 1, available says nothing."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = [status.get(each, 0) for each in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == [wanted] * 4


def versions(kubectl: Kubectl, objects: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The resourceVersion of each object that there is, by kind, namespace and name."""
    stream = "---\n".join(yamlio.dump(dict(each)) for each in objects)
    form = "{range .items[*]}{.kind} {.metadata.namespace} {.metadata.name}={.metadata.resourceVersion}{'\\n'}{end}"
    lines = kubectl("get", "--ignore-not-found", "-f", "-", "-o", f"jsonpath={form}", stdin=stream).splitlines()
    return dict(line.split("=", 1) for line in lines)


def namespace(name: str, **labels: str) -> Object:
    """A Namespace; a label that is no Python name is given in a map."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _read_events(lines: Iterable[str], seen: list[tuple[float, Object]]) -> None:
    """kubectl prints a watch event to a line."""
    for line in lines:
        seen.append((time.monotonic(), json.loads(line)))
