"""The one place that reads and writes YAML.

Reading: values files come through `scan` (events with places, `values/source.py` builds on it), generated files
and the output of kustomize through `load_all`. Writing: `dump`.
"""

from __future__ import annotations

from llmstack.yamlio.bounds import (
    MAX_ALIASED,
    MAX_DEPTH,
    AliasBombError,
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    OutOfBoundsError,
    ScalarEvent,
    SequenceStartEvent,
    TooDeepError,
    check_bounds,
    scan,
)
from llmstack.yamlio.conflict import (
    CHOOSE,
    UNRESOLVED,
    ConflictError,
    find_conflict,
    refuse_conflict,
    say_unreadable,
)
from llmstack.yamlio.numbers import read_number
from llmstack.yamlio.read import (
    MappingNode,
    MarkedYAMLError,
    ScalarNode,
    SequenceNode,
    YAMLError,
    compose_all,
    load,
    load_all,
    load_objects,
)
from llmstack.yamlio.unclear import UnclearError
from llmstack.yamlio.write import dump

__all__ = [
    "CHOOSE", "MAX_ALIASED", "MAX_DEPTH", "UNRESOLVED", "AliasBombError", "AliasEvent", "CollectionEndEvent",
    "ConflictError", "DocumentStartEvent",
    "MappingNode", "MappingStartEvent", "MarkedYAMLError", "OutOfBoundsError", "ScalarEvent", "ScalarNode",
    "SequenceNode", "SequenceStartEvent", "TooDeepError", "UnclearError", "YAMLError", "check_bounds", "compose_all",
    "dump", "find_conflict", "load", "load_all", "load_objects", "read_number",
    "refuse_conflict", "say_unreadable",
    "scan",
]  # fmt: skip
