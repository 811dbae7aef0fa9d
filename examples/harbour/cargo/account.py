"""A customer's account: what is owed and what was paid."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class Account:
    customer: str
    entries: list[tuple[str, Decimal]] = field(default_factory=list)

    def post_charge(self, memo: str, amount: Decimal) -> None:
        """The customer owes this much more."""
        self.entries.append((memo, amount))

    def book_payment(self, memo: str, amount: Decimal) -> None:
        self.entries.append((memo, -amount))

    def outstanding_sum(self) -> Decimal:
        """What is still to be paid."""
        return sum((amount for _, amount in self.entries), Decimal(0))
