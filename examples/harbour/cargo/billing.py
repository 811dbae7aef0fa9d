"""Charges a customer for a container: wharfage once, then for every day beyond the free ones."""

from datetime import date

from .account import Account
from .container import Container
from .tariff import Tariff
from .units import tonnes


def bill_container(account: Account, container: Container, tariff: Tariff, today: date) -> None:
    weight = tonnes(container.gross_kilos)
    wharfage = tariff.wharfage_due(weight)
    account.post_charge(f"wharfage {container.number}", wharfage)
    # Demurrage grows with the days that the box stands on the quay.
    days = container.days_since_landing(today)
    demurrage = tariff.demurrage_due(days)
    if demurrage:
        account.post_charge(f"demurrage {container.number}", demurrage)
