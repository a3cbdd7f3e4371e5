"""Names of a LLaMA's weights in GGUF files and in Hugging Face folders."""

import re

_WHOLE = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
_OF_HF = re.compile(r"model\.layers\.(\d+)\.(.+)\.weight\Z")
_OF_GGUF = re.compile(r"blk\.(\d+)\.(.+)\.weight\Z")


def gguf_from_hf(name: str) -> str:
    """The GGUF name of a weight; KeyError for one that is no weight of a LLaMA."""
    if name in _WHOLE:
        return _WHOLE[name]
    match = _OF_HF.match(name)
    if match is None:
        raise KeyError(name)
    return f"blk.{match[1]}.{_LAYER[match[2]]}.weight"


def hf_from_gguf(name: str) -> str:
    """The inverse of gguf_from_hf."""
    for hf, gguf in _WHOLE.items():
        if gguf == name:
            return hf
    match = _OF_GGUF.match(name)
    if match is None:
        raise KeyError(name)
    for hf, gguf in _LAYER.items():
        if gguf == match[2]:
            return f"model.layers.{match[1]}.{hf}.weight"
    raise KeyError(name)
