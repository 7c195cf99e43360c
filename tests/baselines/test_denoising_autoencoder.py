from dataclasses import replace

import pytest
import torch

from hsidiff.baselines import DenoisingAutoencoder
from hsidiff.baselines.denoising_autoencoder import LEVEL
from hsidiff.diffusion.objectives import target_of
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.errors import SettingError
from hsidiff.features.feature_profile import FAST
from small_scenes import small_labels, small_scene

SHAPE = (30, 36)


def test_all_but_the_levels_is_the_fast_profile() -> None:
    one_level = replace(FAST.denoising, noise_timesteps=(LEVEL,))
    expected = replace(FAST, timesteps=(LEVEL,), denoising=one_level)
    assert DenoisingAutoencoder().settings() == expected
    assert len(FAST.timesteps) > 1
    assert FAST.denoising.noise_timesteps is None


@pytest.mark.parametrize(("settings", "level"), [({}, LEVEL), ({"timesteps": (90,)}, 90)])
def test_it_learns_and_is_asked_at_one_level(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], level: int
) -> None:
    seen: dict[str, set[int]] = {"learned": set(), "asked": set()}
    schedule = NoiseSchedule

    def watch(name: str, kind: str) -> None:
        plain = getattr(schedule, name)

        def call(self: NoiseSchedule, x_0: torch.Tensor, t: torch.Tensor, *more: object) -> object:
            seen[kind] |= set(t.tolist())
            return plain(self, x_0, t, *more)

        monkeypatch.setattr(schedule, name, call)

    watch("add_noise", "learned")
    watch("without_noise", "asked")
    model = DenoisingAutoencoder(pretrain_steps=4, device="cpu", **settings)
    model.fit(small_scene(SHAPE), small_labels(SHAPE))
    assert seen == {"learned": {level}, "asked": {level}}


def test_what_it_says_is_the_clean_scene_behind_a_skip() -> None:
    schedule, t = NoiseSchedule.linear(500), torch.tensor([LEVEL])
    x_0, eps = torch.tensor([[0.3, -2.0]]), torch.tensor([[1.5, 0.1]])
    x_t = schedule.add_noise(x_0, t, eps)
    alpha, sigma = schedule.signal_and_noise(t, x_0)
    v = target_of("v", schedule, x_0, t, eps)
    torch.testing.assert_close(v, (alpha * x_t - x_0) / sigma)


def test_several_levels_are_refused() -> None:
    with pytest.raises(SettingError, match=r"timesteps=\(5, 9\): .* has one level of noise"):
        DenoisingAutoencoder(timesteps=(5, 9)).fit(small_scene(SHAPE), small_labels(SHAPE))


def test_a_saved_model_keeps_its_level(tmp_path) -> None:
    model = DenoisingAutoencoder(timesteps=(70,), pretrain_steps=2, device="cpu")
    model.fit(small_scene(SHAPE), small_labels(SHAPE)).save(tmp_path / "model")
    assert DenoisingAutoencoder.load(tmp_path / "model").features_.timesteps == (70,)
