"""Secrets that run in plain text where the tree has a reference, and what brings each into the Secret that it names."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.pods import Object, pod_specs


class Move(Struct, frozen=True):
    """A variable whose value runs in plain text, and the key of a Secret that the tree reads it from."""

    kind: str
    workload: str
    container: str
    variable: str
    secret: str
    key: str

    def command(self, namespace: str) -> str:
        """The shell's line that makes the Secret of the running value, which it does not show."""
        variable = f'containers[?(@.name=="{self.container}")].env[?(@.name=="{self.variable}")].value'
        path = f"jsonpath={{.spec.template.spec.{variable}}}"
        kubectl = ("kubectl", "-n", namespace)
        read = shlex.join((*kubectl, "get", f"{self.kind.lower()}/{self.workload}", "-o", path))
        write = ("create", "secret", "generic", self.secret, f"--from-file={self.key}=/dev/stdin")
        return f"{read} | {shlex.join((*kubectl, *write))}"


def secrets_moved(generated: Object, live: Object) -> Iterator[Move]:
    """Yield the variables of a workload's containers that have a value now, and a reference to a Secret in the tree."""
    references = {place: value.get("valueFrom") for place, value in _variables(generated)}
    for place, variable in _variables(live):
        source = (references.get(place) or {}).get("secretKeyRef")
        if isinstance(variable.get("value"), str) and variable["value"] and source:
            yield Move(live["kind"], live["metadata"]["name"], *place, source["name"], source["key"])


def _variables(object: Object) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Each variable of an object's containers, by the names of the container and of the variable."""
    for _, pod in pod_specs(dict(object)):
        for container in pod.get("containers") or ():
            for variable in container.get("env") or ():
                yield (str(container.get("name")), str(variable.get("name"))), variable
