"""Many units built by few runs of kustomize: most of the time of a small build is the program's own start.

A shard is a kustomization that lists units, with an object between each two that no unit can have, and asks for the
order in which they are read (`sortOptions`): what stands behind a mark is what its unit builds to. That units which the
values generate build to the same objects alone and together is the first law of the tree; others, which may hold
anything, are for builds of their own. A build is quadratic in its objects, so that shards are small.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from llmstack import programs
from llmstack.progress import Step, ignore

SIZE = 24
"""Units in a shard. A model's unit alone took 80 ms of a processor, among 8 it took 22 ms, among 16 to 50 13 to 16."""
_MARK = "mark of llmstack"
"""A name that no object in a cluster can have."""


def build_in_shards(
    program: Path, root: Path, folders: Sequence[str], step: Step = ignore
) -> dict[str, str | programs.ToolError]:
    """The objects of each of `folders` of a copy of the tree at `root`, as kustomize prints them, or what it says.

    Where a shard does not build, its units are built one by one, so that each has its own words.
    """
    shards = [folders[start : start + SIZE] for start in range(0, len(folders), SIZE)]
    tops = [_write_shard(root, shard) for shard in shards]

    def count(done: int, _: int) -> None:
        step(min(done * SIZE, len(folders)), len(folders))

    outputs = programs.kustomize_build_all(program, tops, count)
    built: dict[str, str | programs.ToolError] = {}
    for shard, top in zip(shards, tops, strict=True):
        output = outputs[top]
        texts = _split(output, len(shard)) if isinstance(output, str) else None
        if texts is None:
            alone = programs.kustomize_build_all(program, [root / folder for folder in shard])
            built |= {folder: alone[root / folder] for folder in shard}
        else:
            built |= dict(zip(shard, texts, strict=True))
    return built


def _write_shard(root: Path, folders: Sequence[str]) -> Path:
    """Write a shard's kustomization and marks; returns its folder."""
    top = Path(tempfile.mkdtemp(prefix="shard-", dir=root))
    lines = ["sortOptions:", "  order: fifo", "resources:"]
    for count, folder in enumerate(folders):
        mark = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {_MARK} {count}\n"
        (top / f"{count}.yaml").write_text(mark, encoding="utf-8")
        lines += [f"- {count}.yaml", f"- ../{folder}"]
    (top / "kustomization.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return top


def _split(output: str, count: int) -> list[str] | None:
    """The text behind each mark; None where the marks are not those that were set, in their order."""
    texts: list[list[str]] = []
    for document in output.removesuffix("\n").split("\n---\n"):
        if f"\n  name: {_MARK} {len(texts)}" in document and len(texts) < count:
            texts.append([])
        elif not texts or _MARK in document:
            return None
        else:
            texts[-1].append(document)
    if len(texts) != count:
        return None
    return ["\n---\n".join(documents) + "\n" if documents else "" for documents in texts]
