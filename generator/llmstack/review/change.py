"""What differs between the two trees: objects, and their fields. Paths are dotted with list items by their key:
`spec.template.spec.containers[vllm].args[--max-model-len]`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct

from llmstack.kubernetes.pods import Identity, told
from llmstack.kubernetes.refused import refusals
from llmstack.kubernetes.schema import Problem

Action = Literal["add", "change", "remove"]


class Change(Struct, frozen=True):
    """One field that differs; None where the field is not there on that side."""

    path: str
    before: str | None
    after: str | None


class ObjectChange(Struct, frozen=True, dict=True):
    """One object that is added, changed or removed between the two trees.

    `restarts` is true on workloads whose stored pod template changes; `causes` are the paths that do it.
    `before` and `after` are the whole objects, for rendered differences.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    unit: str
    action: Action
    changes: tuple[Change, ...]
    restarts: bool
    causes: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    unread: tuple[Problem, ...] = ()
    """What the API server cannot read of the object after, and `after` is without."""

    @cached_property
    def refusals(self) -> tuple[Problem, ...]:
        """What the API server says against the object after."""
        return refusals(self.after)

    @property
    def key(self) -> str:
        """`Kind/name`, as it is told."""
        return told(self.identity)

    @property
    def identity(self) -> Identity:
        """Kind, namespace and name, by which it is told from others of its name."""
        return self.kind, self.namespace, self.name

    @property
    def full_identity(self) -> tuple[str, str, str, str]:
        """The same with the API group before it (`manifests.identify`)."""
        return self.api_version.rpartition("/")[0], *self.identity
