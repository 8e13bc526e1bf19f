"""What an examination of a channel's remote side found: one probe per thing that it looked for. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from publisher.errors import PublisherError


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that an examination looked for at the remote side, such as a control of a form.

    ``found`` is None where it could not be looked for. ``how`` says by which of several ways it was found, and
    ``tried`` lists all of them with what came of each.
    """

    name: str
    found: bool | None
    how: str = ""
    drift: bool = False
    tried: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """What an examination found, broken things first. ``kept`` are files that show how it looked there."""

    probes: tuple[Probe, ...]
    notes: tuple[str, ...] = ()
    kept: tuple[Path, ...] = ()
    problem: PublisherError | None = None

    @property
    def broken(self) -> tuple[Probe, ...]:
        """What is not there as the row or profile says."""
        return tuple(p for p in self.probes if p.found is False)
