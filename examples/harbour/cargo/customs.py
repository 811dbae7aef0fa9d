"""Customs: holds on containers, and the officers who lift them."""

from collections import defaultdict


class CustomsDesk:
    def __init__(self) -> None:
        self._holds: dict[str, list[str]] = defaultdict(list)

    def place_hold(self, number: str, reason: str) -> None:
        self._holds[number].append(reason)

    def open_holds_on(self, number: str) -> list[str]:
        """Reasons why customs will not let a container go; empty when it may leave."""
        return list(self._holds.get(number, []))

    def lift_all(self, number: str) -> None:
        self._holds.pop(number, None)
