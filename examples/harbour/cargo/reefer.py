"""Readings of refrigerated containers."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ReeferReading:
    number: str
    taken_at: datetime
    return_air_celsius: float
    plugged_in: bool


@dataclass(frozen=True)
class Setpoint:
    celsius: float
    tolerance: float

    def strays_by(self, celsius: float) -> float:
        """Degrees beyond the tolerance, 0 within it."""
        return max(0.0, abs(celsius - self.celsius) - self.tolerance)
