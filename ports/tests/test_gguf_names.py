import pytest
from assay_export import weights

from ports.cases import SMALL
from ports.gguf_names import gguf_from_hf, hf_from_gguf


def test_every_weight_has_a_name_of_its_own_and_back():
    names = [name for name, _ in weights.shapes(SMALL)]
    theirs = [gguf_from_hf(name) for name in names]
    assert len(set(theirs)) == len(names)
    assert [hf_from_gguf(name) for name in theirs] == names


def test_names_are_llama_cpps():
    assert gguf_from_hf("model.layers.12.self_attn.o_proj.weight") == "blk.12.attn_output.weight"
    assert gguf_from_hf("model.layers.0.post_attention_layernorm.weight") == "blk.0.ffn_norm.weight"
    assert hf_from_gguf("output_norm.weight") == "model.norm.weight"


@pytest.mark.parametrize("name", ["rope_freqs.weight", "blk.1.attn_q.bias", "blk.x.attn_q.weight", "blk.1.attn_qkv.weight"])
def test_other_names_are_refused(name):
    with pytest.raises(KeyError):
        hf_from_gguf(name)


@pytest.mark.parametrize("name", ["model.layers.1.self_attn.rotary_emb.inv_freq", "model.layers.1.self_attn.x_proj.weight"])
def test_what_is_no_weight_of_a_llama_is_refused(name):
    with pytest.raises(KeyError):
        gguf_from_hf(name)
