"""Quay cranes and how fast they work."""

from dataclasses import dataclass


@dataclass
class Crane:
    name: str
    outreach_metres: int
    moves_per_hour: int

    def hours_to_lift(self, boxes: int) -> float:
        """Working hours for so many boxes."""
        return boxes / self.moves_per_hour


def widest(cranes: list[Crane]) -> Crane:
    return max(cranes, key=lambda crane: crane.outreach_metres)
