"""Hugging Face transformers' LlamaForCausalLM: hooks on its modules, as anyone who debugs it would place them.

The tensors have the names of its modules. What no module returns is caught where the modeling file calls a function of its
own: `apply_rotary_pos_emb` and softmax.
"""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

from .assay import Assay, Judged
from .cases import plain, with_pads
from .goldens import Goldens

_MAPS = Path(__file__).parent / "maps"
MAP, MAP_CACHE, REAL_ROWS = _MAPS / "hf_llama.json", _MAPS / "hf_llama_cache.json", _MAPS / "real_rows.policy.json"


def build(model: Dict[str, Any], weights: Dict[str, np.ndarray]) -> LlamaForCausalLM:
    """`model` is a config.json of LongLLaMA, of which LlamaConfig takes what it knows."""
    known = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings",
             "rms_norm_eps", "rope_theta", "pad_token_id", "bos_token_id", "eos_token_id")
    llama = LlamaForCausalLM(LlamaConfig(**{name: model[name] for name in known})).eval()
    state = {name: torch.from_numpy(np.asarray(w)) for name, w in weights.items()}
    unexpected = llama.load_state_dict(state, strict=False)
    lacking = [n for n in unexpected.missing_keys if not n.endswith("rotary_emb.inv_freq")]
    if lacking or unexpected.unexpected_keys:
        raise RuntimeError(f"LlamaForCausalLM has other weights: {lacking + unexpected.unexpected_keys}")
    return llama


class _Recorder:
    """Puts tensors under `<module>` (what it returns), `<module>.input` and `<module>.<function>.<which>`."""

    def __init__(self):
        self.tensors: Dict[str, torch.Tensor] = {}
        self.attention = ""  # the attention module that runs

    def put(self, name: str, value) -> None:
        if isinstance(value, torch.Tensor):
            self.tensors[name] = value.detach().clone(memory_format=torch.contiguous_format)

    def _on_output(self, name: str):
        def hook(module, args, out):
            parts = out if isinstance(out, tuple) else (out,)
            self.put(name, parts[0])
            if name.endswith("rotary_emb"):
                self.put(name + ".1", parts[1])
        return hook

    def _on_input(self, name: str):
        def hook(module, args, kwargs):
            if name.endswith("self_attn"):
                self.attention = name
                positions, hidden = kwargs["position_ids"], args[0] if args else kwargs["hidden_states"]
                self.put(name + ".position_ids", positions.expand(hidden.shape[0], -1))  # one row serves all
            if args:
                self.put(name + ".input", args[0])
        return hook

    @contextmanager
    def on(self, llama: LlamaForCausalLM):
        handles = []
        for name, module in llama.named_modules():
            if name:
                handles.append(module.register_forward_hook(self._on_output(name)))
                handles.append(module.register_forward_pre_hook(self._on_input(name), with_kwargs=True))
        rotary, softmax = modeling_llama.apply_rotary_pos_emb, torch.nn.functional.softmax
        modeling_llama.apply_rotary_pos_emb = self._rotary(rotary)
        torch.nn.functional.softmax = self._softmax(softmax)
        try:
            yield
        finally:
            modeling_llama.apply_rotary_pos_emb, torch.nn.functional.softmax = rotary, softmax
            for handle in handles:
                handle.remove()

    def _rotary(self, inner):
        def wrapped(*args, **kwargs):
            q, k = inner(*args, **kwargs)
            self.put(self.attention + ".apply_rotary_pos_emb.q", q)
            self.put(self.attention + ".apply_rotary_pos_emb.k", k)
            return q, k
        return wrapped

    def _softmax(self, inner):
        def wrapped(scores, *args, **kwargs):
            probs = inner(scores, *args, **kwargs)
            self.put(self.attention + ".softmax.input", scores)
            self.put(self.attention + ".softmax", probs)
            return probs
        return wrapped


def run(llama: LlamaForCausalLM, input_ids: List[List[int]], attention_mask: Optional[List[List[int]]] = None) -> Dict[str, np.ndarray]:
    """The tensors of one forward under their own names, the returned cache as past_key_values.<layer>.key and .value among them."""
    recorder = _Recorder()
    inputs = {"input_ids": torch.tensor(input_ids)}
    if attention_mask is not None:
        inputs["attention_mask"] = torch.tensor(attention_mask)
    with torch.no_grad(), recorder.on(llama):
        out = llama(**inputs, use_cache=True)
    for name, value in inputs.items():
        recorder.put(name, value)
    for layer, (key, value) in enumerate(out.past_key_values):
        recorder.put(f"past_key_values.{layer}.key", key)
        recorder.put(f"past_key_values.{layer}.value", value)
    return {name: value.numpy() for name, value in recorder.tensors.items()}


def judge(assay: Assay, goldens: Goldens) -> List[Judged]:
    """All cases; the one with pads also without the rows of pads, and one with the cache that transformers returns."""
    rows = []
    for case in [*plain(), with_pads()]:
        golden, dump = goldens.of(case), goldens.folder / f"hf-{case.name}.safetensors"
        save_file(run(build(case.model, goldens.weights(case)), case.input_ids, case.attention_mask), str(dump))
        rows.append(assay.judge("hf-llama", case.name, golden, dump, MAP))
        if case.attention_mask is not None:
            rows.append(assay.compare("hf-llama", f"{case.name}, real rows", golden, dump, MAP, REAL_ROWS))
        if case.name == "small-32":
            rows.append(assay.judge("hf-llama", f"{case.name}, with its cache", golden, dump, MAP_CACHE, pairs=True))
    return rows
