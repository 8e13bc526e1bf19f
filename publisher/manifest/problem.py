"""What is wrong with a manifest, and where. Collected while files are read, shown all at once.

A problem is plain data below the findings of a listing; the pipeline turns notices into findings. Nothing
here raises or formats for a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake or notice: file relative to the project, 1-based line, a sentence, and what to do."""

    file: str
    line: int
    text: str
    remedy: str = ""
    item: str = ""

    def __str__(self) -> str:
        hint = f" ({self.remedy})" if self.remedy else ""
        return f"{self.file}:{self.line}: {self.text}{hint}"


@dataclass(slots=True)
class Report:
    """Collects problems and notices of one file.

    ``broken`` means that the text could not be read to its end, so that a missing part proves nothing.
    """

    file: str
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    broken: bool = False

    def problem(self, line: int, text: str, remedy: str = "", item: str = "") -> None:
        """Note a mistake."""
        self.problems.append(Problem(self.file, line, text, remedy, item))

    def notice(self, line: int, text: str, remedy: str = "", item: str = "") -> None:
        """Note something that was put right and that the seller should know."""
        self.notices.append(Problem(self.file, line, text, remedy, item))

    def unreadable(self, line: int, text: str, remedy: str = "") -> None:
        """Note a mistake after which the rest of the text cannot be read."""
        self.problem(line, text, remedy)
        self.broken = True
