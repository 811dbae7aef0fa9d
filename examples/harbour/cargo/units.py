"""Money and weights, exact where it matters."""

from decimal import ROUND_HALF_UP, Decimal

KILOS_PER_TONNE = 1000


def cents(amount: Decimal) -> Decimal:
    """Rounds to whole cents, as on an invoice."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def tonnes(kilos: int) -> Decimal:
    return Decimal(kilos) / KILOS_PER_TONNE
