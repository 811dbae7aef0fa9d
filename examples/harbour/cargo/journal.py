"""What happened to each container, in order."""

from collections import defaultdict


class CargoJournal:
    def __init__(self) -> None:
        self._remarks: dict[str, list[str]] = defaultdict(list)

    def jot(self, number: str, remark: str) -> None:
        """Writes one remark about a container."""
        self._remarks[number].append(remark)

    def history_of(self, number: str) -> list[str]:
        return self._remarks[number]
