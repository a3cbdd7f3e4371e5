import numpy as np
import pytest
import torch

from assay_export import counter, weights
from conftest import MODEL


def naive_r(seed, name, i):
    """The recipe in plain Python integers."""
    m = (1 << 64) - 1
    z = (counter.key(seed, name) + (i + 1) * 0x9E3779B97F4A7C15) & m
    return ((counter.mix(z) >> 40) - (1 << 23)) / (1 << 23)


def test_fixed_numbers_of_the_generator():
    """SplitMix64 from state 0 starts with these."""
    assert [int(n) for n in counter.numbers(0, 3)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert counter.mix(0) == 0
    assert counter.key(7, "") == counter.mix(0xCBF29CE484222325 ^ counter.mix(7))


def test_fixed_values_of_the_recipe():
    """Any change of these breaks every golden that has its weights from a seed."""
    q = weights.recipe_one("model.layers.0.self_attn.q_proj.weight", (4, 4), 7, 1.5)
    norm = weights.recipe_one("model.norm.weight", (4,), 7, 1.5)
    embed = weights.recipe_one("model.embed_tokens.weight", (2, 2), 7, 1.5)
    found = [a.ravel()[i].view(np.uint32) for a, i in ((q, 0), (q, 15), (norm, 0), (embed, 3))]
    assert [hex(f) for f in found] == FIXED


FIXED = ["0xbf02b9d4", "0x3f99ed3d", "0x3f9ed699", "0xbeb7c2a2"]


@pytest.mark.parametrize("name,shape,scale", [
    ("model.layers.0.mlp.up_proj.weight", (3, 8), np.float32(1.5 * np.sqrt(3.0 / 8))), ("model.embed_tokens.weight", (3, 8), np.float32(np.sqrt(3.0))),
])
def test_recipe_is_as_documented(name, shape, scale):
    w = weights.recipe_one(name, shape, 9, 1.5)
    assert w.dtype == np.float32
    for i in range(w.size):
        assert w.ravel()[i] == np.float32(naive_r(9, name, i)) * scale


def test_norm_weights_lie_around_one():
    w = weights.recipe_one("model.norm.weight", (5,), 9, 1.5)
    assert [float(x) for x in w] == [float(np.float32(1) + np.float32(naive_r(9, "model.norm.weight", i)) * np.float32(0.25)) for i in range(5)]


@pytest.mark.parametrize("dtype,bits", [(torch.float32, torch.int32), (torch.float64, torch.int64), (torch.bfloat16, torch.int16), (torch.float16, torch.int16)])
def test_perturbation_is_one_ulp(dtype, bits):
    values = torch.cat([torch.linspace(-2, 2, 101), torch.tensor([0.0, -0.0, 1.0, -1.0, 0.5])]).to(dtype)
    moved = weights.perturb_one("some.weight", values, 3)
    line = lambda t: torch.where(t.view(bits) < 0, -(t.view(bits).long() & torch.iinfo(bits).max), t.view(bits).long())
    steps = line(moved) - line(values)
    assert set(steps.tolist()) == {1, -1}
    assert torch.equal(moved, weights.perturb_one("some.weight", values, 3))
    assert not torch.equal(moved, weights.perturb_one("some.weight", values, 4))


def test_shapes_follow_the_configuration():
    names = dict(weights.shapes(MODEL))
    assert len(names) == 2 + 9 * 2 + 1 and names["model.layers.1.mlp.down_proj.weight"] == (16, 20)
    assert "lm_head.weight" not in dict(weights.shapes({**MODEL, "tie_word_embeddings": True}))
    score = {**MODEL, "architectures": ["LongLlamaForSequenceClassification"], "id2label": {"0": "a", "1": "b", "2": "c"}}
    assert dict(weights.shapes(score))["score.weight"] == (3, 16)


def test_folder_round_trip(tmp_path):
    made = weights.recipe(MODEL, 5, 1.5)
    weights.write_folder(tmp_path, MODEL, made)
    back = weights.read_folder(tmp_path, MODEL)
    assert weights.digest(back) == weights.digest({n: torch.from_numpy(w) for n, w in made.items()})
