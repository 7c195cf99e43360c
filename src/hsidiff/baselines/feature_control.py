"""What the controls with a denoiser share: SpectralDiff's ``fast`` profile and its transformer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from hsidiff.errors import SettingError
from hsidiff.feature_classifier import FeatureClassifier
from hsidiff.features.feature_profile import FAST, FeatureProfile


@dataclass(repr=False, eq=False)
class FeatureControl(FeatureClassifier):
    """A feature classifier in all but one thing, which its subclass changes."""

    profiles: ClassVar[Mapping[str, FeatureProfile]] = {"fast": FAST}

    def settings(self) -> FeatureProfile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range, or levels are to be distilled.
        """
        profile = super().settings()
        if profile.extraction == "distilled":
            raise SettingError(
                f"extraction='distilled': {self.name} learns no levels of noise that could be "
                "distilled; choose clean, noisy or mean"
            )
        return profile
