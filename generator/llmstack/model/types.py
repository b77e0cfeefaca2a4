"""Field types the sections share: quantities, names, ports, durations, raw Kubernetes blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError

from llmstack.kubernetes.names import LABEL
from llmstack.kubernetes.quantities import quantity
from llmstack.values.scalars import SourceText

INT32 = 2**31 - 1
"""The largest whole number of most of the API's fields: replicas, seconds, thresholds (`format: int32`)."""
_INT64 = 2**63 - 1


class Section(BaseModel):
    """A section of the values: every key is known and described, nothing is coerced."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        allow_inf_nan=False,
        protected_namespaces=(),
        defer_build=True,  # each is built once, with the whole that is read
    )


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section inside an annotation such as `list[Model]` or `Nfs | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if (found := section_of(inner)) is not None:
            return found
    return None


def none_is_empty(value: Any) -> Any:
    """`section:` or `section: null` is the section with its defaults."""
    return {} if value is None else value


def _check(id: str, pattern: str, what: str) -> Callable[[str], str]:
    matches = re.compile(pattern).fullmatch

    def check(value: str) -> str:
        if matches(value) is None:
            raise PydanticCustomError(id, "`{value}` is not {what}", {"value": value, "what": what})
        return value

    return check


def _number_as_text(value: Any) -> Any:
    """Numbers are read as the text Helm would print: `6` and `"6"` are the same."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _source_text(value: Any) -> Any:
    return str(value) if isinstance(value, SourceText) else value


def _source_bool(value: Any) -> Any:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    return words.get(value.lower(), value) if isinstance(value, SourceText) else value


def _port(value: Any) -> Any:
    """`9000` and `"9000"` are the same port; an empty text is none."""
    if value == "":
        return None
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and not 1 <= value <= 65535:
        raise PydanticCustomError("bad-port", "{value} is not a port: 1 to 65535", {"value": value})
    return value


def _ports(value: str) -> str:
    for port in value.split(","):
        if value and not (port.strip().isdecimal() and 1 <= int(port) <= 65535):
            raise PydanticCustomError("bad-port", "`{port}` is not a port: 1 to 65535", {"port": port.strip()})
    return value


def unless_empty(default: str) -> BeforeValidator:
    """Reads an empty text as the default, as Helm's `default` does."""
    return BeforeValidator(lambda value: default if value == "" else value)


def _quantity(value: str) -> str:
    number = quantity(value)
    if value and (number is None or not 0 <= number <= _INT64):
        what = "a Kubernetes quantity such as 500m, 6, 16Gi" + (", up to 2⁶³ - 1" if number and number > 0 else "")
        raise PydanticCustomError("bad-quantity", "`{value}` is not {what}", {"value": value, "what": what})
    return value


_DURATION = re.compile(
    r"(?:(\d{1,12}(?:\.\d{1,12})?)h)?(?:(\d{1,12}(?:\.\d{1,12})?)m)?(?:(\d{1,12}(?:\.\d{1,12})?)s)?", re.ASCII
)


def seconds(text: str) -> int:
    """A duration such as `12m`, `1h30m`, `90s` in seconds (Go's notation, whole seconds)."""
    match = _DURATION.fullmatch(text)
    hours, minutes, rest = (float(part or 0) for part in match.groups()) if match else (0.0, 0.0, 0.0)
    return round(hours * 3600 + minutes * 60 + rest)


def _duration(value: str) -> str:
    if not value or _DURATION.fullmatch(value) is None or not 0 < seconds(value) <= INT32:
        raise PydanticCustomError(
            "bad-duration", "`{value}` is not a duration such as 90s, 12m or 1h30m", {"value": value}
        )
    return value


def _share_of_pods(value: Any) -> Any:
    """A number of pods, or a percentage of them up to 100 (ValidatePodDisruptionBudgetSpec, k8s.io/kubernetes
    pkg/apis/policy/validation); an empty text means unset."""
    text = str(value)
    number = re.fullmatch(r"(\d{1,10})(%?)", text, re.ASCII)
    if text and (number is None or int(number[1]) > (100 if number[2] else INT32)):
        what = "a number of pods, or a percentage such as 25%, 100% at most"
        raise PydanticCustomError("bad-quantity", "`{value}` is not {what}", {"value": text, "what": what})
    return value


_PRICE = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)


def _price(value: Any) -> Any:
    """`2.40` and `"2.40"` are the same amount; as text, since a binary fraction is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    text = value if isinstance(value, str) else f"{Decimal(str(value)):f}"
    if _PRICE.fullmatch(text) is None:
        what = "an amount such as 2.40: at most nine digits before and after the point"
        raise PydanticCustomError("bad-price", "`{value}` is not {what}", {"value": text[:40], "what": what})
    return text


def days(text: str) -> int:
    """A number of days such as `14d`."""
    return int(text.removesuffix("d"))


def _days(value: str) -> str:
    if not value.endswith("d") or not value[:-1].isdecimal() or not value.isascii() or len(value) > 5:
        raise PydanticCustomError("bad-duration", "`{value}` is no number of days such as 14d", {"value": value})
    return value


def _date(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("bad-date", "`{value}` is not a date such as 2026-12-31", {"value": value}) from None


Text = Annotated[str, BeforeValidator(_source_text)]
Bool = Annotated[bool, BeforeValidator(_source_bool)]
NumberText = Annotated[str, BeforeValidator(_number_as_text), WithJsonSchema({"type": ["string", "number"]})]
Quantity = Annotated[
    str,
    AfterValidator(_quantity),
    BeforeValidator(_number_as_text),
    WithJsonSchema({"type": ["string", "number"]}),
]
PodShare = Annotated[int | str, AfterValidator(_share_of_pods)]
PodShareText = Annotated[
    str,
    AfterValidator(_share_of_pods),
    BeforeValidator(_number_as_text),
    WithJsonSchema({"type": ["string", "number"]}),
]
Port = Annotated[
    int | None,
    BeforeValidator(_port),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": ["string", "null"]}]}),
]
Ports = Annotated[
    str, AfterValidator(_ports), BeforeValidator(_number_as_text), WithJsonSchema({"type": ["string", "number"]})
]
"""Ports with commas between them; empty means unset."""


def _version_range(value: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # few values need it

    try:
        SpecifierSet(value)
    except InvalidSpecifier as error:
        raise PydanticCustomError(
            "bad-value", "`{value}` is no range of versions such as `>=0.2,<0.3`", {"value": value}
        ) from error
    return value


Duration = Annotated[str, AfterValidator(_duration), BeforeValidator(_source_text)]
Days = Annotated[str, AfterValidator(_days), BeforeValidator(_source_text)]
Date = Annotated[date, BeforeValidator(_date)]
VersionRange = Annotated[str, AfterValidator(_version_range), BeforeValidator(_source_text)]
"""Versions as Python packages write them (PEP 440): `>=0.2,<0.3`."""

Price = Annotated[str, BeforeValidator(_price), WithJsonSchema({"type": ["string", "number"]})]
Currency = Annotated[
    str, AfterValidator(_check("bad-currency", r"[A-Z]{3}", "a currency's code: three capitals, e.g. EUR"))
]
DnsLabel = Annotated[
    str,
    AfterValidator(_check("bad-name", rf"{LABEL}", "a DNS label: lower-case letters, digits and `-`, no more")),
    BeforeValidator(_source_text),
]
DnsName = Annotated[
    str,
    AfterValidator(
        _check(
            "bad-name",
            rf"(?:{LABEL}(?:\.{LABEL})*)?",
            "a DNS name: labels of lower-case letters, digits, `-`",
        )
    ),
    BeforeValidator(_source_text),
]
"""A DNS subdomain, as object names are; empty means unset."""


class OneOrMany(Struct, frozen=True):
    """Marks a list whose only item may stand without it."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        listed = handler(core)
        return {"anyOf": [listed, listed["items"]]}


DnsPolicy = Literal["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]
Count = Annotated[int, Field(ge=0, le=INT32)]
Positive = Annotated[int, Field(ge=1, le=INT32)]
Seconds = Count


def _without_nulls(value: Any) -> Any:
    """`labels: {team: null}` takes a lower layer's label away."""
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


StringMap = Annotated[dict[str, str], BeforeValidator(_without_nulls)]


def chart(value: Any) -> Mapping[str, Any]:
    """Marks a field whose default differs from the chart's, for docs/values.md."""
    return {"chart": value}
