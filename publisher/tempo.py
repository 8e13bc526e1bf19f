"""What a row says of pace: how many attempted writes in which window, in which bursts, with which rests.

Data only, with its evidence. When the next write may start is worked out in ``publisher.pacing``.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from publisher.rules import Evidence, RowData


class Pace(RowData):
    """How many writes may start in a rolling window; absent means no known limit."""

    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    per_week: int | None = None
    per_batch: int | None = None
    gap_seconds: float = Field(0.0, ge=0, description="Least time between two attempted writes.")
    burst: int | None = Field(
        None, ge=1, description="So many attempts in a row before ``rest_seconds`` without one."
    )
    rest_seconds: float = Field(0.0, ge=0)
    settle_seconds: float = 0.0
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _a_burst_has_a_rest(self) -> Pace:
        if (self.burst is None) != (self.rest_seconds == 0):
            raise ValueError("burst and rest_seconds go together")
        if self.burst is not None and self.rest_seconds <= self.gap_seconds:
            raise ValueError("rest_seconds is longer than gap_seconds")
        return self
