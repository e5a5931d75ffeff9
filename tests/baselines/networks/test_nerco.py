"""NeRCo: its parts beside the released code, and the whole as the release's test assembles it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from vector_file import assert_same, read_vector

from baselines.checkpoints.load import load_checkpoint
from baselines.networks.nerco.generators import ResidualGenerator
from baselines.networks.nerco.layers import draw_weights
from baselines.networks.nerco.mask import MaskExtractor
from baselines.networks.nerco.network import ARCHITECTURE, PRESETS, NeRCo
from baselines.networks.nerco.normaliser import Normaliser
from evaluation.models.cost import count_parameters

SMALL = {"width": 16, "blocks": 1, "hidden": 12, "frequencies": 3}


def small() -> NeRCo:
    """Weights larger than the release's first ones, so that every layer shows in the result."""
    network = NeRCo(**SMALL)
    draw_weights(network, generator=torch.Generator().manual_seed(3), deviation=0.1)
    return network


def picture(height: int, width: int, *, channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.rand(1, channels, height, width, generator=generator)


def test_vector_of_the_generator(testvectors: Path) -> None:
    vector = read_vector(testvectors, "nerco_enhance_generator")
    network = ResidualGenerator(width=8, blocks=2)
    network.load_state_dict(vector["state_dict"])
    assert_same(network(*vector["inputs"]), vector["output"])


def test_vector_of_the_mask(testvectors: Path) -> None:
    vector = read_vector(testvectors, "nerco_mask_extractor")
    network = MaskExtractor(width=16)
    network.load_state_dict(vector["state_dict"])
    for ours, theirs in zip(network(*vector["inputs"]), vector["output"], strict=True):
        assert_same(ours, theirs)
    assert_same(network.mask(*vector["inputs"]), vector["output"][1])


def test_parameters() -> None:
    with torch.device("meta"):
        enhance, degrade = ResidualGenerator(), ResidualGenerator(channels=3)
        normaliser, mask = Normaliser(), MaskExtractor()
        whole = NeRCo(**PRESETS["nerco"])
    assert count_parameters(enhance) == 11_387_587
    assert count_parameters(degrade) == 11_378_179
    assert count_parameters(normaliser) == 11_658_051
    assert count_parameters(normaliser.mlp) == 289_283
    assert count_parameters(mask) == 249_765
    assert count_parameters(whole) == 23_295_403


def test_key_names() -> None:
    with torch.device("meta"):
        keys = NeRCo().state_dict().keys()
    assert len(keys) == 48 + 54 + 20
    assert {
        "G_A.model.1.weight", "G_A.model.10.conv_block.5.bias", "G_A.model.19.weight",
        "G_A.model.26.bias", "Pre.model.22.weight", "Pre.mlp.imnet.layers.6.bias",
        "H.model.6.conv_block.1.weight", "H.output.bias", "H.fc1.weight", "H.fc2.weight",
        "H.conv_ca.weight", "H.conv1.weight",
    } <= keys  # fmt: skip


def by_functions(state: dict[str, Tensor], dark: Tensor) -> Tensor:
    """G_A of the assembled network, from functions alone."""

    def mirrored(planes: Tensor, key: str, by: int) -> Tensor:
        padded = functional.pad(planes, (by,) * 4, mode="reflect")
        return functional.conv2d(padded, state[f"{key}.weight"], state[f"{key}.bias"])

    def norm(planes: Tensor) -> Tensor:
        centred = planes - planes.mean((2, 3), keepdim=True)
        return centred / (centred.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()

    def pair(key: str) -> tuple[Tensor, Tensor]:
        return state[f"{key}.weight"], state[f"{key}.bias"]

    planes = norm(mirrored(dark, "model.1", 3)).relu()
    for key in ("model.4", "model.7"):
        planes = norm(functional.conv2d(planes, *pair(key), stride=2, padding=1)).relu()
    inside = norm(mirrored(planes, "model.10.conv_block.1", 1)).relu()
    planes = planes + norm(mirrored(inside, "model.10.conv_block.5", 1))
    for key in ("model.11", "model.14"):
        larger = functional.conv_transpose2d(
            planes, *pair(key), stride=2, padding=1, output_padding=1
        )
        planes = norm(larger).relu()
    return mirrored(planes, "model.18", 3).tanh()


def test_the_whole_is_the_parts_as_the_release_assembles_them() -> None:
    network, bright = small(), picture(24, 32)
    dark = 2 * bright - 1
    _, mask = network.H(dark)
    assert mask.std() > 1e-3, "else the mask would not show"
    both = torch.cat([dark, network.Pre(dark)], 1) * mask
    state = {key: value.detach() for key, value in network.G_A.state_dict().items()}
    assert_same(network(bright), (by_functions(state, both) + 1) / 2)


def test_it_trains() -> None:
    network = small()
    network(picture(24, 32)).square().mean().backward()
    still = {
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    }
    # the mask extractor's picture is for terms of training that are not in this mean
    assert {name for name in still if name.endswith("weight")} == {"H.output.weight"}


def test_first_weights_are_the_release_s() -> None:
    network = Normaliser(width=16, blocks=1)
    draw_weights(network, generator=torch.Generator().manual_seed(1))
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for layer in layers:
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.15)
        assert layer.bias is not None and not layer.bias.any()
    again = Normaliser(width=16, blocks=1)
    assert 0.015 < next(again.model.parameters()).std() < 0.025
    draw_weights(again, generator=torch.Generator().manual_seed(1))
    for key, value in again.state_dict().items():
        assert torch.equal(value, network.state_dict()[key])


@pytest.mark.parametrize("parallel", ["", "module."])
def test_the_folder_of_a_release_is_opened(tmp_path: Path, parallel: str) -> None:
    network = small().eval()
    for part in ("G_A", "Pre", "H"):
        state = getattr(network, part).state_dict()
        torch.save(
            {f"{parallel}{key}": value for key, value in state.items()},
            tmp_path / f"latest_net_{part}.pth",
        )
    torch.save({"model.0.weight": torch.zeros(1)}, tmp_path / "latest_net_D_A.pth")
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None
    assert loaded.architecture.name == "nerco"
    assert dict(loaded.kwargs) == SMALL
    bright = picture(16, 24)
    with torch.no_grad():
        assert torch.equal(loaded.module(bright), network(bright))


def test_prefixes_inside_a_joined_state_are_taken_off() -> None:
    state = small().state_dict()
    parallel = {
        key.replace(".", ".module.", 1): value for key, value in state.items()
    }  # fmt: skip
    assert ARCHITECTURE.kwargs_of(ARCHITECTURE.renamed(parallel)) == SMALL
    assert ARCHITECTURE.renamed(parallel).keys() == state.keys()
    without = {key: value for key, value in state.items() if not key.startswith("G_A.")}
    assert ARCHITECTURE.kwargs_of(without) is None


def test_real_picture_keeps_size_and_place(testdata: Path) -> None:
    """Random weights: only that nothing is moved or cut; a change of one pixel changes most there.

    Instance norm spreads a change over the whole picture, weakly.
    """
    import numpy as np
    from PIL import Image

    path = sorted((testdata / "lowlight").iterdir())[0]
    with Image.open(path) as opened:
        samples = np.asarray(opened.convert("RGB"))[:64, :96]
    bright = torch.from_numpy(samples.copy()).permute(2, 0, 1)[None].float() / 255
    changed = bright.clone()
    changed[..., 40, 20] = 1.0
    network = small().eval()
    with torch.inference_mode():
        out, other = network(bright), network(changed)
    assert out.shape == bright.shape
    difference = (out - other).abs().sum((0, 1))
    rows, columns = (difference > difference.max() / 4).nonzero(as_tuple=True)
    assert abs(rows.float().mean() - 40) < 6 and abs(columns.float().mean() - 20) < 6


def test_the_mask_s_attention() -> None:
    """The vector's bottleneck of one unit is shut; here all of it is open."""
    network, dark = MaskExtractor(width=32), 2 * picture(12, 20) - 1
    draw_weights(network, generator=torch.Generator().manual_seed(3), deviation=0.1)
    with torch.no_grad():
        network.fc1.weight.abs_()
        planes = functional.pad(network.model(dark), (3, 3, 3, 3), mode="reflect")
        seen = torch.cat([planes.mean((2, 3)), planes.flatten(2).max(2).values], 1)
        squeezed = (seen @ network.fc1.weight[:, :, 0, 0].T).relu()
        assert squeezed.min() > 0.1
        weights = squeezed @ network.fc2.weight[:, :, 0, 0].T @ network.conv_ca.weight[:, :, 0, 0].T
        weighted = planes * weights[..., None, None]
        both = torch.stack([weighted.mean(1), weighted.max(1).values], 1)
        wanted = functional.conv2d(both, network.conv1.weight).sigmoid()
        assert wanted.std() > 1e-3
        assert_same(network.mask(dark), wanted)
        assert_same(network(dark)[1], wanted)
