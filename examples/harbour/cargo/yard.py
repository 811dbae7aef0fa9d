"""Stacks behind the quay: rows, tiers and what stands where."""

from dataclasses import dataclass

from .container import Container

TIERS_MAX = 4


@dataclass(frozen=True)
class Slot:
    row: int
    tier: int


class Yard:
    def __init__(self, rows: int) -> None:
        self._stacks: list[list[Container]] = [[] for _ in range(rows)]

    def stack_lowest(self, container: Container) -> Slot:
        """Puts a container on the lowest stack and says where that is."""
        row = min(range(len(self._stacks)), key=lambda index: len(self._stacks[index]))
        stack = self._stacks[row]
        if len(stack) >= TIERS_MAX:
            raise OverflowError("the yard is full")
        stack.append(container)
        return Slot(row, len(stack) - 1)

    def boxes_above(self, slot: Slot) -> int:
        """How many containers must be moved first."""
        return len(self._stacks[slot.row]) - slot.tier - 1
