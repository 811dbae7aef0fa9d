"""Trucks at the gate: one appointment, one container."""

from dataclasses import dataclass
from datetime import datetime, timedelta

GRACE = timedelta(minutes=30)


@dataclass(frozen=True)
class Appointment:
    plate: str
    number: str
    due: datetime

    def honoured_at(self, arrival: datetime) -> bool:
        """True when the truck came within the grace period."""
        return abs(arrival - self.due) <= GRACE


class GateBook:
    def __init__(self) -> None:
        self._by_plate: dict[str, Appointment] = {}

    def pencil_in(self, appointment: Appointment) -> None:
        self._by_plate[appointment.plate] = appointment

    def expected_truck(self, plate: str) -> Appointment | None:
        return self._by_plate.get(plate)
