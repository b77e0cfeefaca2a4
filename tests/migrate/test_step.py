"""A step counts only when the text then says what was meant; a wrong one takes no other down with it."""

from __future__ import annotations

from llmstack.migrate.step import File, Step, make_step, take_steps
from llmstack.values.edit import CannotEdit, Edit
from llmstack.values.source import read_source

TEXT = "a: 1  # one\nb: 2\nc: &c 3\nd: *c\n"


def file() -> File:
    return File(read_source("values/prod.yaml", TEXT.encode()))


def step(route: str, edit: Edit, value: object) -> Step:
    return make_step((route,), "", lambda: [edit], sets=[((route,), value)])


RIGHT = step("b", Edit(TEXT.index("2"), TEXT.index("2") + 1, "two"), "two")


def after(*steps: Step) -> tuple[str, list[Step]]:
    reached, taken = take_steps(file(), list(steps))
    return reached.source.text, taken


def test_a_right_step_is_taken() -> None:
    assert after(RIGHT) == (TEXT.replace("2", "two"), [RIGHT])


def test_one_that_means_something_else_is_left_out() -> None:
    wrong = step("a", Edit(3, 4, "10"), 11)
    assert after(wrong) == (TEXT, [])
    assert after(wrong, RIGHT) == (TEXT.replace("2", "two"), [RIGHT])
    assert after(RIGHT, wrong) == (TEXT.replace("2", "two"), [RIGHT])


def test_one_after_which_the_text_does_not_read_is_left_out() -> None:
    broken = step("a", Edit(3, 4, "[1"), [1])
    assert after(broken, RIGHT) == (TEXT.replace("2", "two"), [RIGHT])


def test_one_that_loses_a_comment_is_left_out() -> None:
    assert after(step("a", Edit(3, len("a: 1  # one"), "11"), 11)) == (TEXT, [])


def test_one_that_brings_a_new_problem_is_left_out() -> None:
    doubled = make_step(("a",), "", lambda: [Edit(0, 0, "a: 1\n")], sets=[])
    assert after(doubled) == (TEXT, [])


def test_one_that_changes_what_an_alias_shows_elsewhere_is_left_out() -> None:
    at = TEXT.index("3")
    shared = step("c", Edit(at, at + 1, "4"), 4)
    assert after(shared) == (TEXT, [])
    both = make_step(("d",), "", lambda: [Edit(at, at + 1, "4")], sets=[(("d",), 4)])
    assert after(shared, both)[0] == TEXT.replace("3", "4")


def test_steps_that_overlap_are_taken_one_at_a_time() -> None:
    other = step("b", Edit(TEXT.index("2"), TEXT.index("2") + 1, "three"), "three")
    assert after(RIGHT, other) == (TEXT.replace("2", "two"), [RIGHT])


def test_one_without_edits_is_left_out() -> None:
    def cannot() -> list[Edit]:
        raise CannotEdit

    assert after(make_step(("a",), "", cannot, deletes=[("a",)])) == (TEXT, [])
