"""Keeps dangerous goods apart on the quay."""

from .container import Container
from .hazard import HazardClass, metres_apart
from .manifest import Manifest


def too_close(first: Container, second: Container, metres: int) -> bool:
    if first.hazard is None or second.hazard is None:
        return False
    return metres < metres_apart(first.hazard, second.hazard)


def needs_fire_watch(manifest: Manifest) -> bool:
    """Class 3, liquids that burn, are guarded day and night."""
    return any(box.hazard is HazardClass.FLAMMABLE_LIQUID for box in manifest.dangerous())
