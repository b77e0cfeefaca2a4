"""What can be wrong before any check runs: findings of reading files and of validating the model, and of
whole trees.

Their ids are not in the table of checks: what cannot be understood cannot be ignored. This table is their
documentation.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from llmstack.finding import Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


class Page(Struct, frozen=True):
    """What an id means, and how to mend it."""

    severity: Severity
    meaning: str
    fix: str


TEXT: Mapping[str, Page] = {
    "yaml-syntax": Page(_ERROR, "The file is not YAML.", "Indent with spaces; quote text with `: ` or ` #` in it."),
    "duplicate-key": Page(_ERROR, "A map has a key twice, or a key under two of its spellings.", "Keep one."),
    "bad-key": Page(_ERROR, "A key is not text, or begins with `$`.", 'Quote it: `"8080":`.'),
    "several-documents": Page(_ERROR, "The file holds more than one YAML document.", "Remove the `---`."),
    "yaml-tag": Page(_ERROR, "A YAML tag such as `!!python` or `!vault`.", "Remove it; quote a value to make it text."),
    "ambiguous-scalar": Page(
        _ERROR, "A bare value that parsers read differently: `1_000`, `0o17`, `.inf`.", "Quote it, or write a decimal."
    ),
    "alias-bomb": Page(_ERROR, "Aliases and merge keys stand for too many values.", "Write the values out."),
    "too-deep": Page(_ERROR, "More than 64 levels deep.", "Values nest a few levels only."),
    "merge-conflict": Page(
        _ERROR,
        "Lines of Git's in the file say that two changes of it were not merged.",
        "Choose between the two sides, and remove the lines of signs.",
    ),
    "too-large": Page(
        _ERROR,
        "The file has more than 16 MiB, 500,000 keys and values, or 20,000 in one map or list.",
        "Split it into environments.",
    ),
    "too-many-problems": Page(
        _ERROR, "The values have more problems than are listed.", "Correct those that are: the next run names others."
    ),
    "wrapped-values": Page(
        _ERROR,
        "The file is a HelmRelease, an Application, or a parent chart's values, with values in it.",
        "`llmstack migrate FILE --write` makes a values file of them.",
    ),
    "bad-encoding": Page(_ERROR, "The file is not UTF-8.", "Save it as UTF-8."),
    "bad-character": Page(
        _ERROR,
        "A control character, or one that changes the direction of writing.",
        "Remove it: a reviewer cannot see it.",
    ),
}
"""Findings on a file's text (values/source.py, values/layers.py)."""

MODEL: Mapping[str, Page] = {
    "unknown-key": Page(
        _ERROR, "A key that the section does not have.", "Correct it: the finding names the nearest one."
    ),
    "wrong-type": Page(_ERROR, "A value of another type: `tag: 1.10` is a number.", "Quote text; write numbers bare."),
    "bad-value": Page(_ERROR, "A value that the key does not take.", "Choose one of those that the finding lists."),
    "bad-quantity": Page(_ERROR, "Not a Kubernetes quantity.", "Write `500m`, `6`, `16Gi`."),
    "bad-port": Page(_ERROR, "Not a port.", "Write a number from 1 to 65535."),
    "bad-duration": Page(_ERROR, "Not a duration.", "Write `90s`, `12m`, `1h30m`."),
    "bad-date": Page(_ERROR, "Not a date.", "Write `2026-12-31`."),
    "bad-price": Page(_ERROR, "Not a price.", "Write `2.40`."),
    "bad-currency": Page(_ERROR, "Not a currency's code.", "Write `EUR`."),
    "other-chart": Page(
        _WARNING, "A section of another chart: nothing is generated from it.", "Keep it with that chart's values."
    ),
}
"""Findings of validating the model (model/reading.py). `missing-key` and `bad-name` are checks as well:
see there."""

TREE: Mapping[str, Page] = {
    "stale-tree": Page(_WARNING, "The generated tree is not what its values generate.", "Run `llmstack gen`, commit."),
    "too-many-pods": Page(
        _WARNING,
        "A workload of a change has so many pods that its rollout is not played through: its course is unknown.",
        "Correct its replicas, or merge it by itself and watch it.",
    ),
    "not-settled": Page(
        _NOTE,
        "`diff --observed`: a rollout of a workload that changes goes on, or not all of its replicas serve.",
        "Wait until it is done, unless the change is to end it.",
    ),
    "not-generated": Page(_ERROR, "An environment has no generated units.", "Run `llmstack gen`."),
    "orphaned-custom": Page(
        _WARNING,
        "An overlay in custom/ builds on a unit that is not generated, or stands where none is built.",
        "Remove it, or rename it: an overlay of the model `llama` in values/prod.yaml is custom/prod/models/llama.",
    ),
    "missing-secret": Page(
        _WARNING,
        "A Secret, or a key of it, that objects read is not among the encrypted manifests.",
        "Run `llmstack secret set`.",
    ),
    "foreign-sops-rules": Page(
        _NOTE,
        ".sops.yaml was not written by llmstack: no rules are written into it.",
        "Give it a rule for overlays/<env>/secrets/, where people run `sops` themselves.",
    ),
    "secret-namespace": Page(
        _ERROR, "An encrypted manifest is for another namespace.", "Remove it, and run `llmstack secret set` again."
    ),
    "not-migrated": Page(
        _WARNING,
        "`migrate` cannot rewrite an old spelling in the form it is written in.",
        "Change it by hand.",
    ),
    "default-differs": Page(
        _NOTE, "`migrate`: a key is unset, and llmstack's default is not the chart's.", "Set it, or `--keep-defaults`."
    ),
    "chart-ignored": Page(
        _NOTE, "`migrate`: a key that the chart accepted and did not read acts now.", "Remove it, if it shall not."
    ),
    "release-unnamed": Page(
        _NOTE, "`migrate`: nothing says which Helm release the values are of.", "Give `--release` and `--namespace`."
    ),
    "remote-reference": Page(
        _ERROR,
        "A kustomization refers to what is no file or folder in base/, overlays/, custom/ or clusters/: to a URL, a "
        "repository, a path that leads out, a Helm chart, or a plugin that is a program. Kustomize would fetch it or "
        "run something for it, on the machine that reviews and in the cluster's controller alike: nothing is built.",
        "Copy what it names into custom/, and name it there by a relative path.",
    ),
    "irregular-file": Page(
        _ERROR,
        "Where a file is read stands a folder, a pipe, a socket, a device, a link that leads out of the repository, or "
        "a file of more than 16 MiB.",
        "Put a regular file in its place, or remove it.",
    ),
    "bad-facts": Page(
        _ERROR,
        "A file of facts/ that a model or a cluster leads to cannot be read.",
        "Run the `llmstack learn` that wrote it again.",
    ),
    "bad-observation": Page(
        _WARNING,
        "A stretch of what kubectl printed cannot be read: it is cut off, no JSON, too deep, or one object too large.",
        "Save what the command that `llmstack learn cluster` prints writes to stdout, and nothing else.",
    ),
    "kept-facts": Page(
        _NOTE,
        "`llmstack learn cluster` or `diff --observed` was given input that shows less than the facts there are, or is "
        "older: what it does not show stays as it was known, and nothing newer is replaced.",
        "None is needed. To learn anew, remove the file in facts/clusters/ first.",
    ),
    "bad-log": Page(
        _ERROR,
        "A log that `llmstack learn log` is given holds no start of vLLM that went well, or one of another engine than "
        "the values have.",
        "Save the log from its first line until the engine serves, or learn from it at the commit that it ran by.",
    ),
    "build-failed": Page(
        _ERROR, "kustomize cannot build a unit.", "Run `llmstack gen`, or correct the overlay in custom/."
    ),
    "invalid-object": Page(
        _ERROR,
        "kubeconform refuses an object. In `diff`, a warning: a field that the API server could not read is left out.",
        "Correct the key or the overlay that the object comes from.",
    ),
    "no-schema": Page(
        _ERROR, "There is no schema for an object's kind.", "List the kind in `gitops.allowUnknownKinds`."
    ),
}
"""Findings of commands (kustomize/trust.py, kustomize/texts.py, repository/, tree/secrets.py, migrate/)."""

STREAMS: Mapping[str, Page] = {
    "not-an-object": Page(
        _WARNING, "What stands in a stream has no apiVersion, kind and name.", "Leave out what is no manifest."
    ),
    "duplicate-object": Page(_WARNING, "A stream has an object twice: the last one counts.", "Keep one."),
    "too-many-objects": Page(_ERROR, "A stream holds more objects than are reviewed.", "Review it in parts."),
    "too-many-findings": Page(_WARNING, "Findings beyond the first hundred are counted.", "Mend those first."),
    "no-objects": Page(_WARNING, "A stream holds no object: a program before may have failed.", "Look at its output."),
    "helm-hook": Page(_NOTE, "Hooks of Helm run beside a release: they are left out.", "Review them by eye."),
    "cannot-judge": Page(
        _WARNING,
        "An object of a kind that is not known makes pods: how many, and how they roll, is its controller's.",
        "Review what the controller makes of it.",
    ),
    "unknown-workload": Page(
        _WARNING, "`loadTimes` or `vllmVersions` names a workload that no stream has.", "Write the object's name."
    ),
    "left-in-cluster": Page(
        _NOTE, "What runs and is in no tree: nothing updates or deletes it.", "Delete it by hand when it may go."
    ),
    "held-value": Page(_NOTE, "Values change what a hold of `adopt` keeps as it runs.", "Remove the hold, or edit it."),
}
"""Findings of `diff` on objects that llmstack did not make, and on what is taken over."""

READING: Mapping[str, Page] = {**TEXT, **MODEL, **TREE, **STREAMS}
