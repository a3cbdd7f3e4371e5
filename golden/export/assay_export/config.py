"""The canonical configuration and its digest (docs/golden-format.md). Needs no model code."""

import hashlib
import struct
from typing import Any, Dict, List, Tuple

from .errors import ExportError

DEFAULTS = {
    "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
    "num_attention_heads": 32, "max_position_embeddings": 2048, "last_context_length": 1024, "hidden_act": "silu",
    "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "use_cache": True, "tie_word_embeddings": False, "mem_layers": [],
    "mem_positionals": True, "mem_dtype": "bfloat16", "mem_attention_grouping": None, "torch_attention": False,
    "pad_token_id": 0, "problem_type": None,
}
ACTIVATIONS = {
    "swish": "silu", "gelu_python": "gelu", "gelu_new": "gelu_tanh", "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh",
}
PLAIN_ACTIVATIONS = (
    "silu", "gelu", "gelu_10", "quick_gelu", "relu", "relu2", "relu6", "sigmoid", "tanh", "mish", "laplace", "linear",
)
DTYPE_ALIASES = {"half": "float16", "float": "float32", "double": "float64"}
MEM_DTYPES = ("float64", "float32", "float16", "bfloat16")


def is_classification(model: Dict[str, Any]) -> bool:
    return (model.get("architectures") or [""])[0] == "LongLlamaForSequenceClassification"


def num_labels(model: Dict[str, Any]) -> int:
    if model.get("id2label") is not None:
        return len(model["id2label"])
    return model.get("num_labels", 2)


def _float_bits(value) -> str:
    return struct.pack(">d", float(value)).hex()


def _activation(name) -> str:
    name = ACTIVATIONS.get(name, name)
    if name not in PLAIN_ACTIVATIONS + ("gelu_tanh",):
        raise ExportError(f"config: unknown hidden_act {name!r}")
    return name


def _mem_dtype(name) -> str:
    name = DTYPE_ALIASES.get(name, name)
    if name not in MEM_DTYPES:
        raise ExportError(f"config: unknown mem_dtype {name!r}")
    return name


def _join(values) -> str:
    return ",".join(str(v) for v in values)


def canonical_fields(model: Dict[str, Any]) -> List[Tuple[str, str]]:
    """(name, value) in the order of the format; ExportError where a value has no canonical form."""
    get = lambda name: model.get(name, DEFAULTS[name])
    flag = lambda name: str(int(bool(get(name))))
    optional = lambda value: "null" if value is None else str(value)
    grouping = get("mem_attention_grouping")
    classify = is_classification(model)
    sizes = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
             "max_position_embeddings", "last_context_length")
    return [
        ("head", "classification" if classify else "causal_lm"),
        *((name, str(int(get(name)))) for name in sizes),
        ("hidden_act", _activation(get("hidden_act"))),
        ("rms_norm_eps", _float_bits(get("rms_norm_eps"))),
        ("rope_theta", _float_bits(get("rope_theta"))),
        ("use_cache", flag("use_cache")),
        ("tie_word_embeddings", flag("tie_word_embeddings")),
        ("mem_layers", _join(sorted(set(get("mem_layers"))))),
        ("mem_positionals", flag("mem_positionals")),
        ("mem_dtype", _mem_dtype(get("mem_dtype"))),
        ("mem_attention_grouping", "null" if grouping is None else _join(grouping)),
        ("torch_attention", flag("torch_attention")),
        ("pad_token_id", optional(get("pad_token_id"))),
        ("num_labels", str(num_labels(model)) if classify else "null"),
        ("problem_type", optional(get("problem_type"))),
    ]


def digest(model: Dict[str, Any]) -> str:
    """SHA-256 of the canonical configuration."""
    text = "".join(f"{name}={value}\n" for name, value in canonical_fields(model))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
