"""Secrets are never printed: every report passes what it shows through here.

What counts as secret is what secrecy/ says. A review has masked its objects already; texts of findings
and risks, and reviews that come from elsewhere, are masked here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec.structs import replace

from llmstack.finding import Finding
from llmstack.secrecy.credentials import MASK
from llmstack.secrecy.lines import line_may_hold_secret
from llmstack.secrecy.masking import mask, mask_object, mask_text, mask_words
from llmstack.secrecy.names import is_secret_name
from llmstack.secrecy.places import SECRET_DATA
from llmstack.secrecy.told import mask_told

if TYPE_CHECKING:  # findings are masked where nothing is reviewed
    from llmstack.review.change import Change, ObjectChange
from llmstack.report.visible import bounded
from llmstack.review.result import EnvironmentReview, Review


def mask_review(review: Review) -> Review:
    """Return the review without a secret in it, objects included, and without a name that nobody reads to its end."""
    environments = {name: _mask_environment(environment) for name, environment in review.environments.items()}
    return mask_told(replace(review, environments=environments), bounded)


def mask_finding(finding: Finding) -> Finding:
    """Return the finding without its source line where that may hold a secret, credentials in its texts
    masked, and those of readable length."""
    place = finding.place
    if place is not None and place.source_line is not None:
        named = any(isinstance(step, str) and is_secret_name(step) for step in finding.route or ())
        if finding.secret or named or line_may_hold_secret(place.source_line):
            place = replace(place, source_line=None)
    if place is not None:
        place = replace(place, path=mask_words(place.path))
    route = finding.route and tuple(mask_words(step) if isinstance(step, str) else step for step in finding.route)
    help = bounded(mask_words(finding.help)) if finding.help is not None else None
    return replace(finding, message=bounded(mask_words(finding.message)), help=help, place=place, route=route)


def mask_change(kind: str, change: Change) -> Change:
    """Return a field's change without secrets, judged by its path and the object's kind."""
    before, after, path = change.before, change.after, mask_words(change.path)
    if _is_secret_path(kind, change.path):
        before, after = (None if side is None else MASK for side in (before, after))
    return replace(change, path=path, before=_mask_shown(before), after=_mask_shown(after))


def _mask_environment(environment: EnvironmentReview) -> EnvironmentReview:
    """What is masked by more than its words: fields of objects by their paths, findings by their lines."""
    return replace(
        environment,
        objects=tuple(map(_mask_object_change, environment.objects)),
        findings=tuple(map(mask_finding, environment.findings)),
    )


def _mask_object_change(change: ObjectChange) -> ObjectChange:
    fields = tuple(mask_change(change.kind, field) for field in change.changes)
    before, after = (None if side is None else mask_object(side) for side in (change.before, change.after))
    return replace(change, before=before, after=after, changes=fields)


def _is_secret_path(kind: str, path: str) -> bool:
    """Whether a plain value at `path` is a secret: `data.x` of a Secret, `env[HF_TOKEN].value`,
    `args[--api-key]`."""
    steps = path.replace("]", "").replace("[", ".").split(".")
    if kind == "Secret" and steps[0] in SECRET_DATA:
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
        masked = mask(value)
    except (ValueError, RecursionError):
        return mask_text(text)
    return text if masked == value else json.dumps(masked, ensure_ascii=False)
