"""Writes a LLaMA's weights as a GGUF file in float32, as a converter for llama.cpp does."""

from pathlib import Path
from typing import Any, Dict

import gguf
import numpy as np

from .gguf_names import gguf_from_hf
from .layout import pairs_from_halves


def _tensor(name: str, values: np.ndarray, heads: int) -> np.ndarray:
    rotated = name.endswith(("q_proj.weight", "k_proj.weight"))
    return np.ascontiguousarray(pairs_from_halves(values, heads) if rotated else values, dtype=np.float32)


def write(path: Path, model: Dict[str, Any], weights: Dict[str, np.ndarray]) -> None:
    """`model` is a config.json of LongLLaMA; its memory has no place in the file. There is no vocabulary in it either."""
    heads = model["num_attention_heads"]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(model["max_position_embeddings"])
    writer.add_embedding_length(model["hidden_size"])
    writer.add_block_count(model["num_hidden_layers"])
    writer.add_feed_forward_length(model["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_rope_dimension_count(model["hidden_size"] // heads)
    writer.add_rope_freq_base(model["rope_theta"])
    writer.add_layer_norm_rms_eps(model["rms_norm_eps"])
    writer.add_vocab_size(model["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("none")
    for name, values in weights.items():
        writer.add_tensor(gguf_from_hf(name), _tensor(name, np.asarray(values), heads))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
