"""What the ship says she carries."""

from dataclasses import dataclass, field

from .container import Container


@dataclass
class Manifest:
    voyage: str
    containers: list[Container] = field(default_factory=list)

    def declared_seal(self, number: str) -> str | None:
        """The seal that the shipper wrote down for a container."""
        for container in self.containers:
            if container.number == number:
                return container.seal
        return None

    def dangerous(self) -> list[Container]:
        return [container for container in self.containers if container.hazard]
