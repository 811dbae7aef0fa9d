"""The clerk at the gate: is the truck expected, in time, and as heavy as it says?"""

from datetime import datetime

from .container import Container
from .gate import GateBook
from .weighbridge import WeighTicket

TOLERANCE_KILOS = 200


def admit(plate: str, arrival: datetime, book: GateBook) -> bool:
    # Only a truck that the book expects may enter, and only within its grace period.
    appointment = book.expected_truck(plate)
    return appointment is not None and appointment.honoured_at(arrival)


def weight_agrees(ticket: WeighTicket, container: Container) -> bool:
    weighed = ticket.net_on_scale()
    return abs(weighed - container.gross_kilos) <= TOLERANCE_KILOS
