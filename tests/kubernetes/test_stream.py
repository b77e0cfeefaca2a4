"""Streams of objects: documents one by one, lists, live objects, places, and text that nobody meant well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack import yamlio
from llmstack.finding import Severity
from llmstack.kubernetes.stream import MOST_FINDINGS, read_stream

LIST = """# a comment
---
# Source: chart/templates/x.yaml
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: a
    uid: 1-2
    managedFields: [{manager: helm}]
    annotations: {deployment.kubernetes.io/revision: "3", mine: x}
  spec:
    template:
      spec:
        containers:
        - name: c
          args: [a,
            b]
  status: {replicas: 1}
- {apiVersion: v1, kind: ConfigMapList, items: [{metadata: {name: m}}]}
"""


def test_objects_of_lists_come_without_what_a_server_adds() -> None:
    stream = read_stream(LIST, "x.yaml")
    deployment, config = stream.items
    assert deployment.object["metadata"] == {"name": "a", "annotations": {"mine": "x"}}
    assert "status" not in deployment.object
    assert (deployment.is_live, config.is_live) == (True, False)
    assert (config.object["kind"], config.object["metadata"]["name"]) == ("ConfigMap", "m")
    assert not stream.findings


@pytest.mark.parametrize(
    ("route", "line"),
    [((), 7), (("spec", "template", "spec", "containers", 0, "args", 1), 20), (("spec", "nothing", "here"), 15)],
)
def test_a_place_is_the_line_of_the_stream(route: tuple[str | int, ...], line: int) -> None:
    assert read_stream(LIST, "x.yaml").items[0].place(route).line == line


def test_a_document_after_comments_begins_at_its_first_key() -> None:
    text = "---\n# Source: a\n\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n--- \napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
    assert [item.place().line for item in read_stream(text, "x").items] == [4, 8]


def test_a_broken_document_hides_no_other() -> None:
    stream = read_stream("a: [\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\n- 1\n", "x.yaml")
    assert [item.object["metadata"]["name"] for item in stream.items] == ["s"]
    assert [(each.id, each.severity, each.place and each.place.line) for each in stream.findings] == [
        ("yaml-syntax", Severity.ERROR, 2),
        ("not-an-object", Severity.WARNING, 7),
    ]


def test_directives_json_and_a_byte_order_mark_are_read() -> None:
    for text in (
        "%YAML 1.1\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
        '\ufeff{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}',
        "--- {apiVersion: v1, kind: Service, metadata: {name: s}}\n...\n",
        "apiVersion: v1\r\nkind: Service\r\nmetadata: {name: s}\r\n---\r\n",
    ):
        assert [item.object["kind"] for item in read_stream(text, "x").items] == ["Service"], text


def test_a_separator_in_a_text_is_text() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  a: |\n    ---\n    b\n"
    (item,) = read_stream(text, "x").items
    assert item.object["data"] == {"a": "---\nb\n"}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000, "{a: " * 5000, "- " * 9000 + "x", "a: &a [*a]", "a: &a x\nb: [" + "*a, " * 60_000 + "]",
        "!!python/object/apply:os.system [x]", "x: !vault y", "? [a]\n: b", "\x00", "a: \x07", "@", "a\tb:\n\t- c",
        "kind: List\nitems: 7", "kind: List\nitems: [[], null, 1, {kind: List, items: [{kind: List, items: [{}]}]}]",
        "apiVersion: [v1]\nkind: {a: b}\nmetadata: x", "apiVersion: v1\nkind: Pod\nmetadata: {name: [x]}", "9" * 5000,
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: 7}\nspec: {}",
    ],
    ids=range(18),
)  # fmt: skip
def test_hostile_text_is_findings(text: str) -> None:
    stream = read_stream(text, "x")
    for item in stream.items:
        assert isinstance(item.object["metadata"], dict)
        item.place(("spec", 0, "a"))


def test_findings_are_bounded() -> None:
    stream = read_stream("---\n- 1\n" * 1000, "x")
    assert len(stream.findings) == MOST_FINDINGS + 1
    assert "900 more" in stream.findings[-1].message


@given(st.text(alphabet="-:[]{}&*!|>'\"#%\n\t aklxv1\u2028", max_size=80))
def test_any_text_is_read(text: str) -> None:
    read_stream(text, "x")


@pytest.mark.parametrize(
    "value",
    ["1.0", "1e3", "0.5", "123456789012345678901", "true", "null", '"1"', '"\\u00e9\\/\\n"', "[1.50, {}]", "1e999"],
)
def test_json_is_read_as_yaml_reads_it(value: str) -> None:
    text = f'{{"apiVersion": "x/v1", "kind": "X", "metadata": {{"name": "x"}}, "spec": {{"a": {value}}}}}'
    (item,) = read_stream(text, "x").items
    assert item.object == yamlio.load(text)
    assert repr(item.object) == repr(yamlio.load(text))


def test_deep_json_is_refused_as_deep_yaml_is() -> None:
    stream = read_stream('{"a": ' * 150 + "1" + "}" * 150, "x")
    assert [finding.id for finding in stream.findings] == ["yaml-syntax"]
