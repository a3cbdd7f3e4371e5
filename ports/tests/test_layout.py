import numpy as np
import pytest

from ports.layout import halves_from_pairs, pairs_from_halves, repeat_heads


def test_pairs_put_an_element_beside_its_partner():
    halves = np.array([0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112])  # two heads of six
    assert pairs_from_halves(halves, 2).tolist() == [0, 10, 1, 11, 2, 12, 100, 110, 101, 111, 102, 112]


@pytest.mark.parametrize("shape,heads", [((8,), 1), ((24, 5), 3), ((64, 64), 4), ((4, 2, 3), 2)])
def test_halves_undo_pairs(shape, heads):
    x = np.arange(np.prod(shape)).reshape(shape)
    assert np.array_equal(halves_from_pairs(pairs_from_halves(x, heads), heads), x)
    assert np.array_equal(pairs_from_halves(halves_from_pairs(x, heads), heads), x)


def test_rotating_pairs_is_rotating_halves():
    """The reason for the order: neighbours rotated after the change are halves rotated before it."""
    rng = np.random.default_rng(1)
    x, angles = rng.normal(size=8), rng.normal(size=4)
    first, second = x[:4], x[4:]
    halves = np.concatenate([first * np.cos(angles) - second * np.sin(angles), second * np.cos(angles) + first * np.sin(angles)])
    p = pairs_from_halves(x, 1)
    even, odd = p[0::2], p[1::2]
    rotated = np.empty(8)
    rotated[0::2], rotated[1::2] = even * np.cos(angles) - odd * np.sin(angles), odd * np.cos(angles) + even * np.sin(angles)
    assert np.allclose(halves_from_pairs(rotated, 1), halves)


def test_heads_share_a_group_in_order():
    x = np.array([[0], [1], [10], [11]])  # two groups of two rows
    assert repeat_heads(x, 2, 6)[:, 0].tolist() == [0, 1, 0, 1, 0, 1, 10, 11, 10, 11, 10, 11]
    assert np.array_equal(repeat_heads(x, 2, 2), x)


@pytest.mark.parametrize("change", [
    lambda: pairs_from_halves(np.zeros(9), 2), lambda: halves_from_pairs(np.zeros(6), 2), lambda: pairs_from_halves(np.zeros(4), 0),
    lambda: repeat_heads(np.zeros(4), 3, 9), lambda: repeat_heads(np.zeros(4), 2, 3),
])
def test_sizes_that_do_not_divide_are_refused(change):
    with pytest.raises(ValueError):
        change()
