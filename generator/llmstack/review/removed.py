"""A workload that goes."""

from __future__ import annotations

from msgspec import Struct

from llmstack.kubernetes.pods import Identity


class Removed(Struct, frozen=True):
    """A workload that goes, or runs no pod any more, with nothing in its place."""

    kind: str
    name: str
    model: str | None
    replicas: int
    gpus: int
    """Of all its replicas."""
    by: str = ""
    """The sync tool that deletes it while the manifests still have it; empty where the manifests lose it."""
    namespace: str = ""
    router: bool = False
    """Whether it is the router that clients call."""
    still_served: tuple[str, ...] = ()
    """Its ids, where others have served all of them before and go on as they were: callers are answered by fewer."""

    @property
    def identity(self) -> Identity:
        """Kind, namespace and name, by which it is told from others of its name."""
        return self.kind, self.namespace, self.name
