"""Network interpolation: the sums, the refusals, the card."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_networks import small_kwargs, small_network

from baselines.checkpoints.card import Card
from baselines.checkpoints.interpolating import interpolate
from baselines.checkpoints.load import load_checkpoint
from baselines.checkpoints.ours import write_ours
from baselines.checkpoints.writing import check_out, write_state
from degrade.option_error import OptionError


def saved(folder: Path, name: str, *, network: str = "dncnn", seed: int = 0) -> Path:
    torch.save(small_network(network, seed=seed).state_dict(), folder / name)
    return folder / name


def test_alpha_is_the_share_of_the_second(tmp_path: Path) -> None:
    a = saved(tmp_path, "a.pth", seed=1)
    second = small_network("dncnn", seed=2).state_dict()
    write_ours(
        tmp_path / "b", state=second, card=Card(network="dncnn", kwargs=small_kwargs("dncnn"))
    )
    mixed = interpolate(a, tmp_path / "b", alpha=0.8)
    first = small_network("dncnn", seed=1).state_dict()
    for key, value in mixed.state.items():
        wanted = 0.2 * first[key].double() + 0.8 * second[key].double()
        assert torch.allclose(value.double(), wanted, atol=1e-7)
    assert mixed.card is not None
    told = mixed.card.config["interpolation"]
    assert (told["alpha"], told["a"]["file"], told["b"]["file"]) == (0.8, "a.pth", "b")
    assert len(told["a"]["sha256"]) == len(told["b"]["sha256"]) == 64


@pytest.mark.parametrize("out", ["c", "c.safetensors", "c.pth"])
def test_the_mix_is_read_back(out: str, tmp_path: Path) -> None:
    mixed = interpolate(saved(tmp_path, "a.pth"), saved(tmp_path, "b.pth", seed=3), alpha=0.5)
    write_state(tmp_path / out, state=mixed.state, card=mixed.card)
    loaded = load_checkpoint(tmp_path / out)
    assert loaded is not None
    found = loaded.module.state_dict()
    assert all(torch.equal(found[key], value) for key, value in mixed.state.items())
    with pytest.raises(OptionError, match="is there already"):
        check_out(tmp_path / out)
    check_out(tmp_path / out, overwrite=True)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_alpha_is_bounded(alpha: float, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"--alpha .*: 0 .* to 1"):
        interpolate(tmp_path / "a", tmp_path / "b", alpha=alpha)


def test_other_networks_and_shapes_are_refused(tmp_path: Path) -> None:
    a = saved(tmp_path, "a.pth")
    with pytest.raises(ValueError, match=r"a\.pth is dncnn, .*b\.pth is edsr"):
        interpolate(a, saved(tmp_path, "b.pth", network="edsr"), alpha=0.5)
    from baselines.networks.dncnn import DnCNN

    torch.save(DnCNN(width=9, depth=4).state_dict(), tmp_path / "w.pth")
    with pytest.raises(ValueError, match=r"dncnn with width=8, .* with width=9"):
        interpolate(a, tmp_path / "w.pth", alpha=0.5)


def test_networks_that_nobody_bundles_mix_by_name(tmp_path: Path) -> None:
    one = {"layer.weight": torch.zeros(2, 2), "n": torch.tensor(4)}
    torch.save(one, tmp_path / "a.pth")
    torch.save({**one, "layer.weight": torch.ones(2, 2)}, tmp_path / "b.pth")
    mixed = interpolate(tmp_path / "a.pth", tmp_path / "b.pth", alpha=0.25)
    assert mixed.card is None
    assert torch.equal(mixed.state["layer.weight"], torch.full((2, 2), 0.25))
    with pytest.raises(OptionError, match=r"no bundled network go to a file in \.pth"):
        write_state(tmp_path / "c", state=mixed.state, card=None)
    torch.save({**one, "n": torch.tensor(5)}, tmp_path / "b.pth")
    with pytest.raises(ValueError, match="n: whole numbers that differ"):
        interpolate(tmp_path / "a.pth", tmp_path / "b.pth", alpha=0.25)
    torch.save({**one, "layer.weight": torch.ones(3, 2)}, tmp_path / "b.pth")
    with pytest.raises(ValueError, match=r"layer\.weight is \[2, 2\] in .* and \[3, 2\]"):
        interpolate(tmp_path / "a.pth", tmp_path / "b.pth", alpha=0.25)
    with pytest.raises(ValueError, match=r"a\.pth.*has no model\.0|has no layer|no bundled"):
        interpolate(tmp_path / "a.pth", saved(tmp_path, "d.pth"), alpha=0.25)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x.txt").touch()
    with pytest.raises(OptionError, match="other files in it"):
        check_out(tmp_path / "full")
