"""The differences between what Helm renders and what llmstack renders, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.parity.meaning import Object, facts

Key = tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """One fact that is not the same. None on a side: it is not there; `*` as path: the whole object."""

    kind: str
    name: str
    path: str
    helm: str | None
    ours: str | None

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}  {self.path}\n      Helm:     {self.helm}\n      llmstack: {self.ours}"


def differences(helm: Sequence[Object], ours: Sequence[Object], renamed: Mapping[Key, str]) -> Iterator[Difference]:
    """Yield every difference; `renamed` gives an object of Helm's our name, which is a difference of its own."""
    theirs = {_key(object): object for object in helm}
    mine = {_key(object): object for object in ours}
    for key, name in renamed.items():
        if key in theirs:
            theirs[key[0], name] = theirs.pop(key)
            yield Difference(key[0], name, "metadata.name", key[1], name)
    for kind, name in sorted(theirs.keys() | mine.keys()):
        left, right = theirs.get((kind, name)), mine.get((kind, name))
        if left is None or right is None:
            yield Difference(kind, name, "*", None if left is None else "there", None if right is None else "there")
        else:
            yield from _facts(kind, name, _said(left, helm), _said(right, ours))


def _key(object: Object) -> Key:
    return str(object["kind"]), str(object["metadata"]["name"])


def _said(object: Object, others: Sequence[Object]) -> dict[str, str]:
    """Facts, with what stands beside them: version, and namespace, which Helm may leave to the release."""
    beside = {"apiVersion": object["apiVersion"], "metadata.namespace": object["metadata"].get("namespace", "default")}
    return {**facts(object, others), **beside}


def _facts(kind: str, name: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[Difference]:
    for path in sorted(left.keys() | right.keys()):
        if left.get(path) != right.get(path):
            yield Difference(kind, name, path, left.get(path), right.get(path))
