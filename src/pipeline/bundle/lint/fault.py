"""One thing that is wrong with a bundle, and where."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """`place` is the way to it within the file: `resources.jobs.nightly.tasks[0].environment_key`."""

    file: str
    place: str
    what: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.place}: {self.what}" if self.place else f"{self.file}: {self.what}"
        )

    def record(self) -> dict[str, str]:
        return asdict(self)
