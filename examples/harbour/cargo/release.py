"""May a container leave through the gate?"""

from dataclasses import dataclass, field

from .account import Account
from .container import Container
from .customs import CustomsDesk
from .manifest import Manifest


@dataclass
class Verdict:
    objections: list[str] = field(default_factory=list)

    @property
    def granted(self) -> bool:
        return not self.objections


def judge_release(container: Container, manifest: Manifest, desk: CustomsDesk, account: Account) -> Verdict:
    verdict = Verdict()
    # Customs must have no hold on this container.
    for reason in desk.open_holds_on(container.number):
        verdict.objections.append(f"customs: {reason}")
    # The seal must be the one on the manifest.
    expected = manifest.declared_seal(container.number)
    if expected != container.seal:
        verdict.objections.append("the seal was changed")
    # Nothing may be left to pay.
    owed = account.outstanding_sum()
    if owed > 0:
        verdict.objections.append(f"{owed} euros are unpaid")
    return verdict
