"""Layouts of low-light pictures without targets."""

from __future__ import annotations

from builders.layouts.layout import Branch, Layout


def unreferenced(name: str, *, citation: str, folders: tuple[str, ...]) -> Layout:
    """Pictures that lie in one folder of the set's name, or in its `low` or `input`.

    folders: names that the set's folder goes by, the usual one first.
    """
    inside = ("", "low/", "input/")
    return Layout(
        name=name,
        citation=citation,
        forms=tuple(
            (Branch("test", f"{folder}/{below}{{name}}", "", "low"),)
            for below in inside
            for folder in folders
        ),
        bits=0,
        preferred=True,
    )


LIME = unreferenced(
    "lime",
    citation="Guo, Li, Ling: LIME: Low-light Image Enhancement via Illumination Map Estimation, "
    "TIP 2017",
    folders=("LIME",),
)
NPE = unreferenced(
    "npe",
    citation="Wang, Zheng, Hu, Li: Naturalness Preserved Enhancement Algorithm for Non-Uniform "
    "Illumination Images, TIP 2013",
    folders=("NPE",),
)
MEF = unreferenced(
    "mef",
    citation="Ma, Zeng, Wang: Perceptual Quality Assessment for Multi-Exposure Image Fusion, TIP "
    "2015",
    folders=("MEF",),
)
DICM = unreferenced(
    "dicm",
    citation="Lee, Lee, Kim: Contrast Enhancement Based on Layered Difference Representation of "
    "2D Histograms, TIP 2013",
    folders=("DICM",),
)
VV = unreferenced(
    "vv",
    citation="Vonikakis, Kouskouridas, Gasteratos: On the Evaluation of Illumination Compensation "
    "Algorithms, Multimedia Tools and Applications 2018",
    folders=("VV",),
)
