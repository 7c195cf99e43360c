"""Options on how sure a map is: those of map and predict, and what they are made into."""

from dataclasses import dataclass
from typing import Annotated, Any

from hsidiff.amounts import count, percent
from hsidiff.cli.options import OUTPUT_PANEL, option
from hsidiff.errors import SettingError
from hsidiff.maps.doubt import Doubt


@dataclass(frozen=True)
class DoubtOptions:
    """Which pixels get no class."""

    abstain: Annotated[
        float | None,
        option(
            OUTPUT_PANEL,
            "SHARE",
            'Map pixels with a confidence below this, between 0 and 1, as "not sure": a value of '
            "its own in the legend, the highest class id + 1. Scores are of the classes alone.",
        ),
    ] = None
    none_of_these: Annotated[
        float | None,
        option(
            OUTPUT_PANEL,
            "SHARE",
            'Map pixels whose spectrum is unlike all that was learned as "none of these", the '
            "highest class id + 2. It costs about this share, such as 0.05, of the pixels of "
            "learned classes.",
        ),
    ] = None

    def make(self) -> Doubt:
        """What the options say.

        Raises:
            SettingError: if a share is not in (0, 1).
        """
        check_shares(abstain=self.abstain, none_of_these=self.none_of_these)
        return Doubt(self.abstain, self.none_of_these)


def check_shares(**shares: float | None) -> None:
    """Refuse options that are not between 0 and 1; None was not given.

    Raises:
        SettingError: if one is not.
    """
    for name, share in shares.items():
        if share is not None and not 0 < share < 1:
            option_name = "--" + name.replace("_", "-")
            hint = f" (for {share:g} %: {share / 100:g})" if 1 < share < 100 else ""
            raise SettingError(f"{option_name} {share:g}: must lie strictly between 0 and 1{hint}")


def confidence_in_words(result: dict[str, Any]) -> list[str]:
    """What ``map`` says of its confidence, by held-out labels, and of pixels without class."""
    lines = []
    if reliability := result["reliability"]:
        before, after = (
            reliability[when]["expected_calibration_error"] for when in ("before", "after")
        )
        lines.append(
            f"confidence        off by {percent(after)} on average, before calibration "
            f"{percent(before)}"
        )
    lines += [f"{entry['name']:<17} {count(entry['n_pixels'])} pixels" for entry in result["doubt"]]
    return lines
