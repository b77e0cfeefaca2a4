"""What a build would read, followed through trees in memory: what is reached, and what is refused, with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from llmstack.errors import IrregularFileError
from llmstack.kustomize.reached import Reached
from llmstack.kustomize.trust import TOPS, follow

UNIT = "overlays/a/kustomization.yaml"
FETCHED = "is no plain relative path: kustomize would fetch it, or run a program for it"
OUT = "leads out of base/, overlays/, custom/ and clusters/"


def reach(tree: Mapping[str, str | bytes], links: Mapping[str, str] | None = None, **more: Any) -> Reached:
    def read(path: str) -> bytes | None:
        content = tree.get(path)
        if content == "a pipe":
            raise IrregularFileError("a pipe")
        return content.encode() if isinstance(content, str) else content

    return follow(read, ["overlays/a"], lambda path: (links or {}).get(path, path), **more)


def said(reached: Reached) -> list[str]:
    return [f"{each.place} {each.id}: {each.message}" for each in reached.findings]


REFUSED: dict[str, list[str]] = {
    "resources: [https://u:p@host/x]": [f"1:13 remote-reference: resources: `https://***@host/x` {FETCHED}"],
    "Bases:\n- git@host:a/b\n": [f"2:3 remote-reference: Bases: `git@host:a/b` {FETCHED}"],
    "components: [../../../etc]": [f"1:14 remote-reference: components: `../../../etc` {OUT}"],
    "crds: [../../values/a.yaml]": [f"1:8 remote-reference: crds: `../../values/a.yaml` {OUT}"],
    "resources: [../../base/.git/x]": [f"1:13 remote-reference: resources: `../../base/.git/x` {OUT}"],
    "configurations: [/etc/x]": [f"1:18 remote-reference: configurations: `/etc/x` {FETCHED}"],
    "openapi: {path: 'a:b'}": [f"1:17 remote-reference: openapi.path: `a:b` {FETCHED}"],
    "patches: [{path: 'a:b'}, {patch: 'https://x'}]": [f"1:18 remote-reference: patches.path: `a:b` {FETCHED}"],
    "patchesStrategicMerge: ['a:b', '{a: \"b:c\"}', \"a:\\n- b\"]": [f"1:25 remote-reference: patchesStrategicMerge: `a:b` {FETCHED}"],
    "replacements: [{path: 'a:b'}]": [f"1:23 remote-reference: replacements.path: `a:b` {FETCHED}"],
    "configMapGenerator: [{files: ['key=a:b', 'a:b=c']}]": [f"1:31 remote-reference: configMapGenerator.files: `a:b` {FETCHED}"],
    "secretGenerator: {envs: ['a:b'], env: 'c:d'}": [
        f"1:26 remote-reference: secretGenerator.envs: `a:b` {FETCHED}", f"1:39 remote-reference: secretGenerator.env: `c:d` {FETCHED}",
    ],
    "helmCharts: [{name: vllm}]": ["1:13 remote-reference: helmCharts: a chart (`helmCharts`) is inflated by a program, and fetched"],
    "resurces: []": ["1:1 remote-reference: resurces: `resurces` is not one of kustomize's own, and may run a program"],
    "<<: {resources: ['a:b']}": [f"1:18 remote-reference: resources: `a:b` {FETCHED}"],
    "<<: [{resources: ['a:b']}]": [f"1:19 remote-reference: resources: `a:b` {FETCHED}"],
    "resources: []\n---\nresources: ['a:b']\n": [f"3:13 remote-reference: resources: `a:b` {FETCHED}"],
    "resources: ['a:b']\nresources: ['c:d']\n": [
        f"1:13 remote-reference: resources: `a:b` {FETCHED}", f"2:13 remote-reference: resources: `c:d` {FETCHED}",
    ],
    "transformers: ['{apiVersion: builtin, kind: PrefixTransformer}']": [],
    "transformers: ['{apiVersion: v1, kind: PrefixTransformer}']": [
        "1:16 remote-reference: transformers: `PrefixTransformer` is not one of kustomize's own, and may run a program",
    ],
    "validators: ['{apiVersion: builtin, kind: Mine}']": [
        "1:14 remote-reference: validators: `Mine` is not one of kustomize's own, and may run a program",
    ],
    "generators: ['{apiVersion: builtin}']": [
        "1:14 remote-reference: generators: `generators` is not one of kustomize's own, and may run a program",
    ],
    "transformers: ['{apiVersion: builtin, kind: PatchTransformer, path: \"a:b\"}']": [f"1:16 remote-reference: path: `a:b` {FETCHED}"],
    "transformers: [plugins.yaml]": [f"overlays/a/plugins.yaml:3:9 remote-reference: paths: `a:b` {FETCHED}"],
    "transformers: [../../base/unit]": ["1:16 remote-reference: transformers: `../../base/unit` builds plugins from a folder"],
    "transformers: [nowhere, 1]": [],
    "resources: !!binary aGk=\n": ["1:12 yaml-tag: the tag `tag:yaml.org,2002:binary` is not read"],
    "resources: !\n- a.yaml\n": [],
    "resources: [&a !t b, *a]": ["1:13 yaml-tag: the tag `!t` is not read"],
    f"resources: ['{'a' * 98}:b']": [f"1:13 remote-reference: resources: `{'a' * 98}:b` {FETCHED}"],
    f"resources: ['{'a' * 99}:b']": [f"1:13 remote-reference: resources: `{'a' * 99}:…` {FETCHED}"],
    "resources: ['a\x85:b']": [f"1:13 remote-reference: resources: `a :b` {FETCHED}"],
    "resources: [pipe, pipe, ./pipe]": ["overlays/a/pipe:1:1 irregular-file: this is a pipe: it is not read"],
    "resources: [bad.yaml]": ["overlays/a/bad.yaml:1:1 bad-encoding: the file is not UTF-8"],
    "resources: [syntax.yaml]": [],
    "configMapGenerator: [{files: [bad.yaml]}]": [],
    "configMapGenerator: [{files: [key=bad.yaml]}]": [],
    "configMapGenerator: [{envs: [bad.yaml]}]": [],
    "components: [bad.yaml]": [],
    "resources: [link]": [f"overlays/a/link:1:1 irregular-file: this is a link that {OUT}: it is not read"],
    "a: b\x7f": ["1:1 yaml-syntax: control characters are not allowed"],
    "a: [": ["2:1 yaml-syntax: did not find expected node content"],
    "a: &a [*a]": ["1:8 alias-bomb: no anchor of its name ends before this alias"],
}  # fmt: skip
BESIDE: dict[str, str | bytes] = {
    "overlays/a/plugins.yaml": "apiVersion: builtin\nkind: PatchStrategicMergeTransformer\npaths: ['a:b', patch.yaml]\n",
    "base/unit/kustomization.yaml": "resources: []\n", "overlays/a/pipe": "a pipe",
    "overlays/a/bad.yaml": b"a: \xff\n", "overlays/a/syntax.yaml": "a: [\n", "values/x.yaml": "a: 1\n",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_a_kustomization_names_is_judged_with_its_place(text: str) -> None:
    found = said(reach({UNIT: text, **BESIDE}, {"overlays/a/link": "values/x.yaml"}))
    assert [each.removeprefix(f"{UNIT}:") for each in found] == REFUSED[text]


def test_what_is_reached_and_what_leads_to_what() -> None:
    tree = {
        UNIT: "resources: [a.yaml, ../../base/b, none.yaml]\npatches: [{path: p.yaml}]\ncomponents: [../c]\n",
        "overlays/a/a.yaml": "a: 1\n", "overlays/a/p.yaml": "p: 1\n", "base/x/kustomization.yml": "resources: [d.yaml]\n",
        "base/x/d.yaml": "d: 1\n", "overlays/c/Kustomization": "resources: []\n", "overlays/a/unread.yaml": "u: 1\n",
    }  # fmt: skip
    reached = reach(tree, {"base/b": "base/x"})
    assert said(reached) == []
    assert reached.files == {path: text.encode() for path, text in tree.items() if "unread" not in path}
    assert reached.links == {"base/b": "base/x"}
    assert reached.reads[UNIT] == {
        "overlays/a/a.yaml",
        "base/b",
        "overlays/a/none.yaml",
        "overlays/a/p.yaml",
        "overlays/c",
    }
    assert reached.reads["base/b"] == {"base/x"}
    assert reached.leading_to(["base/x/d.yaml"]) == {
        "base/x/d.yaml", "base/x/kustomization.yml", "base/x", "base/b", UNIT, "overlays/a",
    }  # fmt: skip
    changed = tree | {"base/x/d.yaml": "d: 2\n", "overlays/a/none.yaml": "n: 1\n"}
    read = {path: text.encode() for path, text in changed.items()}.get
    assert reached.unlike(read, lambda path: {"base/b": "base/x"}.get(path, path)) == {
        "base/x/d.yaml",
        "overlays/a/none.yaml",
    }
    assert reached.unlike(lambda path: reached.files.get(path), lambda path: path) == {"base/b"}, "no link any more"


@pytest.mark.parametrize(("tops", "out"), [(TOPS, 1), (None, 0)])
def test_a_repository_of_others_may_read_all_of_itself(tops: Any, out: int) -> None:
    tree = {UNIT: "resources: [../../deploy/a.yaml]\n", "deploy/a.yaml": "a: 1\n"}
    assert len(reach(tree, tops=tops).findings) == out
    [beyond] = reach({UNIT: "resources: [../../../x]\n"}, tops=None).findings
    assert beyond.message == "resources: `../../../x` leads out of the repository"
    assert str(beyond.help).endswith("copy what it names into the repository, and name it there by a relative path")


def test_after_a_hundred_findings_nothing_more_is_looked_for() -> None:
    many = {f"base/u{number}/kustomization.yaml": "a: [\n" for number in range(150)}
    folders = "\n".join(f"- ../../base/u{number}" for number in range(150))
    assert len(reach({UNIT: f"resources:\n{folders}\n", **many}).findings) == 100
    assert len(reach({UNIT: "resources:\n" + "- 'a:b'\n" * 150}).findings) == 100
    assert len(reach({UNIT: "x:\n" + "- !a b\n" * 150}).findings) == 100


@pytest.mark.parametrize(("size", "refused"), [(1024 * 1024, 0), (1024 * 1024 + 1, 1)])
def test_a_kustomization_has_at_most_a_mebibyte(size: int, refused: int) -> None:
    text = "resources: []\n#"
    assert len(reach({UNIT: text + "x" * (size - len(text))}).findings) == refused


def test_what_another_tree_holds_otherwise_is_unlike() -> None:
    tree = {UNIT: "resources: [a.yaml, b.yaml]\n", "overlays/a/a.yaml": "a: 1\n", "overlays/a/b.yaml": "b: 1\n"}
    found = reach(tree)

    def unlike(other: Mapping[str, str], links: Mapping[str, str] | None = None) -> set[str]:
        def read(path: str) -> bytes | None:
            if other.get(path) == "a pipe":
                raise IrregularFileError("a pipe")
            return other[path].encode() if path in other else None

        return found.unlike(read, lambda path: (links or {}).get(path, path))

    assert unlike(tree) == set()
    assert unlike(tree | {"overlays/a/c.yaml": "c: 1\n"}) == set()
    for other in ("a: 2\n", "a pipe"):
        assert unlike(tree | {"overlays/a/a.yaml": other}) == {"overlays/a/a.yaml"}
    assert unlike({path: text for path, text in tree.items() if "b.yaml" not in path}) == {"overlays/a/b.yaml"}
    assert unlike(tree, {"overlays/a/b.yaml": "overlays/a/a.yaml"}) == {"overlays/a/b.yaml"}
    assert found.leading_to(["overlays/a/b.yaml"]) >= {"overlays/a/b.yaml", UNIT}
    assert "overlays/a/a.yaml" not in found.leading_to(["overlays/a/b.yaml"])
