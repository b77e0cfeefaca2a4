"""Where secrets stand in what a file holds: each with its route, what names it, and in which way it is one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.secrecy.files import find_lines, mask_file
from llmstack.secrecy.lines import line_may_hold_secret
from llmstack.secrecy.masking import mask, mask_object
from llmstack.secrecy.places import find_places, plaintext_in_objects

TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWx12"
PLACES: dict[str, list[tuple[Any, ...]]] = {
    "a: 1": [],
    "password: hunter2": [("password", "password", "value")],
    f"note: use {TOKEN} here": [("note", "note", "text")],
    f"{TOKEN}: 1": [(TOKEN, "a key", "key")],
    "hf_token: placeholder": [("hf_token", "hf_token", "value")],
    "credentials: x": [("credentials", "credentials", "value")],
    "hf_token: none": [("hf_token", "hf_token", "value")],
    "vllmApiKey: /run/key": [("vllmApiKey", "vllmApiKey", "value")],
    "vllmApiKey: true": [],
    "env: [{name: HF_TOKEN, value: hunter2}]": [("env", 0, "value", "HF_TOKEN", "value")],
    "env: [{name: PORT, value: hunter2}]": [],
    "env: [{name: HF_TOKEN, value: $(OTHER)}, {name: A_KEY}]": [],
    "list: [{key: password, value: hunter2}]": [("list", 0, "value", "password", "value")],
    "tolerations: [{key: auth, operator: Equal, value: team1}]": [],
    "alb.ingress.kubernetes.io/auth-session-cookie: AWSELBAuthSessionCookie": [],
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
    "kind: SealedSecret\nspec: {encryptedData: {a: hunter2hunter2}}": [("spec", "encryptedData", "a", "a", "value")],
    "existing: {secrets: {a: [password, token]}}": [],
    "{kty: RSA, n: hunter2, e: AQAB, d: hunter2, kid: a}": [("d", "privateKey", "value")],
    "{n: hunter2, d: hunter2}": [],
    "secretGenerator: [{name: a, literals: [a=hunter2]}]": [("secretGenerator", 0, "literals", 0, "secret", "value")],
    "configMapGenerator: [{name: a, literals: [a=hunter2]}]": [],
    "- {op: add, path: /data/password, value: hunter2}": [(0, "value", "/data/password", "value")],
    "- {op: add, path: /metadata/annotations/a.b~1token, value: hunter2}": [(0, "value", "/metadata/annotations/a.b~1token", "value")],
    "- {op: add, path: /data/port, value: hunter2}": [],
    "- {op: eq, name: HF_TOKEN, value: hunter2}": [(0, "value", "HF_TOKEN", "value")],
    "args: [mysql, -phunter2]": [("args", 1, "-p", "argument")],
    "args: [docker, login, -p, hunter2]": [("args", 3, "-p", "argument")],
    "args: [docker, run, -p, '8000:80']": [],
    "secrets: {password: hunter2}": [("secrets", "password", "password", "value")],
}  # fmt: skip


@pytest.mark.parametrize("text", PLACES)
def test_where_secrets_stand(text: str) -> None:
    found = [(*place.route, place.name, place.form) for place in find_places(yamlio.load(text))]
    assert found == PLACES[text]


def test_objects_are_counted_and_what_is_no_map_holds_none() -> None:
    objects = [{"a": 1}, "password: hunter2", None, {"kind": "Secret", "data": {"a": "eA=="}}, {"token": "hunter2"}]
    assert [(index, place.name) for index, place in plaintext_in_objects(objects)] == [(3, "Secret"), (4, "token")]


WORDS: dict[tuple[Any, ...], list[Any]] = {
    ("--api-key", "a", "b", "--port", "1"): ["--api-key", "(masked)", "(masked)", "--port", "1"],
    ("--api-key", "http://u:p@h", "--x"): ["--api-key", "(masked)", "--x"],
    ("--hf-token", "two words", "m"): ["--hf-token", "(masked)", "m"],
    ("--hf_token=x", "--hf-token=$(A)"): ["--hf_token=(masked)", "--hf-token=$(A)"],
    ("--port 1 --api-key=hunter2 --x 2",): ["--port 1 --api-key=(masked) --x 2"],
    ("--hf-token=two words",): ["--hf-token=(masked)"],
    ("--config=password=hunter2",): ["--config=password=(masked)"],
    ("sh", "-c", "vllm serve m --api-key hunter2 --port 1"): ["sh", "-c", "vllm serve m --api-key (masked) --port 1"],
    ("HF_TOKEN=hunter2", f"x {TOKEN} y"): ["HF_TOKEN=(masked)", "x (masked) y"],
    ("curl", "-u", "admin:hunter2", "https://h"): ["curl", "-u", "(masked)", "https://h"],
    ("curl", "--user", "admin", "https://u:p@h"): ["curl", "--user", "admin", "https://(masked)@h"],
    ("redis-cli", "-a", "hunter2", "ping"): ["redis-cli", "-a", "(masked)", "ping"],
    ("--api-key", f"/run/{TOKEN}/key"): ["--api-key", "/run/(masked)/key"],
    ("--sentry-dsn", "https://host/1", 1, None): ["--sentry-dsn", "https://host/1", 1, None],
}  # fmt: skip


@pytest.mark.parametrize("words", WORDS)
def test_of_a_command_line_other_words_are_shown(words: tuple[Any, ...]) -> None:
    assert mask(list(words)) == WORDS[words]
    found = {place.route[1] for place in find_places({"args": list(words)})}
    assert found == {
        index for index, (before, after) in enumerate(zip(words, WORDS[words], strict=True)) if before != after
    }


OBJECTS: list[tuple[Any, Any]] = [
    ({"kind": "Secret", "data": {"a": "x"}, "stringData": {"b": "y"}, "type": "Opaque"},
     {"kind": "Secret", "data": {"a": "(masked)"}, "stringData": {"b": "(masked)"}, "type": "Opaque"}),
    ({"kind": "Secret", "data": None}, {"kind": "Secret", "data": None}),
    ({"kind": "SecretList", "items": [{"data": {"a": "x"}}, "y"]}, {"kind": "SecretList", "items": [{"data": {"a": "(masked)"}}, "y"]}),
    ({"kind": "SecretList", "items": "x"}, {"kind": "SecretList", "items": "x"}),
    ({"kind": "ConfigMap", "data": {"a": "x"}}, {"kind": "ConfigMap", "data": {"a": "x"}}),
    ({"kind": "SealedSecret", "spec": {"encryptedData": {"a": "x"}, "template": {"data": {"b": "y"}, "type": "t"}}},
     {"kind": "SealedSecret", "spec": {"encryptedData": {"a": "(masked)"}, "template": {"data": {"b": "(masked)"}, "type": "t"}}}),
    ({"kind": "SealedSecret", "spec": "x"}, {"kind": "SealedSecret", "spec": "x"}),
    ({"kind": "A", "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "b": "c"}}},
     {"kind": "A", "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "(masked)", "b": "c"}}}),
    ({"kind": "A", TOKEN: 1, 2: "x"}, {"kind": "A", "(masked)": 1, 2: "x"}),
    ({"env": [{"name": "HF_TOKEN", "value": "x"}, {"name": "PORT", "value": "1"}, {"name": "HF_TOKEN", "valueFrom": {"a": "b"}}]},
     {"env": [{"name": "HF_TOKEN", "value": "(masked)"}, {"name": "PORT", "value": "1"}, {"name": "HF_TOKEN", "valueFrom": {"a": "b"}}]}),
    ({"token": f"x {TOKEN} y"}, {"token": "(masked)"}),
    ({"password": 12345678, "url": "redis://u:p@h", "token": "$(A)"}, {"password": "(masked)", "url": "redis://(masked)@h", "token": "$(A)"}),
]  # fmt: skip


@pytest.mark.parametrize(("item", "shown"), OBJECTS)
def test_of_an_object_other_fields_are_shown(item: Any, shown: Any) -> None:
    before = deepcopy(item)
    assert mask_object(item) == shown
    assert item == before


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
    "a: [\r\npassword: hunter2\r\nport: 1\r\n": "a: [\r\npassword: (masked)\r\nport: 1\r\n",
    "password:\n": "password:\n",
    "# password: hunter2hunter\nport: 1\n": "# password: (masked)\nport: 1\n",
}  # fmt: skip


@pytest.mark.parametrize("text", SHOWN)
def test_of_a_file_other_lines_are_shown(text: str) -> None:
    assert mask_file(text) == SHOWN[text]


@pytest.mark.parametrize(
    ("line", "may"),
    [
        ("- {name: HF_TOKEN, value: hunter2}", True), ("- {value: hunter2, name: HF_TOKEN}", True),
        ("- {value: hunter2, name: PORT}", False), ("- {name: PORT, value: hunter2}", False), ("  value: hunter2", True),
        ("- value: hunter2", True), ("  value:", False), ("  values: hunter2", False), ("name: HF_TOKEN", False),
        ("args: [--api-key, hunter2]", True), ("args: [--port, hunter2]", False), ("image: hunter2", False),
    ],
)  # fmt: skip
def test_a_line_alone_may_hold_a_secret(line: str, may: bool) -> None:
    assert line_may_hold_secret(line) is may


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
