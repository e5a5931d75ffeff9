"""Adversarial losses of logits: what a generator and a discriminator each minimise in its turn.

Logits are a discriminator's outputs of any shape, without sigmoid. Every kind is a batch's mean:

vanilla               BCE of sigmoid(logits) and a label (Goodfellow et al., NeurIPS 2014, eq. 1,
                      and for the generator its non-saturating form, section 3)
least-squares         (logit - label)**2 (Mao et al., ICCV 2017, eq. 2, which has halves; the
                      releases of CycleGAN and BasicSR have none)
hinge                 relu(1 - real), relu(1 + fake); the generator: -fake (Lim and Ye, 2017;
                      Miyato et al., ICLR 2018, eq. 16 and 17)
wasserstein           -real, fake; the generator: -fake (Arjovsky et al., ICML 2017, algorithm 1)
wasserstein-softplus  softplus(-real), softplus(fake): BasicSR's wgan_softplus, in value vanilla
                      with labels 1 and 0

The relativistic average (Jolicoeur-Martineau, ICLR 2019; ESRGAN, ECCVW 2018, eq. 1 and 2) asks
whether the real is more real than the fake is on average. `discriminator_loss` is the sum of its
two terms as in BasicSR's SRGANModel; CycleGAN takes half of it: the caller's weight.

No function detaches anything: a turn decides what learns. In ESRGAN's release (BasicSR's
ESRGANModel) the generator's turn has the real logits detached; the discriminator's detaches the
fake picture and, in each term, the mean of the other side: mean=detached(torch.mean).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from baselines.losses.operands import widened
from degrade.option_error import OptionError, nearest

Mean = Callable[[Tensor], Tensor]


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def _squares(logits: Tensor, label: float) -> Tensor:
    return ((logits - label) ** 2).mean()


# Name -> loss of logits and the label that they should have.
LABELLED: Mapping[str, Callable[[Tensor, float], Tensor]] = {
    "vanilla": _cross_entropy,
    "least-squares": _squares,
}
# Name -> loss of logits that should be large: negated where they should be small.
SIGNED: Mapping[str, Callable[[Tensor], Tensor]] = {
    "hinge": lambda logits: functional.relu(1 - logits).mean(),
    "wasserstein": lambda logits: -logits.mean(),
    "wasserstein-softplus": lambda logits: functional.softplus(-logits).mean(),
}
KINDS: tuple[str, ...] = (*LABELLED, *SIGNED)


def detached(mean: Mean) -> Mean:
    """`mean` as a constant: no gradient goes through it."""
    return lambda logits: mean(logits.detach())


def discriminator_term(
    logits: Tensor, *, kind: str, real: bool, label: float | None = None
) -> Tensor:
    """How far logits are from being called real, or fake; a scalar. See the module.

    One of `discriminator_loss`'s two terms, for a turn that goes back through each by itself. kind:
    one of KINDS. label: of 'vanilla' and 'least-squares', which alone have labels; None for 1 where
    real and 0 where not. Raises OptionError.
    """
    logits = widened(logits)
    if kind in SIGNED:
        if label is not None:
            raise OptionError(
                f"label {label}: {kind} has none; leave it out, or take {' or '.join(LABELLED)}"
            )
        return SIGNED[kind](logits if real else -logits)
    if kind not in LABELLED:
        raise OptionError(f"kind {kind!r}: one of {', '.join(KINDS)}{nearest(kind, KINDS)}")
    return LABELLED[kind](logits, float(real) if label is None else label)


def generator_loss(fake_logits: Tensor, *, kind: str, real_label: float | None = None) -> Tensor:
    """What the generator minimises: that its pictures be called real; a scalar. See the module.

    kind: one of KINDS; 'hinge' is -mean, without a hinge. real_label: as in `discriminator_loss`,
    least squares' c. Raises OptionError.
    """
    if kind == "hinge" and real_label is None:  # only the discriminator's are held to a margin
        return -widened(fake_logits).mean()
    return discriminator_term(fake_logits, kind=kind, real=True, label=real_label)


def discriminator_loss(
    real_logits: Tensor,
    fake_logits: Tensor,
    *,
    kind: str,
    real_label: float | None = None,
    fake_label: float | None = None,
) -> Tensor:
    """What the discriminator minimises: the sum of its terms of both sides; a scalar.

    kind: one of KINDS. real_label, fake_label: of 'vanilla' and 'least-squares' (b and a of Mao et
    al.), which alone have labels; None for 1 and 0. Raises OptionError.
    """
    real = discriminator_term(real_logits, kind=kind, real=True, label=real_label)
    return real + discriminator_term(fake_logits, kind=kind, real=False, label=fake_label)


def relativistic_generator_loss(
    real_logits: Tensor, fake_logits: Tensor, *, kind: str, mean: Mean = torch.mean
) -> Tensor:
    """Half of: fake more real than the mean real, real less so than the mean fake; a scalar.

    ESRGAN's eq. 2 with kind 'vanilla', halved as in its release. mean: of one side's logits, to
    be one over all processes; KAIR's is over the batch alone, `lambda logits: logits.mean(0)`. Its
    gradient counts, in the release too; the caller detaches the real logits. 'hinge' keeps its
    margins (Jolicoeur-Martineau's RaHingeGAN): by BasicSR's GANLoss both terms would be -mean and
    their sum constant. Raises OptionError.
    """
    return _relativistic(real_logits, fake_logits, kind=kind, mean=mean, to_real="fake")


def relativistic_discriminator_loss(
    real_logits: Tensor, fake_logits: Tensor, *, kind: str, mean: Mean = torch.mean
) -> Tensor:
    """Half of: real more real than the mean fake, fake less so than the mean real; a scalar.

    ESRGAN's eq. 1 with kind 'vanilla', halved as in its release. mean: of one side's logits; the
    paper's has a gradient, the release's none (`detached`), in value they are equal. Raises
    OptionError.
    """
    return _relativistic(real_logits, fake_logits, kind=kind, mean=mean, to_real="real")


def _relativistic(
    real_logits: Tensor, fake_logits: Tensor, *, kind: str, mean: Mean, to_real: str
) -> Tensor:
    real_logits, fake_logits = widened(real_logits), widened(fake_logits)
    real = discriminator_term(real_logits - mean(fake_logits), kind=kind, real=to_real == "real")
    fake = discriminator_term(fake_logits - mean(real_logits), kind=kind, real=to_real == "fake")
    return (real + fake) / 2
