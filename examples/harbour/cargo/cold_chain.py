"""Watches refrigerated containers and says which are too warm or too cold."""

from .journal import CargoJournal
from .reefer import ReeferReading, Setpoint


def check_reading(reading: ReeferReading, setpoint: Setpoint, journal: CargoJournal) -> bool:
    """Compares the air that returns from the cargo with the setpoint; notes what is off."""
    celsius = reading.return_air_celsius
    excess = setpoint.strays_by(celsius)
    if excess > 0:
        journal.jot(reading.number, f"{excess:.1f} degrees off at {celsius:.1f}")
    return excess == 0
