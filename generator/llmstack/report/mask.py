"""Secrets are never printed: every report passes what it shows through here.

What counts as secret: the data of a Secret; a plain value under a key, an environment variable or a flag
whose name names a secret (`hf_token`, `VLLM_API_KEY`, `--api-key`); and text that has the form of a
credential, wherever it stands (`hf_…`, a private key, a password in a URL). References (`secretKeyRef`,
`$(HF_TOKEN)`) are shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmstack.finding import Finding
from llmstack.report.credentials import (
    MASK,
    is_reference,
    is_secret_name,
    line_may_hold_secret,
    mask_forms,
    mask_text,
)
from llmstack.review.result import Change, EnvironmentReview, ObjectChange, Review, Risk

_SECRET_DATA = ("data", "stringData")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def mask_review(review: Review) -> Review:
    """Return the review without a secret in it, objects included."""
    masked = {name: _mask_environment(environment) for name, environment in review.environments.items()}
    return replace(review, environments=masked)


def mask_finding(finding: Finding) -> Finding:
    """Return the finding without its source line where that may hold a secret, credentials in its texts
    masked."""
    place = finding.place
    if place is not None and place.source_line is not None:
        named = any(isinstance(step, str) and is_secret_name(step) for step in finding.route or ())
        if finding.secret or named or line_may_hold_secret(place.source_line):
            place = replace(place, source_line=None)
    help = mask_forms(finding.help) if finding.help is not None else None
    return replace(finding, message=mask_forms(finding.message), help=help, place=place)


def mask_object(object: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a Kubernetes object without secrets; all that a Secret holds is masked."""
    if object is None:
        return None
    kind = object.get("kind")
    masked = {}
    for key, value in object.items():
        if kind == "Secret" and key in _SECRET_DATA and isinstance(value, Mapping):
            masked[key] = dict.fromkeys(value, MASK)
        elif kind == "SealedSecret" and key == "spec" and isinstance(value, Mapping):
            masked[key] = {name: _mask_template(item) if name == "template" else item for name, item in value.items()}
        else:
            masked[key] = mask_value(value)
    return masked


def mask_change(kind: str, change: Change) -> Change:
    """Return a field's change without secrets, judged by its path and the object's kind."""
    before, after = change.before, change.after
    if _is_secret_path(kind, change.path):
        return Change(change.path, None if before is None else MASK, None if after is None else MASK)
    return Change(change.path, _mask_shown(before), _mask_shown(after))


def _mask_environment(environment: EnvironmentReview) -> EnvironmentReview:
    return replace(
        environment,
        objects=tuple(map(_mask_object_change, environment.objects)),
        risks=tuple(map(_mask_risk, environment.risks)),
        findings=tuple(map(mask_finding, environment.findings)),
    )


def _mask_object_change(change: ObjectChange) -> ObjectChange:
    fields = tuple(mask_change(change.kind, field) for field in change.changes)
    return replace(change, before=mask_object(change.before), after=mask_object(change.after), changes=fields)


def _mask_risk(risk: Risk) -> Risk:
    return replace(risk, message=mask_forms(risk.message), advice=mask_forms(risk.advice))


def _is_secret_path(kind: str, path: str) -> bool:
    """Whether a plain value at `path` is a secret: `data.x` of a Secret, `env[HF_TOKEN].value`,
    `args[--api-key]`."""
    steps = path.replace("]", "").replace("[", ".").split(".")
    if kind == "Secret" and steps[0] in _SECRET_DATA:
        return True
    if "valueFrom" in steps or steps[-1] in ("name", "secretName", "secretKey", "key"):
        return False
    named = [step for step in steps[-2:] if is_secret_name(step)]
    return bool(named) and (is_secret_name(steps[-1]) or steps[-1] in ("value", "plain"))


def _mask_shown(text: str | None) -> str | None:
    """A field's value as it is shown; one that is a map or list in JSON is masked inside."""
    if text is None or text[:1] not in ("{", "["):
        return mask_text(text) if text is not None else None
    try:
        value = json.loads(text)
    except ValueError:
        return mask_text(text)
    masked = mask_value(value)
    return text if masked == value else json.dumps(masked, ensure_ascii=False)


def mask_value(value: Any) -> Any:
    """Return plain data without secrets, whatever it belongs to."""
    if isinstance(value, Mapping):
        return _mask_map(value)
    if isinstance(value, list):
        return _mask_list(value)
    return mask_text(value) if isinstance(value, str) else value


def _mask_template(template: Any) -> Any:
    """A SealedSecret's template: what it adds to the Secret in plain text is hidden."""
    if not isinstance(template, Mapping):
        return template
    return {
        key: dict.fromkeys(value, MASK) if key in _SECRET_DATA and isinstance(value, Mapping) else mask_value(value)
        for key, value in template.items()
    }


def _mask_map(value: Mapping[str, Any]) -> dict[str, Any]:
    name = value.get("name")
    named = isinstance(name, str) and is_secret_name(name)
    masked = {}
    for key, item in value.items():
        hidden = is_secret_name(key) or (named and key == "value")
        if key == _LAST_APPLIED or (hidden and _is_plain(item)):
            masked[key] = MASK
        elif is_secret_name(key) and isinstance(item, Mapping) and _is_plain(item.get("value")):
            masked[key] = mask_value({**item, "value": MASK})
        else:
            masked[key] = mask_value(item)
    return masked


def _mask_list(items: list[Any]) -> list[Any]:
    """Items, where the one after a flag that names a secret is its value."""
    masked = []
    flag = False
    for item in items:
        plain = isinstance(item, str)
        masked.append(MASK if flag and plain and not item.startswith("--") else mask_value(item))
        flag = plain and item.startswith("--") and "=" not in item and is_secret_name(item)
    return masked


def _is_plain(value: Any) -> bool:
    """Whether a value under a secret's name may be the secret: text that is not empty, a number; no
    reference."""
    if isinstance(value, str):
        return bool(value) and not is_reference(value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)
