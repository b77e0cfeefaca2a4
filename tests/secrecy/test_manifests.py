"""Secrets of Kubernetes as texts: in patches, in ConfigMaps, in lists of objects. What they hold is not shown."""

from __future__ import annotations

import base64
import json

import pytest

from llmstack import yamlio
from llmstack.secrecy.credentials import holds_secret
from llmstack.secrecy.files import find_lines, mask_file
from llmstack.secrecy.masking import mask_object, mask_text
from llmstack.secrecy.places import find_places

HELD = "Xk9vQ2mLr7tB"
IN_BASE64 = base64.b64encode(HELD.encode()).decode()
MANIFEST = f"kind: Secret\nmetadata: {{name: x}}\nstringData:\n  userkey: {HELD}\n  other: |\n    {HELD}\n"


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "ConfigMap", "data": {"a.yaml": MANIFEST}},
        {"kind": "ConfigMap", "data": {"a.yaml": f"kind: ConfigMap\ndata: {{a: b}}\n---\n{MANIFEST}"}},
        {"kind": "ConfigMap", "data": {"a.json": json.dumps(yamlio.load_all(MANIFEST)[0])}},
        {"kind": "ConfigMap", "data": {"a": f"kind: Secret\ndata: {{userkey: {IN_BASE64}}}"}},
        {"kind": "ConfigMap", "data": {"a.json": json.dumps({"a": json.dumps({"token": HELD}, separators=(",", ":"))})}},
        {"kind": "List", "items": [{"kind": "Secret", "stringData": {"userkey": HELD}}]},
        {"kind": "Kustomization", "patches": [{"patch": MANIFEST}]},
        {"kind": "Kustomization", "patches": [{"patch": f"- op: add\n  path: /stringData/userkey\n  value: {HELD}"}]},
        {"kind": "Kustomization", "patches": [
            {"target": {"kind": "Secret"}, "patch": f"- op: add\n  path: /data/userkey\n  value: {IN_BASE64}"}]},
        {"kind": "Kustomization", "patches": [{"patch": json.dumps([{"op": "add", "path": "/stringData/userkey", "value": HELD}])}]},
        [{"op": "add", "path": "/stringData/userkey", "value": HELD}],
    ],
)  # fmt: skip
def test_what_a_secret_holds_is_found_and_not_shown(item: object) -> None:
    text = yamlio.dump(item)
    assert list(find_places(item))
    assert list(find_lines(text))
    shown = mask_file(text) + (json.dumps(mask_object(item)) if isinstance(item, dict) else "")
    for part in (HELD, HELD[:6], HELD[-6:], IN_BASE64):
        assert part not in shown


@pytest.mark.parametrize(
    "text",
    [
        "kind: Secret\nmetadata: {name: x}\ntype: Opaque\n",
        "kind: Secret\nstringData: {}\n",
        "kind: Secret\nstringData:\n  token: ${TOKEN}\n  # a comment\n  other: '{{ .other | b64enc }}'\n",
        "kind: Secret\ndata:\n  token: ENC[AES256_GCM,data:aB3=,iv:aB3=,tag:aB3=,type:str]\n",
        "kind: SecretStore\ndata:\n  a: plain text\n",
        "kind: ConfigMap\ndata:\n  a: plain text\n",
        "the kind: Secret, and its data: see the page\n",
        "path: /stringData/token\nop: remove\n",
        "kind: ConfigMap\ndata: {a: b}\n---\nkind: Secret\nmetadata: {name: x}\n",
    ],
)
def test_what_holds_nothing_in_plain_text(text: str) -> None:
    assert not holds_secret(text)
    assert mask_text(text) == text


def test_a_patch_of_something_else_is_none() -> None:
    patch = {"target": {"kind": "ConfigMap"}, "patch": "- op: add\n  path: /data/a\n  value: plain"}
    removal = {"target": {"kind": "Secret"}, "patch": "- op: remove\n  path: /data/a"}
    assert not list(find_places({"patches": [patch, removal]}))
