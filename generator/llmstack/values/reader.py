"""From the parser's events to a tree of nodes, in one pass and with limits."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from llmstack import yamlio
from llmstack.finding import Finding, Severity
from llmstack.values.encoding import FORBIDDEN
from llmstack.values.nodes import Collection, Node, Source
from llmstack.values.scalars import Ambiguous, resolve

MAX_DEPTH = 64
TOO_DEEP, SHALLOW = f"more than {MAX_DEPTH} levels deep", "values nest a few levels only"
MAX_ENTRIES = 20_000
"""How many keys a map, or items a list may have: the largest honest ones have some hundreds, a list of models some
thousands."""
MAX_NODES = 500_000
"""How many keys and values a file may have: those of some five thousand models."""
MOST_TOLD = 2_000
"""How many mistakes of its text are told of a file: more are no mistake of people's."""
MAX_ALIASED = 50_000
"""How many values all aliases and merge keys of a file may stand for together."""

TEMPLATE = "`{{ … }}` is a template: render the file with its own tool, or write what it stands for"
_ERROR = Severity.ERROR


class Stop(Exception):
    """The rest of the file cannot be read; the finding is recorded."""


class Reader:
    """Builds the node tree of one file from the parser's events."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = []
        self.anchors: dict[str, Node] = {}
        self.open_anchors: list[str | None] = []
        self.aliased = 0
        self.stack: list[Collection] = []
        self.pending: list[Node | None] = []  # the key that waits for its value, per open map
        self.root: Node | None = None
        self.documents = 0

    def report(self, id: str, message: str, event: Any, help: str) -> None:
        self.tell(Finding(id, _ERROR, message, place=self.source.place_of(Node("scalar", *_extent(event))), help=help))

    def tell(self, finding: Finding) -> None:
        """Keep a finding; with too many of them the rest of the file is not read."""
        self.findings.append(finding)
        if len(self.findings) >= MOST_TOLD:
            message = f"the file has {MOST_TOLD:,} mistakes up to here, and is not read on"
            self.findings.append(replace(finding, id="too-many-problems", message=message, help="correct those first"))
            raise Stop

    def read(self) -> Node | None:
        for number, event in enumerate(yamlio.scan(self.source.text)):
            if number > MAX_NODES:
                self.report("too-large", f"the file has more than {MAX_NODES} keys and values", event, "split it")
                raise Stop
            self.take(event)
        root = self.root
        if root is None or (root.kind == "scalar" and root.plain and resolve(root.text) is None):
            return None
        if root.kind != "map":
            place = self.source.place_of(root)
            self.findings.append(
                Finding("wrong-type", _ERROR, f"a values file is a map, this is a {root.kind}", place=place)
            )
            return None
        return root

    def take(self, event: Any) -> None:
        """Add what one event of the parser says."""
        kind = event.__class__
        if kind is yamlio.ScalarEvent:
            self.add(self.scalar(event), event)
        elif kind is yamlio.MappingStartEvent or kind is yamlio.SequenceStartEvent:
            self.open(event, "map" if kind is yamlio.MappingStartEvent else "list")
        elif isinstance(event, yamlio.CollectionEndEvent):
            self.close()
        elif kind is yamlio.AliasEvent:
            self.alias(event)
        elif kind is yamlio.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                help = "Helm reads the first alone: remove the `---`, or what stands behind it"
                self.report("several-documents", "a values file holds one document", event, help)
                raise Stop

    def scalar(self, event: Any) -> Node:
        node = Node("scalar", *_extent(event), event.value, event.style is None or event.style == "")
        if event.tag is not None:
            self.report(
                "yaml-tag",
                f"the tag `{event.tag}` is not read",
                event,
                "remove it; quote the value to make it text",
            )
        if event.style == '"' and FORBIDDEN.search(event.value):
            self.report(
                "bad-character",
                "an escape sequence stands for a control or direction character",
                event,
                "remove it: Kubernetes' tools do not keep such characters",
            )
        if event.anchor:
            self.anchors[event.anchor] = node
        if node.plain and isinstance(ambiguous := resolve(node.text), Ambiguous):
            self.report(
                "ambiguous-scalar",
                f"`{node.text}` {ambiguous.why}",
                event,
                "quote it, or write a decimal number",
            )
        return node

    def open(self, event: Any, kind: str) -> None:
        if event.tag is not None and event.tag != "!":
            self.report("yaml-tag", f"the tag `{event.tag}` is not read", event, "remove it")
        if len(self.stack) >= MAX_DEPTH:
            self.report("too-deep", TOO_DEEP, event, SHALLOW)
            raise Stop
        self.open_anchors.append(event.anchor)
        self.stack.append(Collection(kind, *_extent(event)))
        self.pending.append(None)

    def close(self) -> None:
        node = self.stack.pop()
        key = self.pending.pop()
        assert key is None
        anchor = self.open_anchors.pop()
        if anchor:
            self.anchors[anchor] = node
        self.add(node, None)

    def alias(self, event: Any) -> None:
        node = self.anchors.get(event.anchor)
        if node is None:
            self.report(
                "yaml-syntax",
                "no anchor of its name ends before this alias",
                event,
                "an alias names an earlier value",
            )
            raise Stop
        self.spend(node.size, event)
        self.add(node, event)

    def spend(self, size: int, event: Any) -> None:
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            self.report(
                "alias-bomb",
                f"aliases stand for more than {MAX_ALIASED} values",
                event,
                "write the values out",
            )
            raise Stop

    def add(self, node: Node, event: Any) -> None:
        """Put a finished node into the collection that is open."""
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.size += node.size
        if parent.kind == "list":
            self.bound(len(parent.items), "items", node)
            parent.items.append(node)
        elif self.pending[-1] is None:
            self.pending[-1] = self.key(node)
        else:
            key, self.pending[-1] = self.pending[-1], None
            self.put(parent, key, node)

    def key(self, node: Node) -> Node:
        if node.kind != "scalar":
            line = self.source.lines[node.line] if node.line < len(self.source.lines) else ""
            help = TEMPLATE if "{{" in line else "quote text that begins with `{` or `[`"
            self.bad_key(node, "a key is a string, not a collection", help)
            raise Stop
        if node.plain and node.text != "<<" and not isinstance(resolve(node.text), str):
            message = f"the key `{node.text}` is not a string" if node.text else "the key is empty"
            self.bad_key(node, message, f'quote it: "{node.text}"')
        elif node.text.startswith("$"):
            message = f"the key `{node.text}` would be read by kustomize as an instruction"
            self.bad_key(node, message, "keys do not start with `$`")
        return node

    def bad_key(self, node: Node, message: str, help: str | None) -> None:
        self.tell(Finding("bad-key", _ERROR, message, place=self.source.place_of(node), help=help))

    def put(self, parent: Collection, key: Node, value: Node) -> None:
        if key.plain and key.text == "<<":
            self.merge(parent, key, value)
        elif key.text in parent.keys and parent.keys[key.text][0].size:  # size 0 marks what a merge key brought
            first = parent.keys[key.text][0]
            message = f"`{key.text}` is given twice; the first one is in line {first.line + 1}"
            help = "keep one: which one wins depends on the parser"
            self.tell(Finding("duplicate-key", _ERROR, message, place=self.source.place_of(key), help=help))
        else:
            self.bound(len(parent.keys), "keys", key)
            parent.keys[key.text] = (key, value)

    def bound(self, count: int, what: str, next: Node) -> None:
        """Stop at what a map or a list may not hold any more."""
        if count >= MAX_ENTRIES:
            message = f"there are more than {MAX_ENTRIES:,} {what} here, and the file is not read on"
            self.tell(
                Finding("too-large", _ERROR, message, place=self.source.place_of(next), help="split what holds them")
            )
            raise Stop

    def merge(self, parent: Collection, key: Node, value: Node) -> None:
        """`<<: *anchor` or a list of them: keys already there win, as YAML's merge type says."""
        for merged in value.items if value.kind == "list" else [value]:
            if merged.kind != "map":
                message = "`<<` takes a map or a list of maps"
                self.tell(Finding("yaml-syntax", _ERROR, message, place=self.source.place_of(key)))
                raise Stop
            for name, (inner_key, inner) in merged.keys.items():
                brought = Node("scalar", inner_key.line, inner_key.column, inner_key.width, inner_key.text, size=0)
                parent.keys.setdefault(name, (brought, inner))


def _extent(event: Any) -> tuple[int, int, int]:
    """Where an event starts, line and column, and how wide it is there."""
    start, end = event.start_mark, event.end_mark
    return start.line, start.column, end.column - start.column if end.line == start.line else 1
