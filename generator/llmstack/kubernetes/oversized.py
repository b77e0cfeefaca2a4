"""Objects that are larger than the API server takes.

Sources: k8s.io/apiserver, pkg/server/config.go (`MaxRequestBodyBytes`, for the body of a create, an update and a patch
alike); k8s.io/kubernetes, pkg/apis/core/types.go and validation (`MaxSecretSize`, of a Secret and of a ConfigMap).
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.schema import Problem

MOST_OF_A_REQUEST = 3 << 20
MOST_DATA = 1 << 20
_PLAIN = 2
"""The version of Python's own format that writes every value where it stands, so that JSON is at most ESCAPED times as
long."""
_ESCAPED = 6


def oversized(obj: Object) -> Iterator[Problem]:
    """Yield how an object is larger than the API server takes: as a whole, or in its data.

    The size of the whole is that of its JSON without escapes: what is sent is no smaller.
    """
    size = len(marshal.dumps(dict[str, Any](obj), _PLAIN))
    if _ESCAPED * size > MOST_OF_A_REQUEST:
        size = len(json.dumps(obj, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
        if size > MOST_OF_A_REQUEST:
            yield _too_large("it has", size, MOST_OF_A_REQUEST)
    if (data := _data(obj)) > MOST_DATA:
        yield _too_large("its data has", data, MOST_DATA)


def _too_large(what: str, size: int, most: int) -> Problem:
    return Problem((), f"{what} {size:,} bytes, and {most:,} are the most that is taken", "split it")


def _data(obj: Object) -> int:
    """Bytes of what a Secret or a config map holds; none of any other kind."""
    kind, data = obj.get("kind"), obj.get("data")
    if kind == "Secret":
        return _bytes(data, is_base64=True) + _bytes(obj.get("stringData"))
    return _bytes(data) + _bytes(obj.get("binaryData"), is_base64=True) if kind == "ConfigMap" else 0


def _bytes(values: Any, *, is_base64: bool = False) -> int:
    """Of the values of a map; in base64, of what they stand for."""
    if not isinstance(values, Mapping):
        return 0
    sizes = map(_length, values.values())
    return sum(size // 4 * 3 - 2 for size in sizes if size) if is_base64 else sum(sizes)


def _length(text: Any) -> int:
    return len(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else 0
