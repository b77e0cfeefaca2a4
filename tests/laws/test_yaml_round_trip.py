"""Any string comes out of `kustomize build` exactly as it was written, and any value out of our own reader."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmstack import yamlio
from tests.laws.trees import kustomize

TRICKY = (
    "08", "1e3", "12e4567", "0o17", "0x1F", "1_000", "yes", "off", "y", "~", "null", "", "=", "<<", "-", "--", "---",
    "...", "?", "? a", "a: b", "a:", "a #b", "#a", "- a", "[a]", "{a}", "a,b", "'a'", '"a"', "a'b", "@a", "`a`", "%a",
    "!a", "&a", "*a", "|", ">", "$(X)", "${X}", "{{ x }}", "{% if x %}\n  y\n{% endif %}\n", "a\n", "a\n\n", "\na",
    " a", "a ", "a \nb", "a\n b\n", "\ta", "a\tb", "é", "日本", "1:30", "2026-01-01", "+1", "-1", ".5", "NaN", ".inf",
    "16Gi", "100m", "v1.10", "a" * 500, "x: " * 100, "\\", "\\n", 'a"b\\c',
)  # fmt: skip
_FORBIDDEN = "".join(map(chr, [*range(32), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF]))
TEXT = st.one_of(
    st.sampled_from(TRICKY),
    st.text(
        st.characters(exclude_characters=_FORBIDDEN.replace("\n", "").replace("\t", ""), exclude_categories=["Cs"]),
        max_size=40,
    ),
)
VALUES = st.recursive(
    st.one_of(TEXT, st.booleans(), st.integers(-(2**53), 2**53), st.none(), st.floats(-1e6, 1e6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=12,
)


@given(value=VALUES)
@settings(max_examples=400, deadline=None)
def test_dump_and_load(value: Any) -> None:
    assert yamlio.load(yamlio.dump(value)) == value


@given(texts=st.lists(TEXT, min_size=1, max_size=40))
@settings(max_examples=25, deadline=None)
def test_strings_through_kustomize(texts: list[str]) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "texts"},
        "data": {f"k{number}": text for number, text in enumerate([*texts, *TRICKY])},
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "configmap.yaml").write_text(yamlio.dump(config), encoding="utf-8")
        Path(folder, "kustomization.yaml").write_text(yamlio.dump({"resources": ["configmap.yaml"]}), encoding="utf-8")
        done = subprocess.run([str(kustomize()), "build", folder], capture_output=True, check=True)
    assert yamlio.load(done.stdout.decode()) == config
