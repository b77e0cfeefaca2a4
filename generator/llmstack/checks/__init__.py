"""Checks on values and objects: one file per rule (rules/), the table of all of them, and which findings stand."""

from llmstack.checks.settle import settle
from llmstack.checks.table import (
    ALWAYS,
    CHECKS,
    FOUNDATIONS,
    check_foundations,
    check_objects,
    check_values,
    run_checks,
)

__all__ = [
    "ALWAYS",
    "CHECKS",
    "FOUNDATIONS",
    "check_foundations",
    "check_objects",
    "check_values",
    "run_checks",
    "settle",
]
