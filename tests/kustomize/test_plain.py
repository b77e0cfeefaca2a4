"""What a reference in a kustomization is, told from its text alone."""

from __future__ import annotations

import posixpath

import pytest

from llmstack.kustomize.plain import is_plain, is_plugin_text, is_text, place_of


@pytest.mark.parametrize("path", ["kustomization.yaml", "base/kustomization.yaml", "overlays/prod/models/a/k.yaml"])
@pytest.mark.parametrize(
    "text", ["a.yaml", "./a.yaml", "a/../b.yaml", "../a", "../../..", "a/", ".", "a/.", ".hidden", "a/.hidden"]
)
def test_a_path_leads_where_it_leads_from_its_folder(path: str, text: str) -> None:
    assert place_of(path, text) == posixpath.normpath(posixpath.join(posixpath.dirname(path), text))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a.yaml", True), ("../../base/a", True), ("a/b@c", True), ("a b", True), ("github.com.yaml", True), ("", False),
        ("/etc/passwd", False), ("a//b", False), ("a@b/c", False), ("github.com/a/b", False), ("GitHub.com", False),
        ("a:b", False), ("a/b?ref=x", False), ("a\\b", False), ("a\nb", False), ("a\x7f", False), ("?a", False),
    ],
)  # fmt: skip
def test_what_is_a_plain_relative_path(text: str, plain: bool) -> None:
    assert is_plain(text) == plain


@pytest.mark.parametrize(
    ("text", "patch", "plugin"),
    [
        ("patch.yaml", False, False), ("{op: remove}", True, True), ("- op: remove\n", True, True),
        ("kind: A\n", True, True), ("apiVersion: v1\n", True, True), ("metadata:\n  name: a", True, True),
        ("host\n/x", True, False), ("git@host:a\n", True, False), ("a: {", False, False), ("kind: A", False, False),
    ],
)  # fmt: skip
def test_what_is_written_out_in_place_of_a_file(text: str, patch: bool, plugin: bool) -> None:
    assert (is_text(text), is_plugin_text(text)) == (patch, plugin)
