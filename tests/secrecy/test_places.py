"""Where secrets stand in what a file holds: each with its route, what names it, and in which way it is one."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack import yamlio
from llmstack.secrecy.files import find_lines, mask_file
from llmstack.secrecy.places import find_places, plaintext_in_objects

TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWx12"
PLACES: dict[str, list[tuple[Any, ...]]] = {
    "a: 1": [],
    "password: hunter2": [("password", "password", "value")],
    f"note: use {TOKEN} here": [("note", "note", "text")],
    f"{TOKEN}: 1": [(TOKEN, "a key", "key")],
    "hf_token: placeholder": [("hf_token", "hf_token", "value")],
    "credentials: x": [("credentials", "credentials", "value")],
    "env: [{name: HF_TOKEN, value: hunter2}]": [("env", 0, "value", "HF_TOKEN", "value")],
    "env: [{name: PORT, value: hunter2}]": [],
    "env: [{name: HF_TOKEN, value: $(OTHER)}, {name: A_KEY}]": [],
    "list: [{key: password, value: hunter2}]": [("list", 0, "value", "password", "value")],
    "password: {value: hunter2}": [("password", "value", "password", "value")],
    "password: {plain: hunter2}": [("password", "plain", "password", "value")],
    "vllmApiKey: {value: x}": [("vllmApiKey", "value", "vllmApiKey", "value")],
    "password: {name: x, value: hunter2}": [("password", "value", "password", "value")],
    "password: {existing: a}": [],
    "args: [--api-key, a, b, --port, '1']": [("args", 1, "--api-key", "argument"), ("args", 2, "--api-key", "argument")],
    "args: [--hf-token, $(HF_TOKEN), --hf-token=hunter2]": [("args", 2, "--hf-token", "argument")],
    "kind: Secret\ndata: {a: eA==, b: eQ==}": [("data", "Secret", "data")],
    "kind: Secret\nstringData: {a: x, b: $(A)}": [("stringData", "Secret", "data")],
    "kind: Secret\nstringData: {a: $(A), b: ''}": [],
    "kind: Secret\ndata: {a: {b: [1]}}": [("data", "Secret", "data")],
    "kind: Secret\ndata: {a: {b: [$(A)]}}": [],
    "kind: Secret\nmetadata: {name: a}\ntype: Opaque": [],
    "kind: ConfigMap\ndata: {a: x}": [],
    "kind: SecretList\nitems: [{data: {a: eA==}}, 1, {kind: ConfigMap, data: {a: x}}]": [("items", 0, "data", "Secret", "data")],
    "kind: List\nitems: [{data: {a: eA==}}]": [],
    "kind: SealedSecret\nspec: {encryptedData: {password: AgBhunter2}}": [],
    "existing: {secrets: {a: [password, token]}}": [],
    "secrets: {password: hunter2}": [("secrets", "password", "password", "value")],
}  # fmt: skip


@pytest.mark.parametrize("text", PLACES)
def test_where_secrets_stand(text: str) -> None:
    found = [(*place.route, place.name, place.form) for place in find_places(yamlio.load(text))]
    assert found == PLACES[text]


def test_objects_are_counted_and_what_is_no_map_holds_none() -> None:
    objects = [{"a": 1}, "password: hunter2", None, {"kind": "Secret", "data": {"a": "eA=="}}, {"token": "hunter2"}]
    assert [(index, place.name) for index, place in plaintext_in_objects(objects)] == [(3, "Secret"), (4, "token")]


SHOWN = {
    "password: hunter2\nport: 1\n": "password: (masked)\nport: 1\n",
    "password: hunter2\r\nport: 1\r\n": "password: (masked)\r\nport: 1\r\n",
    "password: !!str &a hunter2 # why\nb: *a\n": "password: (masked)\nb: *a\n",
    "password: |\n  hunter2\n\n  more\nport: 1\n": "password: |\n  (masked)\n\n  (masked)\nport: 1\n",
    "a: {password: 'hunter2', port: 1}\n": "a: {password: (masked)\n",
    f'a: "\\u0068{TOKEN[1:]}"\n': "a: (masked)\n",
    f"a: x {TOKEN} y\n": "a: x (masked) y\n",
    f"{TOKEN}: x\n": "(masked): x\n",
    "kind: Secret\nstringData:\n  a: [x, {y: z}]\nmetadata: {name: n}\n": "kind: Secret\nstringData:\n  a: [(masked), {y: (masked)}]\nmetadata: {name: n}\n",
    "password: hunter2\npassword: ~\n": "password: (masked)\npassword: ~\n",
    "env:\n- name: HF_TOKEN\n  value: hunter2\n  value: $(A)\n": "env:\n- name: HF_TOKEN\n  value: (masked)\n  value: $(A)\n",
    "? [a, b]\n: {password: hunter2}\n": "? [a, b]\n: {password: (masked)\n",
    "x: *unknown\npassword: hunter2\n": "x: *unknown\npassword: (masked)\n",
    "a: [\npassword: hunter2 and more\n": "a: [\npassword: (masked)\n",
    "password:\n": "password:\n",
    "# password: hunter2hunter\nport: 1\n": "# password: (masked)\nport: 1\n",
}  # fmt: skip


@pytest.mark.parametrize("text", SHOWN)
def test_of_a_file_other_lines_are_shown(text: str) -> None:
    assert mask_file(text) == SHOWN[text]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: 1\npassword: hunter2hunter # of the database\n", [1]),
        ("a: 1 # password: hunter2hunter\n", [0]),
        ("a: 1 # the token: the name of the Secret\n", []),
        ("# token: hunter\npassword: $(A)\ntoken: hunter2hunter", [2]),
        ("password: '#hunter2hunter'\n", [0]),
    ],
)
def test_the_lines_on_which_a_secret_stands(text: str, lines: list[int]) -> None:
    assert list(find_lines(text)) == lines
