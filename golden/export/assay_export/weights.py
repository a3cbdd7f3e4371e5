"""Weights: the recipe assay-uniform/1, moves by one ulp, digests, and Hugging Face folders."""

import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
import xxhash

from . import config as configs
from . import counter
from .errors import ExportError

EMBEDDING = "model.embed_tokens.weight"


def shapes(model: Dict[str, Any]) -> List[Tuple[str, tuple]]:
    """(name, shape) of every weight of a configuration; a tied lm_head.weight is left out."""
    get = lambda name: model.get(name, configs.DEFAULTS[name])
    hidden, inner, vocab = get("hidden_size"), get("intermediate_size"), get("vocab_size")
    out = [(EMBEDDING, (vocab, hidden))]
    for layer in range(get("num_hidden_layers")):
        at = f"model.layers.{layer}."
        out.append((at + "input_layernorm.weight", (hidden,)))
        out += [(at + f"self_attn.{p}_proj.weight", (hidden, hidden)) for p in "qkvo"]
        out.append((at + "post_attention_layernorm.weight", (hidden,)))
        out += [(at + f"mlp.{p}_proj.weight", (inner, hidden)) for p in ("gate", "up")]
        out.append((at + "mlp.down_proj.weight", (hidden, inner)))
    out.append(("model.norm.weight", (hidden,)))
    if configs.is_classification(model):
        out.append(("score.weight", (configs.num_labels(model), hidden)))
    elif not get("tie_word_embeddings"):
        out.append(("lm_head.weight", (vocab, hidden)))
    return out


def recipe_one(name: str, shape: tuple, seed: int, gain: float) -> np.ndarray:
    """One weight of the recipe assay-uniform/1, float32."""
    count = int(np.prod(shape, dtype=np.int64))
    r = counter.symmetric(counter.key(seed, name), count).reshape(shape)
    if len(shape) == 1:
        return np.float32(1) + r * np.float32(0.25)
    if name == EMBEDDING:
        return r * np.float32(np.sqrt(np.float64(3)))
    return r * np.float32(np.float64(gain) * np.sqrt(np.float64(3) / np.float64(shape[1])))


def recipe(model: Dict[str, Any], seed: int, gain: float) -> Dict[str, np.ndarray]:
    return {name: recipe_one(name, shape, seed, gain) for name, shape in shapes(model)}


def _step_bits(values: torch.Tensor, up: np.ndarray) -> torch.Tensor:
    """nextafter for the 16-bit types, which torch lacks it for: steps the bits as a sign and magnitude."""
    bits = values.view(torch.int16).to(torch.int32)
    line = torch.where(bits < 0, -(bits & 0x7FFF), bits)  # monotonic in the value; both zeros are 0
    line = line + torch.where(torch.from_numpy(up), 1, -1)
    back = torch.where(line < 0, (-line) | 0x8000, line)
    return torch.where(back >= 0x8000, back - 0x10000, back).to(torch.int16).view(values.dtype)


def perturb_one(name: str, values: torch.Tensor, seed: int) -> torch.Tensor:
    """Every element one ulp of its dtype up or down. The direction of element i is the top bit of number i of the stream
    `ulp:<name>` (set: up)."""
    up = counter.coin(counter.key(seed, "ulp:" + name), values.numel()).reshape(tuple(values.shape))
    if values.dtype in (torch.bfloat16, torch.float16):
        return _step_bits(values, up)
    to = torch.where(torch.from_numpy(up), torch.tensor(float("inf")), torch.tensor(float("-inf"))).to(values.dtype)
    return torch.nextafter(values, to)


def perturb(weights: Dict[str, torch.Tensor], seed: int) -> Dict[str, torch.Tensor]:
    return {name: perturb_one(name, values, seed) for name, values in weights.items()}


def digest(weights: Dict[str, torch.Tensor]) -> str:
    """The weights digest of docs/golden-format.md."""
    lines = []
    for name in sorted(weights, key=lambda n: n.encode("utf-8")):
        values = weights[name].to(torch.float32).contiguous().numpy().astype("<f4", copy=False)
        shape = "x".join(str(n) for n in values.shape)
        lines.append(f"{name} {shape} {xxhash.xxh3_128_hexdigest(values.tobytes())}\n")
    return xxhash.xxh3_128_hexdigest("".join(lines).encode("utf-8"))


CHECKPOINTS = ("*.safetensors", "pytorch_model*.bin")


def has_checkpoint(folder: Path) -> bool:
    return any(True for pattern in CHECKPOINTS for _ in folder.glob(pattern))


def checkpoint_files(folder: Path) -> List[Path]:
    """The weight files of a Hugging Face folder: safetensors before pytorch_model, sorted by name."""
    for pattern in CHECKPOINTS:
        files = sorted(folder.glob(pattern))
        if files:
            return files
    raise ExportError(f"{folder}: no *.safetensors and no pytorch_model*.bin")


def read_folder(folder: Path, model: Dict[str, Any]) -> Dict[str, torch.Tensor]:
    """The weights of a folder under the model's names; unknown tensors (rotary inv_freq, a tied head) are left out."""
    from safetensors.torch import load_file

    found: Dict[str, torch.Tensor] = {}
    for path in checkpoint_files(folder):
        try:
            found.update(load_file(str(path)) if path.suffix == ".safetensors" else torch.load(str(path), weights_only=True))
        except Exception as e:
            raise ExportError(f"{path}: cannot be read: {e}") from None
    out = {}
    for name, shape in shapes(model):
        if name not in found:
            raise ExportError(f"{folder}: the weight {name} is missing")
        if tuple(found[name].shape) != shape:
            raise ExportError(f"{folder}: {name} has shape {tuple(found[name].shape)}; the configuration says {shape}")
        out[name] = found[name]
    return out


def write_folder(folder: Path, model: Dict[str, Any], weights: Dict[str, np.ndarray]) -> None:
    """config.json and model.safetensors."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = dict(model)
    config.setdefault("architectures", ["LongLlamaForCausalLM"])
    config.setdefault("model_type", "longllama")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file({n: np.ascontiguousarray(w) for n, w in weights.items()}, str(folder / "model.safetensors"), metadata={"format": "pt"})
