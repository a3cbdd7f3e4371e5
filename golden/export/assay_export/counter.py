"""The counter-based generator of core/random.h, vectorised: the same numbers bit for bit."""

import numpy as np

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z: int) -> int:
    """SplitMix64's finaliser of one number."""
    z &= MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def key(seed: int, name: str) -> int:
    """The key of the stream `name` under `seed`: FNV-1a from a mixed seed, mixed again."""
    h = 0xCBF29CE484222325 ^ mix(seed)
    for byte in name.encode("utf-8"):
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return mix(h)


def numbers(stream_key: int, count: int) -> np.ndarray:
    """The first `count` 64-bit numbers of a stream, as uint64."""
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(stream_key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def symmetric(stream_key: int, count: int) -> np.ndarray:
    """Uniform in [-1, 1) on a grid of 2^-23, exact float32."""
    whole = (numbers(stream_key, count) >> np.uint64(40)).astype(np.int64) - (1 << 23)
    return whole.astype(np.float32) * np.float32(2.0**-23)


def coin(stream_key: int, count: int) -> np.ndarray:
    """Booleans: the top bit of each number."""
    return (numbers(stream_key, count) >> np.uint64(63)).astype(bool)
