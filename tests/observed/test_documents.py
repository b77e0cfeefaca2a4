"""kubectl's output in every form that it has, cut anywhere, and hostile."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack import yamlio
from llmstack.finding import Finding
from llmstack.observed import documents
from llmstack.observed.documents import Document, Source, read_documents
from tests.observed.support import event, listed, meta, pod, source

A, B = meta("Node", "a"), meta("Pod", "b", "llm")


def names(text: str) -> list[str]:
    """The names of the objects in a text, a finding's line in the place of what is left out."""
    found = read_documents(source(text))
    return [
        f"line {each.place.line if each.place else 0}"
        if isinstance(each, Finding)
        else f"{each.event}{each.data['kind']}/{each.data['metadata']['name']}"
        for each in found
    ]


FORMS = {
    "a list": listed([A, B]),
    "objects one after another": json.dumps(A) + "\n" + json.dumps(B, indent=4),
    "lists one after another": listed([A]) + listed([B]),
    "an array": json.dumps([A, B]),
    "a typed list": json.dumps({"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]})
    + json.dumps(B),
    "a typed list that ends with its kind": json.dumps({"items": [{"metadata": {"name": "a"}}], "kind": "NodeList"})
    + json.dumps(B),
    "yaml": yamlio.dump({"kind": "List", "items": [A, B]}),
    "yaml documents": yamlio.dump(A) + "---\n" + yamlio.dump(B),
    "a byte order mark": "\ufeff" + listed([A, B]),
    "lists in a list": json.dumps({"kind": "List", "items": [{"kind": "List", "items": [A]}, B]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_output_is_read(form: str) -> None:
    assert names(FORMS[form]) == ["Node/a", "Pod/b"]


def test_events_of_a_watch_keep_their_kind() -> None:
    text = event("ADDED", B) + event("MODIFIED", B) + event("BOOKMARK", B) + event("DELETED", B)
    assert names(text) == ["ADDEDPod/b", "MODIFIEDPod/b", "DELETEDPod/b"]
    assert names(text + event("ERROR", meta("Status", "x"))) == names(text)


def test_nothing_is_nothing() -> None:
    assert [names(text) for text in ("", "\n \n", listed([]), "[]")] == [[], [], [], []]
    assert [names(text) for text in ("{}", "no: object", "word")] == [["line 1"], ["line 1"], ["line 1"]]


def test_a_recording_that_was_interrupted_counts_up_to_there() -> None:
    whole = event("ADDED", A) + event("ADDED", B)
    first, [fault] = (
        names(whole[:-20])[0],
        [each for each in read_documents(source(whole[:-20])) if isinstance(each, Finding)],
    )
    assert first == "ADDEDNode/a"
    assert fault.message == "the file ends in the middle of an object: left out"
    assert fault.place is not None
    assert event("ADDED", A).count("\n") < fault.place.line <= whole.count("\n")
    assert names(listed([A, B])[:-30])[0] == "Node/a"


@pytest.mark.parametrize(
    "before",
    ["W1128 12:00:00.000000   12345 warnings.go:70] v1 Endpoints is deprecated", "$ kubectl get nodes -o json"],
)
def test_what_a_terminal_shows_before_the_objects_is_passed_over(before: str) -> None:
    assert names(f"{before}\n{json.dumps(A)}\n{json.dumps(B, indent=4)}") == ["line 1", "Node/a", "Pod/b"]


def test_yaml_with_json_in_it_is_yaml() -> None:
    text = yamlio.dump({**A, "metadata": {**A["metadata"], "annotations": {"x": '\n{"a": 1}\n'}}})
    assert names(text) == ["Node/a"]


def test_a_table_is_said_to_be_one() -> None:
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": [{"object": A}]}
    [found] = read_documents(source(json.dumps(table)))
    assert isinstance(found, Finding)
    assert "a table" in found.message


def test_what_is_no_json_is_passed_over() -> None:
    text = json.dumps(A) + "\n{not json\nError from server (NotFound)\n" + json.dumps(B)
    assert names(text) == ["Node/a", "line 2", "Pod/b"]


HOSTILE = {
    "deep lists": '{"kind": "Pod", "spec": ' + "[" * 200_000,
    "deep maps": '{"kind":' * 100_000,
    "an event of events": '{"type":"ADDED","object":' * 900 + "{}" + "}" * 900,
    "lists of lists": '{"kind":"List","items":[' * 900 + "]}" * 900,
    "long digits": '{"kind": "Pod", "metadata": {"name": "b"}, "spec": {"priority": ' + "9" * 5000 + "}}",
    "no number": '{"kind": "Pod", "metadata": {"name": "b"}, "spec": {"priority": NaN}}',
    "one long text": '{"kind": "' + "x" * (20 << 20) + '"}',
    "no end": '{"kind": "' + "x" * (20 << 20),
    "spaces": " " * (8 << 20),
    "many faults": "{]\n" * 100_000,
    "bombs": "a: &a [x]\n" + "".join(f"a{n}: &a{n} [{'*a, ' * 20}]\n" for n in range(9)),
    "yaml in brackets": "- " + "[" * 100_000,
    "much yaml": "a: " + "x" * (8 << 20),
    "html": "<!DOCTYPE html>",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_hostile_ends_in_a_finding_soon(kind: str) -> None:
    start = time.process_time()
    found = list(read_documents(source(HOSTILE[kind])))
    assert time.process_time() - start < 5
    findings = [each for each in found if isinstance(each, Finding)]
    assert len(findings) <= documents.MOST_FAULTS
    assert findings or kind in ("spaces", "an event of events", "lists of lists")


def test_a_finding_repeats_nothing_of_what_it_is_about() -> None:
    secret = '{"kind": "Secret", "data": {"password": "aHVudGVyMg=="}, oops'
    [finding] = read_documents(source(secret))
    assert isinstance(finding, Finding)
    assert "aHVudGVyMg" not in repr(finding)


@given(
    st.lists(st.sampled_from([listed([A, B]), json.dumps(A), event("ADDED", B), '{"kind": "No', "{]\n", "\n"])),
    st.integers(1, 40),
)
def test_how_a_file_is_cut_into_chunks_changes_nothing(parts: list[str], size: int) -> None:
    text = "\n".join(parts)
    if not text.strip().startswith("{"):
        return
    at = 0

    def read(_: int) -> str:
        nonlocal at
        at += size
        return text[at - size : at]

    assert list(read_documents(Source("cluster.json", read))) == list(read_documents(source(text)))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.lists(st.dictionaries(st.sampled_from(["kind", "items", "type", "object", "metadata"]), _JSON), max_size=4))
def test_no_json_ends_in_a_traceback(objects: list[dict[str, Any]]) -> None:
    text = "\n".join(json.dumps(each) for each in objects)
    found = [each for each in read_documents(source(text or "[]")) if isinstance(each, Document)]
    assert len(found) >= sum("kind" in each and not str(each["kind"]).endswith("List") for each in objects)


MEASURE = """
import re, resource, sys
from pathlib import Path
from llmstack.observed.documents import Source
from llmstack.observed.observation import observe
from llmstack.observed.things import Pod
with open(sys.argv[1], encoding="utf-8") as file:
    found = observe([Source(sys.argv[1], file.read)])
assert len(found.now(Pod)) == 5000 and not found.findings
used = resource.getrusage(resource.RUSAGE_SELF)
status = Path("/proc/self/status")  # where there is one: ru_maxrss counts what the parent held before it ran this
peak = re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text()) if status.exists() else None
print(used.ru_utime + used.ru_stime, int(peak[1]) if peak else used.ru_maxrss >> 10)
"""


def test_five_thousand_pods_take_little_time_and_memory(tmp_path: Path) -> None:
    env = [{"name": f"SOME_VARIABLE_{number}", "value": "of the usual length"} for number in range(60)]
    pods = [pod(f"pod-{number}", f"team-{number % 50}", on="a", load=300) for number in range(5000)]
    for each in pods:
        each["spec"]["containers"][0]["env"] = env
    (tmp_path / "pods.json").write_text(listed(pods), encoding="utf-8")
    assert (tmp_path / "pods.json").stat().st_size > 50 << 20
    arguments = [sys.executable, "-c", MEASURE, str(tmp_path / "pods.json")]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True)
    seconds, memory = map(float, run.stdout.split())
    assert seconds < 3
    assert memory < 200 << 10
