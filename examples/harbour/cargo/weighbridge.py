"""Trucks on the scales."""

from dataclasses import dataclass

SCALE_STEP_KILOS = 20


@dataclass(frozen=True)
class WeighTicket:
    plate: str
    loaded_kilos: int
    empty_kilos: int

    def net_on_scale(self) -> int:
        """Weight of the load, to the step of the scales."""
        net = self.loaded_kilos - self.empty_kilos
        return round(net / SCALE_STEP_KILOS) * SCALE_STEP_KILOS
