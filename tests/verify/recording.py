"""Pods as a cluster records them, second by second: a small play of what a controller and a scheduler write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Object = dict[str, Any]
START = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def at(seconds: int) -> str:
    """A moment as the API writes it, so many seconds after the start."""
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@dataclass
class Recording:
    """The events of a watch on the pods of one Deployment."""

    name: str = "llmstack-llama-deployment-vllm"
    namespace: str = "llm"
    gpus: int = 1
    events: list[Object] = field(default_factory=list)
    pods: dict[str, Object] = field(default_factory=dict)
    version: int = 100

    def there(self, pod: str, containers: Iterable[Mapping[str, Any]], hash: str, *, ready: bool = True) -> None:
        """A pod that there is when the recording begins."""
        self._write("ADDED", pod, self._pod(pod, containers, hash, -1000, -999, -500 if ready else None))

    def comes(self, pod: str, containers: Iterable[Mapping[str, Any]], hash: str, second: int) -> None:
        self._write("ADDED", pod, self._pod(pod, containers, hash, second, None, None))

    def binds(self, pod: str, second: int) -> None:
        self._condition(pod, "PodScheduled", second)

    def serves(self, pod: str, second: int) -> None:
        self._condition(pod, "Ready", second)

    def goes(self, pod: str, second: int, grace: int = 30) -> None:
        obj = json.loads(json.dumps(self.pods[pod]))
        obj["metadata"] |= {"deletionTimestamp": at(second + grace), "deletionGracePeriodSeconds": grace}
        self._write("MODIFIED", pod, obj)

    def is_gone(self, pod: str) -> None:
        self._write("DELETED", pod, self.pods[pod])

    def text(self, *, skip: int = 0) -> str:
        """The recording, from its event number `skip` on."""
        return "\n".join(map(json.dumps, self.events[skip:]))

    def begun_after(self, number: int) -> str:
        """A recording that was begun after so many events: it shows first what there is then."""
        there: dict[str, Object] = {}
        for event in self.events[:number]:
            there[event["object"]["metadata"]["name"]] = event["object"]
            if event["type"] == "DELETED":
                del there[event["object"]["metadata"]["name"]]
        listed = [{"type": "ADDED", "object": pod} for pod in there.values()]
        return "\n".join(map(json.dumps, [*listed, *self.events[number:]]))

    def snapshot(self) -> str:
        """What there is at the end."""
        gone = {event["object"]["metadata"]["name"] for event in self.events if event["type"] == "DELETED"}
        items = [pod for name, pod in self.pods.items() if name not in gone]
        return json.dumps({"kind": "List", "apiVersion": "v1", "items": items})

    def _pod(
        self,
        pod: str,
        containers: Iterable[Mapping[str, Any]],
        hash: str,
        created: int,
        scheduled: int | None,
        ready: int | None,
    ) -> Object:
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": at(moment)}
            for kind, moment in (("PodScheduled", scheduled), ("Ready", ready))
            if moment is not None
        ]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": pod,
                "namespace": self.namespace,
                "creationTimestamp": at(created),
                "labels": {"pod-template-hash": hash},
                "ownerReferences": [{"kind": "ReplicaSet", "name": f"{self.name}-{hash}", "controller": True}],
            },
            "spec": {"containers": [dict(each) for each in containers]},
            "status": {"phase": "Running" if ready is not None else "Pending", "conditions": conditions},
        }

    def _condition(self, pod: str, kind: str, second: int) -> None:
        obj = json.loads(json.dumps(self.pods[pod]))
        obj["status"]["conditions"].append({"type": kind, "status": "True", "lastTransitionTime": at(second)})
        self._write("MODIFIED", pod, obj)

    def _write(self, type: str, pod: str, obj: Object) -> None:
        self.version += 1
        obj = json.loads(json.dumps(obj))
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.pods[pod] = obj
        self.events.append({"type": type, "object": obj})
