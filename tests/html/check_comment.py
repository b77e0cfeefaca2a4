"""The script that writes the comment on a pull request, run in a real JavaScript engine: `make test-html`.

GitHub's API is played by a few lines that record what they are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from tests.html.browser import Browser, launch

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = yamlio.load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][-1]["with"]["script"]
MARKER = "<!-- llmstack review -->"
HEAD = "4f0c2d1e9ab8c7d6e5f4a3b2c1d0e9f8a7b6c5d4"
RUN = "https://github.com/o/r/actions/runs/7"
PLAY = """(async () => {
  const asked = [];
  const file = %(file)s, comments = %(comments)s;
  const require = () => ({
    lstatSync: () => file === null ? undefined : ({ isFile: () => file.plain, size: file.size ?? file.text.length }),
    readFileSync: () => file.text,
  });
  const context = { repo: { owner: 'o', repo: 'r' }, issue: { number: 3 }, runId: 7, serverUrl: 'https://github.com',
    payload: { pull_request: { head: { sha: '%(head)s' } } } };
  const record = (name) => async (given) => { asked.push([name, given]); };
  const github = { paginate: async () => comments, rest: {
    pulls: { get: async () => ({ data: { head: { sha: '%(now)s' } } }) },
    issues: { listComments: null, updateComment: record('update'), createComment: record('create') } } };
  await (async () => { %(script)s })();
  return asked;
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with launch(tmp_path_factory.mktemp("profile")) as started:
        yield started


def play(browser: Browser, file: Any, comments: Any = (), now: str = HEAD) -> list[Any]:
    """What the script asks of GitHub, given the file review/review.md and the comments that are there."""
    given = {"file": json.dumps(file), "comments": json.dumps(comments), "head": HEAD, "now": now, "script": SCRIPT}
    with browser.page() as page:
        asked: list[Any] = page.run(PLAY % given)
    return asked


OURS = {"id": 11, "user": {"login": "github-actions[bot]"}, "body": f"{MARKER}\n✅ **No risk**"}
THEIRS = {"id": 12, "user": {"login": "somebody"}, "body": MARKER}


def test_a_comment_names_its_commit_and_its_run(browser: Browser) -> None:
    [[how, given]] = play(browser, {"plain": True, "text": "✅ **No risk**\n"}, [THEIRS])
    assert how == "create"
    assert given["issue_number"] == 3
    assert given["body"] == (
        f"{MARKER}\n✅ **No risk**\n\n<sub>Of commit {HEAD}, as it would be merged · [run]({RUN})</sub>\n"
    )


@pytest.mark.parametrize(
    "file",
    [None, {"plain": False, "text": "x"}, {"plain": True, "text": ""}, {"plain": True, "text": "x", "size": 2**21}],
)
def test_a_review_that_failed_is_told_in_the_place_of_an_older_one(browser: Browser, file: Any) -> None:
    [[how, given]] = play(browser, file, [THEIRS, OURS])
    assert (how, given["comment_id"]) == ("update", 11)
    assert given["body"].startswith(f"{MARKER}\n❌ **The review failed**")
    assert HEAD in given["body"]
    assert "✅" not in given["body"]


def test_a_run_of_an_older_commit_says_nothing(browser: Browser) -> None:
    assert play(browser, {"plain": True, "text": "old"}, [OURS], now="0" * 40) == []


def test_a_comment_is_never_longer_than_github_takes(browser: Browser) -> None:
    for length in (65_000, 65_360, 65_536, 200_000):
        [[_, given]] = play(browser, {"plain": True, "text": "é" * length})
        assert len(given["body"]) <= 65_536
        assert ("too long" in given["body"]) == (length > 65_360)
