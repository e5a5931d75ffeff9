"""NeRCo's terms as formulas, read off models/NeRCo_model.py of the release."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from baselines.networks.nerco.edges import EdgeLayer
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.turn import RESTORER, Batch, Objective, Terms


def should_be(logits: Tensor, label: float) -> Tensor:
    return functional.mse_loss(logits, torch.full_like(logits, label))


def brightness(picture: Tensor, wanted: int) -> Tensor:
    """The toy CLIP's loss: 1 - the probability of prompt `wanted` of dark and bright."""
    small = functional.interpolate(picture, (16, 16), mode="bilinear")
    mean = small.mean((1, 2, 3))
    seen = torch.stack([1 - mean, 1 + mean], 1)
    seen = seen / seen.norm(dim=1, keepdim=True)
    logits = torch.tensor(1.0).exp() * seen
    return (1 - logits.softmax(1)[:, wanted]).mean()


def layer_of(objective: Objective, batch: Batch, call: str) -> EdgeLayer:
    """The edge layer of a call, colours drawn."""
    edges = objective.turns[1].loss.edges  # type: ignore[attr-defined]
    made = edges.layer(batch=batch, call=call)
    assert isinstance(made, EdgeLayer)
    return made


def written_out(choice: Nerco, objective: Objective, batch: Batch) -> tuple[Terms, Terms]:
    """Both turns' terms, as models/NeRCo_model.py of the release reads, on pools that are empty."""
    nets: Any = objective.networks
    restorer, g_b = nets[RESTORER], nets["G_B"]
    g_a, pre, h = restorer.G_A, restorer.Pre, restorer.H
    d_a, d_b, l1 = nets["D_A"], nets["D_B"], functional.l1_loss
    real_a, real_b = batch["low"] * 2 - 1, batch["high"] * 2 - 1

    pre_a, (lost, mask) = pre(real_a), h(real_a)
    fake_b = g_a(torch.cat((real_a, pre_a), 1) * mask)
    rec_a = g_b(fake_b)
    fake_a = g_b(real_b * mask) if choice.mask_down else g_b(real_b)
    back = torch.cat((fake_a, pre(fake_a)), 1)
    rec_b = g_a(back * h(fake_a)[1]) if choice.mask_back else g_a(back)

    def edge(picture: Tensor, call: str) -> Tensor:
        return layer_of(objective, batch, call)(picture)

    def shown(picture: Tensor, judge: str) -> Tensor:
        call = f"{judge} generators"
        return edge(picture, call) if choice.edge_fakes == "edges" else picture

    generators = {
        "gan_A": should_be(d_a(fake_b), 1),
        "gan_B": should_be(d_b(fake_a), 1),
        "gan_normalised": choice.normalised * should_be(d_b(pre_a), 1),
        "edge_A": 0.5 * should_be(nets["D_A_edge"](shown(fake_b, "D_A_edge")), 1),
        "edge_B": 0.5 * should_be(nets["D_B_edge"](shown(fake_a, "D_B_edge")), 1),
        "cycle_A": 10 * l1(rec_a, real_a),
        "cycle_B": 10 * l1(rec_b, real_b),
        "identity_A": 5 * l1(g_a(torch.cat((real_b, real_b), 1)), real_b),
        "identity_B": 5 * l1(g_b(real_a), real_a),
        "consistency": 40 * l1(pre_a, real_a),
        "bypass": 0.5
        * (
            l1(fake_b, real_a + lost)
            + l1(real_b, g_a(torch.cat((real_b - lost, real_b - lost), 1)))
        ),
        "gan_lost": 0.5 * (should_be(d_a(real_a + lost), 1) + should_be(d_b(real_b - lost), 1)),
        "lost": 0.5 * (l1(lost, fake_b - real_a) + l1(fake_a, real_b - h(fake_a)[0])),
        "clip_A": 0.5 * (brightness(fake_b, 1) + brightness(rec_b, 1)),
        "clip_B": 0.5 * (brightness(fake_a, 0) + brightness(rec_a, 0)),
    }

    def judged(judge: str, real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * (should_be(nets[judge](real), 1) + should_be(nets[judge](fake.detach()), 0))

    def edges_judged(judge: str, real: Tensor, fake: Tensor) -> Tensor:
        return judged(judge, edge(real, f"{judge} real"), edge(fake, f"{judge} made"))

    judges = {
        "D_A": judged("D_A", real_b, fake_b),
        "D_B": judged("D_B", real_a, fake_a),
        "D_B_normalised": judged("D_B", real_a, pre_a),
        "D_A_edge": edges_judged("D_A_edge", real_b, fake_b),
        "D_B_edge": edges_judged("D_B_edge", real_a, fake_a),
    }
    return generators, judges
