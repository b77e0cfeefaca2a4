"""Commits of an order that gets there (`waves.py`)."""

from __future__ import annotations

from msgspec import Struct


class Member(Struct, frozen=True):
    """What is changed in a commit: a model of an environment, else a workload, `Kind/name`."""

    environment: str
    model: str | None
    object: str
    namespace: str = ""

    @property
    def name(self) -> str:
        return self.model or self.object


class Wave(Struct, frozen=True):
    """One commit: what it changes, and how many seconds it takes; None where that is not known."""

    members: tuple[Member, ...]
    seconds: int | None
