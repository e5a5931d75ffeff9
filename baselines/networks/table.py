"""NETWORKS: every bundled network by name. Order is that of recognition by shape."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from baselines.networks import (
    carn,
    dbpn,
    dncnn,
    drcn,
    drrn,
    drunet,
    edsr,
    espcn,
    fdncnn,
    fsrcnn,
    lapsrn,
    metasr,
    msrresnet,
    nafnet,
    rcan,
    rdn,
    rrdb,
    srcnn,
    srresnet,
    vdsr,
)
from baselines.networks.architecture import Architecture
from baselines.networks.discriminators.msec import MSECDiscriminator
from baselines.networks.discriminators.patch import PatchDiscriminator
from baselines.networks.discriminators.srgan import SRGANDiscriminator
from baselines.networks.discriminators.unet import UNetDiscriminator
from baselines.networks.discriminators.vgg import VGGDiscriminator
from baselines.networks.msec import network as msec
from baselines.networks.nerco import network as nerco
from baselines.networks.restormer import network as restormer

NETWORKS: Mapping[str, Architecture] = {
    one.ARCHITECTURE.name: one.ARCHITECTURE
    for one in (
        dncnn, fdncnn, drunet, nafnet, rrdb, restormer,
        srcnn, vdsr, drcn, drrn, fsrcnn, espcn, lapsrn,
        edsr, srresnet, msrresnet, rcan, rdn, carn, dbpn, metasr,
        nerco, msec,
    )
}  # fmt: skip

# What judges pictures while a generator learns: name -> class, keyword-only arguments.
DISCRIMINATORS: Mapping[str, type[nn.Module]] = {
    "srgan": SRGANDiscriminator,
    "vgg": VGGDiscriminator,
    "unet": UNetDiscriminator,
    "patch": PatchDiscriminator,
    "msec": MSECDiscriminator,
}
