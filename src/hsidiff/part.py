"""What the two parts of a classifier, values and head, have in common."""

from dataclasses import dataclass


@dataclass(kw_only=True, repr=False, eq=False)
class Part:
    """A part of a classifier: a dataclass of settings, whose learned attributes end in ``_``.

    Attributes:
        random_state: everything random follows from it.
        device: "auto", "cpu", "cuda" or "mps".
    """

    random_state: int = 0
    device: str = "auto"

    def _inner_parts(self) -> list["Part"]:
        """Those among the settings."""
        return [part for part in vars(self).values() if isinstance(part, Part)]

    def configure(self, random_state: int, device: str) -> None:
        """Say what everything random follows from, and where to compute; to inner parts, too."""
        self.random_state, self.device = random_state, device
        for part in self._inner_parts():
            part.configure(random_state, device)

    def check(self) -> None:
        """Refuse settings that are out of range, of inner parts first.

        Raises:
            SettingError: naming the setting.
        """
        for part in self._inner_parts():
            part.check()

    @property
    def uses_device(self) -> bool:
        """Whether ``device`` makes a difference."""
        return True
