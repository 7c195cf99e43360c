"""What the baselines on principal components share: the scene's components, learned and saved."""

from dataclasses import dataclass, field

from sklearn.base import ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from hsidiff.about import Cost
from hsidiff.baselines.spectral import SpectralBaseline
from hsidiff.errors import check_whole_number
from hsidiff.labels.label_map import LabelMap
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.windows.statistics import PrincipalComponents, scene_moments


@dataclass(repr=False, eq=False)
class OnComponents(SpectralBaseline):
    """Stands before another spectral baseline, whose estimator then sees whitened components.

    Attributes:
        n_components: principal components that are kept; fewer where the scene has fewer.
        projection_: the components of all valid pixels of the scene.
    """

    n_components: int = field(default=32, kw_only=True)

    projection_: PrincipalComponents = field(init=False)

    @property
    def transductive(self) -> bool:
        """Components are learned, without labels, from every valid pixel of the scene."""
        return True

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of the components, and of the other baseline on them."""
        self._check_settings()
        n_components = min(self.n_components, n_bands)
        components = Cost.of_projection(n_bands, n_components)
        return components + super().cost(n_components, n_classes)

    def _check_settings(self) -> None:
        super()._check_settings()
        check_whole_number("n_components", self.n_components, 1)

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        self._check_settings()
        self.projection_ = PrincipalComponents.from_moments(
            scene_moments(scene), self.n_components, whiten=True
        )
        super()._fit(scene, labels)

    def _after_projection(self, estimator: ClassifierMixin) -> ClassifierMixin:
        return make_pipeline(FunctionTransformer(self.projection_.project), estimator)

    def _get_learned(self) -> Learned:
        learned = super()._get_learned()
        return Learned(learned.arrays | self.projection_.arrays("projection."), learned.facts)

    def _set_learned(self, learned: Learned) -> None:
        self.projection_ = PrincipalComponents.from_arrays("projection.", learned.arrays)
        super()._set_learned(learned)
