"""How llama.cpp and Hugging Face lay out the same attention weights. Rows of a projection are grouped by head.

LLaMA in Hugging Face's files rotates element i of a head together with element i + D/2 (halves); llama.cpp rotates neighbours
2i and 2i + 1 (pairs), and its files have the rows of the query and key projections in an order that makes both the same.
"""

import numpy as np


def _heads_of(rows: int, heads: int) -> int:
    """Rows of one head."""
    if heads <= 0 or rows % heads:
        raise ValueError(f"{rows} rows do not divide into {heads} heads")
    return rows // heads


def pairs_from_halves(x: np.ndarray, heads: int) -> np.ndarray:
    """Puts axis 0, heads times D, from the order of halves (0, D/2, ...) into that of pairs: what a GGUF file holds."""
    size = _heads_of(x.shape[0], heads)
    if size % 2:
        raise ValueError(f"heads of {size} elements have no halves")
    return x.reshape(heads, 2, size // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def halves_from_pairs(x: np.ndarray, heads: int) -> np.ndarray:
    """The inverse of pairs_from_halves."""
    size = _heads_of(x.shape[0], heads)
    if size % 2:
        raise ValueError(f"heads of {size} elements have no pairs")
    return x.reshape(heads, size // 2, 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def repeat_heads(x: np.ndarray, groups: int, heads: int) -> np.ndarray:
    """Gives each query head its own copy of the key or value head that it shares: head h takes group h / (heads / groups)."""
    if groups <= 0 or heads % groups:
        raise ValueError(f"{heads} heads do not divide into {groups} groups")
    size = _heads_of(x.shape[0], groups)
    split = x.reshape(groups, size, *x.shape[1:])
    return np.repeat(split, heads // groups, axis=0).reshape(heads * size, *x.shape[1:])
