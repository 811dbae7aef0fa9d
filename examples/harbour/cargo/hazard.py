"""Dangerous goods, by the classes of the maritime code."""

from enum import Enum


class HazardClass(Enum):
    EXPLOSIVE = 1
    COMPRESSED_GAS = 2
    FLAMMABLE_LIQUID = 3
    CORROSIVE = 8


#: Metres that two classes must stand apart.
APART = {
    frozenset({HazardClass.EXPLOSIVE, HazardClass.FLAMMABLE_LIQUID}): 24,
    frozenset({HazardClass.COMPRESSED_GAS, HazardClass.FLAMMABLE_LIQUID}): 6,
}


def metres_apart(first: HazardClass, second: HazardClass) -> int:
    return APART.get(frozenset({first, second}), 0)
