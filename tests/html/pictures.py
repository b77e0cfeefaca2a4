"""The pictures of docs/pictures/: the page of a review of the example, as Chromium draws it (`make pictures`).

The change is the README's: more concurrent sequences for the general model, a third replica of the large one.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.html.browser import Page, launch

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
SCHEMES = ("light", "dark")
WIDTH = 880
"""In CSS pixels: about what a forge shows a README in."""
SCALE = 1.5
EXAMPLE = ("values", "base", "overlays", "clusters", "facts")
EDITS = ("s/maxNumSeqs: 256/maxNumSeqs: 384/", "/name: llama-70b/,/replicaCount/s/replicaCount: 2/replicaCount: 3/")
BELOW_GPUS = """(() => {
  const next = [...document.querySelectorAll("h2")].find((each) => each.textContent.trim() === "Engines");
  return Math.floor(next.closest("section").getBoundingClientRect().top + scrollY);
})()"""
"""Where the picture ends: what decides is above it."""


def run(folder: Path, *command: str) -> str:
    """What a program prints in `folder`; raises CalledProcessError when it fails."""
    when = {f"GIT_{role}_DATE": "2026-01-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
    who = {f"GIT_{role}_{key}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **own, **when, **who}, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def write_review(folder: Path) -> Path:
    """The page of a review in a repository of its own; the same commits each time, so that no picture moves for them."""
    for name in EXAMPLE:
        shutil.copytree(ROOT / name, folder / name)
    program = (sys.executable, "-P", "-m", "llmstack.cli")
    for command in (("git", "init", "-q", "-b", "main"), ("git", "add", "-A"), ("git", "commit", "-qm", "example")):
        run(folder, *command)
    run(folder, "sed", "-i", *(part for edit in EDITS for part in ("-e", edit)), "values/prod.yaml")
    run(folder, *program, "gen")
    page = folder / "review.html"
    page.write_text(run(folder, *program, "diff", "--format", "html", "HEAD"), encoding="utf-8")
    return page


def draw(page: Page) -> bytes:
    """The upper part of the page as a PNG."""
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": page.run(BELOW_GPUS), "scale": SCALE}
    shot = page.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    return base64.b64decode(shot["data"])


def main() -> None:
    """Write docs/pictures/review-<scheme>.png."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, launch(Path(folder, "profile")) as browser:
        Path(folder, "repository").mkdir()
        written = write_review(Path(folder, "repository"))
        for scheme in SCHEMES:
            with browser.page(WIDTH, 900, scheme) as page:
                page.open(written)
                target = PICTURES / f"review-{scheme}.png"
                target.write_bytes(draw(page))
                print(target.relative_to(ROOT), target.stat().st_size)


if __name__ == "__main__":
    main()
