"""The YAML of a tree, as kustomize reads it."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

from llmstack.yamlio.bounds import check_bounds
from llmstack.yamlio.numbers import FIRST_OF_NUMBERS, read_number
from llmstack.yamlio.unclear import UnclearError, refuse_unclear_writing

YAMLError = yaml.YAMLError
MarkedYAMLError = yaml.MarkedYAMLError

ScalarNode = yaml.ScalarNode
SequenceNode = yaml.SequenceNode
MappingNode = yaml.MappingNode

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNCLEAR = re.compile(
    r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
    r"|(?!\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z)\d{4}-\d\d?-\d\d?(?:[Tt ]|\Z)"
    r"|0_*[bo]_*[-+]"
)
"""Infinities; dates, which are text in annotations and times elsewhere, and times that are not written as Go writes
them; and a sign within a number, which kustomize takes as one from us and as text from itself."""


def load_all(text: str) -> list[Any]:
    """Return the documents of a tree's YAML, empty ones left out. Raises `yaml.YAMLError` on broken text, and on text
    that is out of bounds (`check_bounds`).

    Scalars are what kustomize reads: `yes` is a string, `0o10` and `1_0` are numbers, merge keys are merged.
    """
    check_bounds(text)
    try:
        return [document for document in yaml.load_all(text, Loader=_KubernetesLoader) if document is not None]
    except ValueError as error:  # an integer of more digits than Python converts
        raise YAMLError(str(error).partition(";")[0]) from error


def load_objects(text: str) -> list[Any]:
    """The same; UnclearError too for what kustomize refuses or reads in a way of its own: keys that come twice or are
    no text, `.inf`, dates, a quoted `<<`, and what `refuse_unclear_writing` names."""
    check_bounds(text)
    refuse_unclear_writing(text)
    return [document for document in yaml.load_all(text, Loader=_ObjectLoader) if document is not None]


def compose_all(text: str) -> list[Any]:
    """Return PyYAML's nodes of the documents of `text`, each with its tag and place; raises as `load_all` does."""
    check_bounds(text)
    return list(yaml.compose_all(text, Loader=_KubernetesLoader))


def load(text: str) -> Any:
    """Return the single document of `text`; None when it is empty."""
    documents = load_all(text)
    return documents[0] if documents else None


class _KubernetesLoader(_SafeLoader):  # type: ignore[misc]
    """Scalars as kustomize reads a manifest (`read_number`), merge keys merged, keys as text."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}
    is_strict = False
    """Whether what kustomize refuses, or reads in a way of its own, is an UnclearError."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0] and value[:1] in FIRST_OF_NUMBERS and value:
            number = read_number(value)
            return _TEXT if number == value else _TAGS[type(number)]
        return super().resolve(kind, value, implicit)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        if isinstance(node, MappingNode):
            if self.is_strict:
                _refuse_unclear(node)
            self.flatten_mapping(node)
            for key, _ in node.value:
                if isinstance(key, ScalarNode):
                    key.tag = _TEXT
        result: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return result


class _ObjectLoader(_KubernetesLoader):
    """The same, for what an in-process build reads."""

    is_strict = True

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0] and _UNCLEAR.match(value):
            raise UnclearError(problem=f"{value} is neither a number nor plainly a text")
        return super().resolve(kind, value, implicit)


_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
for _tag, _pattern, _first in (
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF"),
    ("null", r"(?:~|null|Null|NULL|)\Z", ["~", "n", "N", ""]),
    ("merge", r"<<\Z", "<"),
):
    _KubernetesLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _refuse_unclear(node: Any) -> None:
    """Raise UnclearError for a map that kustomize refuses, or reads in a way of its own; merged ones count as well."""
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, ScalarNode) or key.tag not in (_TEXT, _MERGE) or key.value in seen:
            raise UnclearError(problem="a key that is no text, or comes twice", problem_mark=key.start_mark)
        if key.value == "<<" and key.tag != _MERGE:
            raise UnclearError(problem="a key `<<` in quotes", problem_mark=key.start_mark)
        seen.add(key.value)
        if key.tag == _MERGE:
            for merged in value.value if isinstance(value, SequenceNode) else [value]:
                if isinstance(merged, MappingNode):
                    _refuse_unclear(merged)


def _construct_truth(loader: Any, node: Any) -> bool:
    text = loader.construct_scalar(node)
    if text.lower() not in ("true", "false"):
        raise yaml.constructor.ConstructorError(problem=f"{text} is not true or false", problem_mark=node.start_mark)
    return bool(text.lower() == "true")


def _construct_bytes(loader: Any, node: Any) -> str:
    """The text that base64 after `!!binary` stands for, as sigs.k8s.io/yaml gives it."""
    try:
        return str(loader.construct_yaml_binary(node).decode())
    except UnicodeDecodeError as error:
        problem = "what `!!binary` stands for is no text"
        raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark) from error


def _construct_number(loader: Any, node: Any) -> Any:
    value = read_number(loader.construct_scalar(node) or " ")
    if isinstance(value, str) and node.tag != _TIME:
        raise ValueError(f"{value} is no number")
    return value


_KubernetesLoader.add_constructor(_MERGE, _KubernetesLoader.construct_yaml_str)  # as a value it is text

_TIME = "tag:yaml.org,2002:timestamp"
_TAGS = {int: "tag:yaml.org,2002:int", float: "tag:yaml.org,2002:float", str: _TIME}
for _tag in _TAGS.values():
    _KubernetesLoader.add_constructor(_tag, _construct_number)

_KubernetesLoader.add_constructor("tag:yaml.org,2002:bool", _construct_truth)
_KubernetesLoader.add_constructor("tag:yaml.org,2002:binary", _construct_bytes)
for _name in ("set", "omap", "pairs"):  # which JSON does not have
    _KubernetesLoader.add_constructor(f"tag:yaml.org,2002:{_name}", _KubernetesLoader.construct_undefined)
