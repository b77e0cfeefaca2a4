"""Reading one values file: places, and what is refused with a finding, soon."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmstack.errors import MAX_BYTES
from llmstack.finding import Place
from llmstack.report.text import render
from llmstack.values.source import read_source

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
MERGE_BOMB = "a: &a {x: 1}\n" + "".join(f"k{n}: &k{n}\n  <<: [{', '.join(['*a'] * 999)}]\n" for n in range(200))

HOSTILE = {
    "alias-bomb": (BOMB, "alias-bomb", 5),
    "merge-bomb": (MERGE_BOMB, "alias-bomb", None),
    "flow-depth": ("a: " + "[" * 100_000, "too-deep", 1),
    "map-depth": ("a: " + "{a: " * 50_000, "too-deep", 1),
    "block-depth": ("".join(" " * n + "a:\n" for n in range(200)), "too-deep", 65),
    "size": ("a: " + "x" * MAX_BYTES, "too-large", 1),
    "two-documents": ("a: 1\n---\nb: 2\n", "several-documents", 2),
    "tag": ("a: !!python/object/apply:os.system [x]\n", "yaml-tag", 1),
    "forced-text": ("a: !!str 1\n", "yaml-tag", 1),
    "integer-key": ("1: x\n", "bad-key", 1),
    "boolean-key": ("yes: x\n", "bad-key", 1),
    "null-key": ("~: x\n", "bad-key", 1),
    "collection-key": ("[a, b]: x\n", "bad-key", 1),
    "kustomize-directive": ("a: {$patch: delete}\n", "bad-key", 1),
    "control-character": ("a: b\x07\n", "bad-character", 1),
    "bidi-override": ("a: x\n# \u202e evil\n", "bad-character", 2),
    "next-line": ("a: x\u0085y\n", "bad-character", 1),
    "line-separator": ("a: x\u2028y\n", "bad-character", 1),
    "escaped-control": ('a: "\\x07"\n', "bad-character", 1),
    "escaped-bidi": ('a: "\\u202e"\n', "bad-character", 1),
    "duplicate": ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3),
    "duplicate-inside": ("a:\n  b: 1\n  b: 2\n", "duplicate-key", 3),
    "hexadecimal": ("a: 0x1F\n", "ambiguous-scalar", 1),
    "new-octal": ("a: 0o17\n", "ambiguous-scalar", 1),
    "underscores": ("a: 1_000\n", "ambiguous-scalar", 1),
    "leading-zero": ("a: 08\n", "ambiguous-scalar", 1),
    "infinity": ("a: .inf\n", "ambiguous-scalar", 1),
    "list": ("- a\n", "wrong-type", 1),
    "text": ("just text\n", "wrong-type", 1),
    "tab": ("a:\n\tb: 1\n", "yaml-syntax", 2),
    "unquoted-colon": ("a: b: c\n", "yaml-syntax", 1),
    "unknown-alias": ("a: *nothing\n", "yaml-syntax", 1),
    "own-alias": ("a: &a {b: *a}\n", "yaml-syntax", 1),
    "merge-of-text": ("a: {<<: text}\n", "yaml-syntax", 1),
}


@pytest.mark.parametrize(("text", "id", "line"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_hostile_or_ambiguous_is_a_finding_in_under_a_second_of_work(
    text: str, id: str, line: int | None
) -> None:
    started = time.process_time()
    source = read_source("values/prod.yaml", text.encode())
    assert time.process_time() - started < 1
    assert [finding.id for finding in source.findings][:1] == [id]
    place = source.findings[0].place
    assert place is not None
    assert line is None or place.line == line


@pytest.mark.parametrize(
    ("content", "id", "place"),
    [
        (b"\xff\xfea\x00", "bad-encoding", Place("v", 1, 1)),
        (b"a: 1\nb: \xff\n", "bad-encoding", Place("v", 2, 4)),
    ],
)
def test_bad_encodings(content: bytes, id: str, place: Place) -> None:
    (finding,) = read_source("v", content).findings
    assert (finding.id, finding.place) == (id, place)


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    source = read_source("v", b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: x\r\n")
    assert source.findings == ()
    assert source.data == {"a": 1, "b": {"c": "x"}}
    assert source.place(("b", "c")) == Place("v", 3, 3, 1, "  c: x")


def test_every_finding_of_a_file_in_one_run() -> None:
    source = read_source("v", b"a: 1\na: 2\n1: x\nc: 0x1\nd: !t x\n")
    assert [finding.id for finding in source.findings] == ["duplicate-key", "bad-key", "ambiguous-scalar", "yaml-tag"]


def test_places_of_keys_values_and_items() -> None:
    source = read_source("v", b"a:\n  - b: 1\n    c: [x, 'y z']\n")
    assert source.place(("a", 0, "c")) == Place("v", 3, 5, 1, "    c: [x, 'y z']")
    assert source.place(("a", 0, "c"), on_value=True) == Place("v", 3, 8, 1, "    c: [x, 'y z']")
    assert source.place(("a", 0, "c", 1)) == Place("v", 3, 12, 5, "    c: [x, 'y z']")
    assert source.place(("a", 1)) is None


def test_anchors_and_merge_keys_of_ordinary_size_are_read() -> None:
    text = b"base: &base {a: 1, b: 2}\nx:\n  <<: *base\n  b: 3\ny: *base\nz:\n  b: 4\n  <<: [*base, {c: 5}]\n"
    source = read_source("v", text)
    assert source.findings == ()
    assert source.data == {
        "base": {"a": 1, "b": 2}, "x": {"a": 1, "b": 3}, "y": {"a": 1, "b": 2}, "z": {"a": 1, "b": 4, "c": 5},
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "~\n", "---\n"])
def test_an_empty_file_says_nothing(text: str) -> None:
    source = read_source("v", text.encode())
    assert (source.findings, source.data) == ((), {})


def test_words_below_gitops_stay_as_written() -> None:
    text = b"a: {x: off}\ngitops: {checks: {mutable-tag: off}, d: 2026-12-31}\n"
    assert read_source("v", text).data == {
        "a": {"x": False}, "gitops": {"checks": {"mutable-tag": "off"}, "d": "2026-12-31"},
    }  # fmt: skip


SCALARS = {
    "1": 1, "-3": -3, "1.5": 1.5, "1e3": 1000.0, "0644": 420, "true": True, "Yes": True, "OFF": False, "null": None,
    "~": None, "y": "y", "1:30": "1:30", "2026-01-01": "2026-01-01", "v1.10": "v1.10", "=": "=", "0.11.2": "0.11.2",
    "16Gi": "16Gi",
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_plain_scalars_as_helm_reads_them(text: str, value: object) -> None:
    data = read_source("v", f"a: {text}\n".encode()).data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


@given(content=st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    source = read_source("v", content)
    assert source.findings or isinstance(source.data, dict)


@given(text=st.text(alphabet="ab:-[]{}&*<>|#'\"\\ \n\t!%@,?~01.é", max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_crashes_the_reader(text: str) -> None:
    source = read_source("v", text.encode())
    for finding in source.findings:
        assert finding.place is not None
    assert isinstance(source.data, dict)


CONFLICT = "a:\n  b: 1\n<<<<<<< HEAD\n  c: 2\n||||||| base\n  c: 1\n=======\n  c: 3\n>>>>>>> theirs\n"


@pytest.mark.parametrize(
    "text", [CONFLICT, CONFLICT.replace("||||||| base\n  c: 1\n", ""), CONFLICT.replace("\n", "\r\n")]
)
def test_an_unresolved_merge_is_said_at_its_line(text: str) -> None:
    source = read_source("values/prod.yaml", text.encode())
    (finding,) = source.findings
    assert (finding.id, finding.place and finding.place.line) == ("merge-conflict", 3)
    assert source.root is None


@pytest.mark.parametrize("text", ["a: |\n  <<<<<<< HEAD\n  =======\n", "# <<<<<<< HEAD\na: 1\n", "a: '<<<<<<< x'\n"])
def test_text_that_only_speaks_of_a_merge_is_none(text: str) -> None:
    assert not read_source("values/prod.yaml", text.encode()).findings


@pytest.mark.parametrize(
    "text",
    ["routerSpec:\n\treplicaCount: 2\n", "routerSpec:\n  replicaCount: 1\n  \ttag: v1\n", "a:\n  - b\n\t- c\n"],
)
def test_a_tab_in_the_indentation_is_told_as_such(text: str) -> None:
    (finding,) = read_source("a.yaml", text.encode()).findings
    assert (finding.id, finding.help) == ("yaml-syntax", "a tab is no indentation in YAML: put spaces in its place")


def test_a_sign_that_needs_quotes_is_no_tab() -> None:
    (finding,) = read_source("a.yaml", b"routerSpec:\n  tag: `x\ty\n").findings
    assert "need quotes" in (finding.help or "")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n  - name: x\n    tag:v1\n    # why\n    replicaCount: 1\n", 3),
        ("tag:v1\nreplicaCount: 1\n", 1),
        ("routerSpec:\n  tag:v1\n  replicaCount: 1\n", 2),
    ],
)
def test_a_colon_without_a_space_is_told_at_its_key(text: str, line: int) -> None:
    (finding,) = read_source("a.yaml", text.encode()).findings
    assert (finding.id, finding.place and finding.place.line) == ("yaml-syntax", line)
    assert finding.message == "`tag:` and what follows are one text, no key with a value"
    assert finding.help == "put a space behind the colon"


def test_what_stands_behind_such_a_colon_is_not_shown_under_the_name_of_a_secret() -> None:
    for key in ("vllmApiKey", "PGPASSWORD"):
        (finding,) = read_source("a.yaml", f"a:\n  {key}:correcthorsebattery\n  b: 1\n".encode()).findings
        assert "correcthorse" not in render([finding])
        assert f"`{key}:`" in render([finding])
    (finding,) = read_source("a.yaml", b"a:\n  PGPASSWORD:correcthorsebattery {\n  b: [\n").findings
    assert "correcthorse" not in render([finding])


@pytest.mark.parametrize("text", ["a: http://x\n b: 1\n", "image: x:v1\n tag: 1\n", "- http://x\nb: 1\n"])
def test_a_colon_inside_a_value_is_not_told_to_want_a_space(text: str) -> None:
    (finding,) = read_source("a.yaml", text.encode()).findings
    assert "space behind" not in (finding.help or "")


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("a:\n  b: [1\nc: 2\n", "close the [ of line 2, or put a comma before this"),
        ("b: {x: 1\nc: 2\n", "close the { of line 1, or put a comma before this"),
        ('a: 1\nb: "x\nc: 2\n', 'close the " of line 2'),
    ],
)
def test_what_is_not_closed_is_told_by_the_line_that_opens_it(text: str, help: str) -> None:
    (finding,) = read_source("a.yaml", text.encode()).findings
    assert (finding.id, finding.help) == ("yaml-syntax", help)
