import numpy as np

from ports.layout import pairs_from_halves
from ports.smollm2 import _shortest, weight_of


def test_keys_get_their_order_back_and_a_copy_for_each_query_head():
    halves = np.arange(8.0).reshape(8, 1)  # two groups of four rows
    stored = pairs_from_halves(halves, 2)
    out = weight_of("model.layers.0.self_attn.k_proj.weight", stored, 2, 4)
    assert out[:, 0].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7]


def test_values_are_copied_and_keep_their_order():
    x = np.arange(4.0).reshape(4, 1)
    assert weight_of("model.layers.0.self_attn.v_proj.weight", x, 2, 4)[:, 0].tolist() == [0, 1, 0, 1, 2, 3, 2, 3]


def test_queries_get_their_order_back():
    x = np.arange(8.0).reshape(8, 1)
    assert np.array_equal(weight_of("model.layers.3.self_attn.q_proj.weight", pairs_from_halves(x, 2), 1, 2), x)


def test_other_weights_stay():
    x = np.arange(8.0).reshape(8, 1)
    for name in ("model.layers.0.self_attn.o_proj.weight", "model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight"):
        assert weight_of(name, x, 1, 2) is x


def test_a_float32_reads_as_it_was_written():
    assert _shortest(np.float32(1e-5)) == 1e-5
    assert _shortest(np.float32(100000.0)) == 100000.0
