"""Unloads a ship: every box from the hold to a place in the yard."""

from .crane import Crane
from .journal import CargoJournal
from .manifest import Manifest
from .yard import Slot, Yard


def discharge(manifest: Manifest, yard: Yard, journal: CargoJournal) -> dict[str, Slot]:
    """Puts each container on the lowest stack of the yard; returns where it stands."""
    places: dict[str, Slot] = {}
    for container in manifest.containers:
        slot = yard.stack_lowest(container)
        places[container.number] = slot
        journal.jot(container.number, f"row {slot.row}, tier {slot.tier}")
    return places


def hours_needed(manifest: Manifest, crane: Crane) -> float:
    boxes = len(manifest.containers)
    hours = crane.hours_to_lift(boxes)
    return hours + 0.5
