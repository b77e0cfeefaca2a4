"""How Sphinx makes a site of docs/: `make site`. Its settings: https://www.sphinx-doc.org/en/master/usage/configuration.html

The pages are the Markdown files of docs/ as a forge shows them. Nothing in the site comes from another host, and it
can be read from a folder.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOME: str | None = runpy.run_path(str(ROOT / "generator" / "llmstack" / "about.py"))["HOME"]

project = "llmstack"
author = copyright = "the authors of llmstack"
html_title = "llmstack"
extensions = ["myst_parser"]
exclude_patterns = ["facts"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
html_theme = "furo"
html_theme_options = {"source_repository": HOME, "source_branch": "HEAD", "source_directory": "docs/"} if HOME else {}
html_extra_path = [str(ROOT / "docs" / "values.schema.json")]
html_copy_source = html_show_sphinx = False
html_use_index = False

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+)([^)\s]+)\)")


def _link_outside(_: Any, page: str, text: list[str]) -> None:
    """Let links that leave docs/ lead to the project's repository; while it has no address, their words stay."""
    steps = page.count("/") + 1

    def replace(found: re.Match[str]) -> str:
        words, up, path = found.groups()
        if up.count("../") < steps:
            return found[0]
        return f"[{words}]({HOME}/blob/HEAD/{path})" if HOME else words

    text[0] = _OUTSIDE.sub(replace, text[0])


_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_PAGE = re.compile(r"\]\(([\w/-]+)\.md\)")


def _order_pages(_: Any, page: str, text: list[str]) -> None:
    """Give the sidebar the sections of docs/index.md; a page that is not linked there ends a strict build."""
    if page == "index":
        _, *parts = _SECTION.split(text[0])
        for caption, body in zip(parts[::2], parts[1::2], strict=True):
            entries = "\n".join(_PAGE.findall(body))
            text[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _link_outside)
    app.connect("source-read", _order_pages)
