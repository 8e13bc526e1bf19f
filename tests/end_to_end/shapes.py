"""What the fixtures of this folder hand to the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from small_project import EVERY
from stagehand import Completed, World


class Factory(Protocol):
    """Makes worlds; sandboxes run until the end of the test."""

    def __call__(
        self,
        expected: Mapping[str, Sequence[str]] = EVERY,
        *,
        accounts: Mapping[str, Mapping[str, Any]] | None = None,
        data: Mapping[str, Any] | None = None,
        warm: bool = True,
        sandboxes: bool = True,
    ) -> World: ...


@dataclass(frozen=True)
class FirstRun:
    """The whole project published once, from nothing, with everything that was printed on the way."""

    world: World
    check: Completed
    plan: Completed
    push: Completed
    status: Completed
    second: Completed
    again: Completed
