"""What the harbour charges, in euros."""

from dataclasses import dataclass
from decimal import Decimal

from .units import cents


@dataclass(frozen=True)
class Tariff:
    per_tonne: Decimal
    per_day: Decimal
    free_days: int

    def wharfage_due(self, tonnes: Decimal) -> Decimal:
        """For moving goods over the quay."""
        return cents(self.per_tonne * tonnes)

    def demurrage_due(self, days: int) -> Decimal:
        """For standing on the quay longer than the free days."""
        return cents(self.per_day * max(0, days - self.free_days))
