"""What a values file holds: its nodes, the data in them, and the place of every key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from llmstack.finding import Finding, Place, Route
from llmstack.values.scalars import Ambiguous, SourceText, resolve

UNREAD = "x-"
"""What the names of top-level keys begin with that are left alone: anchors live there."""


class Node(Struct):
    """A value of the file: a scalar's text, a list's items or a map's keys, and where it starts."""

    kind: str  # "scalar", "list", "map"
    line: int  # from 0, as the parser counts
    column: int
    width: int
    text: str = ""
    plain: bool = False
    size: int = 1
    items: Sequence[Node] = ()
    keys: Mapping[str, tuple[Node, Node]] = field(default_factory=lambda: _NO_KEYS)


_NO_KEYS: Mapping[str, tuple[Node, Node]] = MappingProxyType({})
"""One for all scalars, of which a large file has fifty thousand."""


class Collection(Node):
    """A list or a map, which is filled as the file is read."""

    items: list[Node] = field(default_factory=list)
    keys: dict[str, tuple[Node, Node]] = field(default_factory=dict)


class Source(Struct, frozen=True, dict=True):
    """A values file as it was read. `root` is None when the file could not be parsed or is empty."""

    path: str
    text: str
    root: Node | None
    findings: tuple[Finding, ...] = ()

    @property
    def data(self) -> dict[str, Any]:
        """The file's values as plain maps, lists and scalars."""
        return to_data(self.root) if self.root is not None else {}

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines, as places count them."""
        return self.text.split("\n")

    def node(self, route: Route) -> tuple[Node | None, Node | None]:
        """The key's node and the value's node at `route`; (None, None) when it is not there."""
        key: Node | None = None
        here = self.root
        for step in route:
            if here is None:
                return None, None
            if isinstance(step, int):
                if here.kind != "list" or step >= len(here.items):
                    return None, None
                key, here = None, here.items[step]
            else:
                found = here.keys.get(step) if here.kind == "map" else None
                if found is None:
                    return None, None
                key, here = found
        return key, here

    def place(self, route: Route, *, on_value: bool = False) -> Place | None:
        """Where `route` stands in the file: its key (or its value), None when it is not there."""
        key, value = self.node(route)
        at = value if on_value or key is None else key
        return self.place_of(at) if at is not None else None

    def place_of(self, node: Node) -> Place:
        return self.at(node.line, node.column, node.width)

    def at(self, line: int, column: int, width: int = 1) -> Place:
        """The place of a parser's position (line and column from 0)."""
        shown = self.lines[line].rstrip("\r") if line < len(self.lines) else ""
        return Place(self.path, line + 1, column + 1, max(1, width), shown)


def to_data(node: Node, *, as_written: bool = False) -> Any:
    """The plain data of a node.

    `as_written` holds below `gitops`: words that YAML 1.1 reads as booleans stay the text that was written, so that
    `checks: {mutable-tag: off}` says `off`. Dates are text everywhere.
    """
    if node.kind == "map":
        return {key: to_data(value, as_written=as_written or key == "gitops") for key, (_, value) in node.keys.items()}
    if node.kind == "list":
        return [to_data(item, as_written=as_written) for item in node.items]
    if not node.plain:
        return node.text
    value = resolve(node.text)
    if isinstance(value, Ambiguous):
        return node.text
    return SourceText(node.text) if as_written and isinstance(value, bool) else value
