"""Layouts of the test sets of Gaussian denoising: clean pictures alone, whose noise is made."""

from __future__ import annotations

from collections.abc import Sequence

from builders.layouts.layout import Branch, Layout


def denoise_set(
    name: str, *, citation: str, folders: Sequence[str], inside: Sequence[str] = ("",)
) -> Layout:
    """Pictures of any name in one folder.

    folders: names that the set's folder goes by, the usual one first. inside: what may follow it,
    such as '/HR'; the first of which something is there is taken.
    """
    forms = tuple(
        (Branch("test", "", f"{folder}{place}/{{name}}", ""),)
        for place in inside
        for folder in folders
    )
    wanted = ", ".join(branch.gt.split("{")[0] for form in forms for branch in form)
    hint = f"Pictures are looked for in {wanted}" if len(forms) > 1 else ""
    return Layout(name, citation, forms, preferred=True, hint=hint)
