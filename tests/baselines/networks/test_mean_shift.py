"""The shift by DIV2K's mean."""

from __future__ import annotations

import torch
from random_pictures import random_picture
from torch.nn import functional

from baselines.networks.mean_shift import MeanShift, shifts


def test_takes_the_mean_away_and_gives_it_back() -> None:
    picture = random_picture(2, 3, 4, 5) * 255
    shifted = MeanShift(sign=-1)(picture)
    wanted = picture - 255 * torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    torch.testing.assert_close(shifted, wanted)
    torch.testing.assert_close(MeanShift(sign=1)(shifted), picture)


def test_a_learned_matrix_is_a_convolution_of_one_pixel() -> None:
    shift = MeanShift(sign=1, span=1.0)
    shift.weight.normal_()
    shift.bias.normal_()
    picture = random_picture(2, 3, 4, 5)
    torch.testing.assert_close(shift(picture), functional.conv2d(picture, shift.weight, shift.bias))


def test_it_never_learns_and_stands_in_the_state_only_where_wanted() -> None:
    assert not list(MeanShift(sign=1).parameters())
    assert not MeanShift(sign=1, stored=False).state_dict()
    assert list(shifts()) == [
        "sub_mean.weight", "sub_mean.bias", "add_mean.weight", "add_mean.bias"
    ]  # fmt: skip


def test_autocast_leaves_it_in_float32() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert MeanShift(sign=1)(random_picture(1, 3, 2, 2).bfloat16()).dtype == torch.float32
