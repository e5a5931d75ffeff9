"""Models for evaluation: names, files and functions, all as one `Restorer`."""

from evaluation.models.chaining import chain
from evaluation.models.classical import NAMES
from evaluation.models.opening import Ours, open_model
from evaluation.models.options import ModelOptions

__all__ = ["NAMES", "ModelOptions", "Ours", "chain", "open_model"]
