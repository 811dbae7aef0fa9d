"""One steel box, its seal and its days on the quay."""

from dataclasses import dataclass
from datetime import date

from .hazard import HazardClass


@dataclass
class Container:
    number: str
    seal: str
    gross_kilos: int
    tare_kilos: int
    landed_on: date
    hazard: HazardClass | None = None

    def days_since_landing(self, today: date) -> int:
        """How long the box has stood on the quay, the first day included."""
        return (today - self.landed_on).days + 1

    def payload_kilos(self) -> int:
        return self.gross_kilos - self.tare_kilos
