"""What is our own in a cluster."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from llmstack.observed.things import Meta


class Release(Struct, frozen=True):
    """The objects of one environment."""

    namespace: str
    name: str

    def owns(self, meta: Meta) -> bool:
        """Whether an object is of it: by the labels of llmstack or of the chart; by its name where it has neither."""
        labels = meta.labels
        stated = labels.get("app.kubernetes.io/instance") or labels.get("helm-release-name")
        named = meta.name.startswith(f"{self.name}-") if stated is None else stated == self.name
        return meta.namespace == self.namespace and named


def is_ours(meta: Meta, releases: Iterable[Release]) -> bool:
    """Whether an object is of one of several releases."""
    return any(release.owns(meta) for release in releases)
