"""From sources to a paired dataset on disk: RAW, render, plan, shards, verify.

from builders import open_pairs
pairs = open_pairs("datasets/demo", split="train")
"""

from builders.pairs import Pair, Pairs, open_pairs

__all__ = ["Pair", "Pairs", "open_pairs"]
