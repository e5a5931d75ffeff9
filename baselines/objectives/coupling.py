"""What couples the samples of a batch: why results depend on how it is cut."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

_POWER_ITERATION = "weight_u"  # the buffer of torch.nn.utils.spectral_norm


def coupled_by(networks: Mapping[str, nn.Module]) -> tuple[str, ...]:
    """A clause for each kind of layer whose work depends on how a batch is cut among processes and
    micro-batches, for `Objective.batch_coupled`; none where samples are apart."""
    batch = [name for name, one in networks.items() if _has_batch_norm(one)]
    spectral = [name for name, one in networks.items() if _has_spectral_norm(one)]
    clauses: list[str] = []
    if batch:
        clauses.append(
            f"batch normalisation ({', '.join(batch)}) takes its statistics of each process's "
            "micro-batch"
        )
    if spectral:
        clauses.append(
            f"spectral normalisation ({', '.join(spectral)}) goes one power iteration on at each "
            "micro-batch"
        )
    return tuple(clauses)


def _has_batch_norm(network: nn.Module) -> bool:
    kind = nn.modules.batchnorm._BatchNorm
    return any(isinstance(one, kind) for one in network.modules())


def _has_spectral_norm(network: nn.Module) -> bool:
    return any(name.endswith(_POWER_ITERATION) for name, _ in network.named_buffers())
