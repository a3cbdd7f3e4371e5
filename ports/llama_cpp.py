"""llama.cpp, through its Python binding: one batch of one sequence, logits of all tokens and, where asked for, every node of its graph."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np
from llama_cpp import llama_cpp as low

from . import gguf_file
from .assay import Assay, Judged
from .cases import plain
from .ggml_nodes import Nodes
from .goldens import Goldens

MAP = Path(__file__).parent / "maps" / "llama_cpp.json"

F32, F16 = 0, 1  # enum ggml_type


@dataclass
class Settings:
    """What of llama.cpp's defaults is changed."""

    cache_type: int = F16
    flash_attention: bool = False


def _context_params(tokens: int, settings: Settings, nodes: Optional[Nodes]):
    params = low.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = max(256, tokens)
    params.n_threads = params.n_threads_batch = 1
    params.type_k = params.type_v = settings.cache_type
    params.flash_attn_type = 1 if settings.flash_attention else 0
    params.offload_kqv = params.op_offload = False
    if nodes is not None:
        params.cb_eval = nodes.callback
    return params


def _decode(context, ids: List[int], vocab: int) -> np.ndarray:
    batch = low.llama_batch_init(len(ids), 0, 1)
    try:
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.logits[i] = token, i, 1
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        status = low.llama_decode(context, batch)
        if status != 0:
            raise RuntimeError(f"llama_decode returns {status}")
        return np.ctypeslib.as_array(low.llama_get_logits(context), shape=(len(ids), vocab)).copy()
    finally:
        low.llama_batch_free(batch)


_NO_LOG = low.llama_log_callback(lambda level, text, user: None)  # the library keeps the pointer


def quiet() -> None:
    """llama.cpp tells what it does on stderr otherwise."""
    low.llama_log_set(_NO_LOG, None)


def run(gguf: Path, ids: List[int], vocab: int, settings: Settings, with_nodes: bool = True) -> Dict[str, np.ndarray]:
    """The tensors of one forward under llama.cpp's names; without nodes `result_output` alone."""
    quiet()
    model_params = low.llama_model_default_params()
    model_params.n_gpu_layers = 0
    model = low.llama_model_load_from_file(str(gguf).encode(), model_params)
    if not model:
        raise RuntimeError(f"llama.cpp cannot load {gguf}")
    nodes = Nodes() if with_nodes else None
    context = low.llama_init_from_model(model, _context_params(len(ids), settings, nodes))
    try:
        logits = _decode(context, ids, vocab)
    finally:
        low.llama_free(context)
        low.llama_model_free(model)
    if nodes is None:
        return {"result_output": logits}
    if nodes.error is not None:
        raise nodes.error
    return nodes.tensors


SETTINGS = {
    "llama.cpp-f32": Settings(F32),
    "llama.cpp-f16-cache": Settings(F16),  # the default types; flash attention off
    "llama.cpp-flash": Settings(F16, flash_attention=True),  # by default llama.cpp itself chooses whether
}


def map_for(text: str, tokens: int) -> Dict[str, Any]:
    """The mapping for another number of tokens: its slices, which take padding of the cache away, end there."""
    out = json.loads(text)
    for rule in out["tensors"]:
        for operation in rule.get("layout", []):
            if isinstance(operation, dict) and "slice" in operation:
                operation["slice"]["to"] = tokens
    return out


def without_scores(mapping: Dict[str, Any]) -> Dict[str, Any]:
    """With flash attention there are no probabilities in the graph."""
    kept = [rule for rule in mapping["tensors"] if not rule["from"].startswith("kq_soft_max")]
    return {**mapping, "tensors": kept}


def judge(assay: Assay, goldens: Goldens) -> List[Judged]:
    rows, folder = [], goldens.folder
    for case in plain():
        gguf = folder / f"{case.name}.gguf"
        gguf_file.write(gguf, case.model, goldens.weights(case))
        for name, settings in SETTINGS.items():
            tensors = run(gguf, case.input_ids[0], case.model["vocab_size"], settings)
            dump, mapping = folder / f"{name}-{case.name}.npz", folder / f"{name}-{case.name}.map.json"
            np.savez(dump, **tensors)
            wanted = map_for(MAP.read_text(), case.tokens)
            mapping.write_text(json.dumps(without_scores(wanted) if settings.flash_attention else wanted))
            rows.append(assay.judge(name, case.name, goldens.of(case), dump, mapping))
            alone = run(gguf, case.input_ids[0], case.model["vocab_size"], settings, with_nodes=False)["result_output"]
            rows[-1].more["same_logits_unwatched"] = bool(np.array_equal(alone.ravel(), tensors["result_output"].ravel()))
    return rows
