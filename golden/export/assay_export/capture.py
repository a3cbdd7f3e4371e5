"""Records every stage of a run of the original (docs/golden-format.md, core/stages.h).

Nothing of the original is changed: modules get forward hooks, and for the time of the capture the modeling module's own
globals (rotate_one, rotate_as_if_first, mem_apply_update, LongLlamaMemCache, _handle_long_input, nn) are wrapped. The
wrappers pass on what they were given and return what the original returned; only `on_store` and `on_rotate_first` may
replace a value, and they serve the noise floor and the named variants, never a golden's own run.
"""

from typing import Callable, Dict, List, Optional

import numpy as np
import torch

from .errors import ExportError

UNROUNDED = "_unrounded"


def rne_bits(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Values rounded to nearest even into a 16-bit type without torch's own cast, for MEM-6."""
    if dtype == torch.float16:
        return torch.from_numpy(values.numpy().astype(np.float16))
    bits = values.to(torch.float32).numpy().view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16)).astype(np.uint16)
    return torch.from_numpy(rounded.view(np.int16).copy()).view(torch.bfloat16)


def unrounded_of(stored: torch.Tensor) -> torch.Tensor:
    """The values before the cast to mem_dtype; the tensor itself when there was no cast."""
    return getattr(stored, "_assay_unrounded", stored)


def keep_unrounded(stored: torch.Tensor, before: torch.Tensor) -> None:
    stored._assay_unrounded = before


class _Layer:
    """What is known of the layer that runs at the moment."""

    def __init__(self, index: int, module, kwargs):
        self.index = index
        self.attention = module.self_attn
        self.past = kwargs.get("past_key_value")
        self.given_memory = kwargs.get("mem_cache")
        self.position_ids = kwargs.get("position_ids")
        self.queries = 0
        self.key = self.value = self.first = None  # k_proj, v_proj and rotate_as_if_first of this layer, (B,H,t,D)
        self.scores: List[torch.Tensor] = []
        self.probs: List[torch.Tensor] = []
        self.rotated = 0


class _Proxy:
    """An object that differs from another in some attributes."""

    def __init__(self, target, **overrides):
        self._target = target
        self.__dict__.update(overrides)

    def __getattr__(self, name):
        return getattr(self._target, name)


class Capture:
    """Use as a context manager around the steps of a run; `tensors` then holds path -> tensor.

    on_store(path, before, stored) -> stored': may replace what is stored in memory.
    on_rotate_first(keys, position_ids, layer_attention) -> keys' or None: may replace keys that go to memory.
    """

    def __init__(self, original, model, on_store: Optional[Callable] = None, on_rotate_first: Optional[Callable] = None):
        self.original, self.model = original, model
        self.on_store, self.on_rotate_first = on_store, on_rotate_first
        self.tensors: Dict[str, torch.Tensor] = {}
        self.past = None           # past_key_values after the last call of the top model
        self.next_logits: List[torch.Tensor] = []  # of each call in this step, the last token's
        self.prefix = ""
        self.window = self.call = -1
        self.schedule: List[List[int]] = []
        self.drops: List[int] = []  # windows in which a local cache was dropped
        self.layer: Optional[_Layer] = None
        self._in_first = False
        self._undo: List[Callable] = []

    # Steps

    def begin_step(self, number: int) -> None:
        self.prefix = f"steps/{number}"
        self.window = self.call = -1
        self.schedule, self.next_logits, self.drops, self.layer = [], [], [], None
        self.past, self._in_first = None, False

    def forget_step(self) -> None:
        """After a refusal: nothing of the step stays."""
        for path in [p for p in self.tensors if p.startswith(self.prefix + "/")]:
            del self.tensors[path]
        self.layer, self._in_first = None, False

    def put(self, path: str, value: Optional[torch.Tensor]) -> None:
        if value is not None and value.numel() > 0:
            self.tensors[f"{self.prefix}/{path}"] = value.detach().clone(memory_format=torch.contiguous_format)

    def put_stored(self, path: str, stored: torch.Tensor) -> None:
        """A tensor of memory, with the values before the cast where mem_dtype is narrower than the run."""
        self.put(path, stored)
        before = unrounded_of(stored)
        if before.dtype.itemsize > stored.dtype.itemsize:
            self.put(path + UNROUNDED, before)

    def _put_window(self, name: str, value) -> None:
        self.put(f"windows/{self.window}/{name}", value)

    def _layer_path(self, name: str) -> str:
        return f"windows/{self.window}/layers/{self.layer.index}/{name}"

    def _put_layer(self, name: str, value) -> None:
        if self.layer is not None:
            self.put(self._layer_path(name), value)

    # Installing

    def __enter__(self):
        try:
            self._hook_modules()
            self._wrap_globals()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc) -> None:
        while self._undo:
            self._undo.pop()()

    def _hook(self, handle) -> None:
        self._undo.append(handle.remove)

    def _wrap(self, module, name: str, replacement) -> None:
        before = getattr(module, name)
        setattr(module, name, replacement)
        self._undo.append(lambda: setattr(module, name, before))

    def _hook_output(self, module, name: str) -> None:
        self._hook(module.register_forward_hook(lambda m, args, out: self._put_layer(name, out)))

    def _hook_input(self, module, name: str) -> None:
        self._hook(module.register_forward_pre_hook(lambda m, args: self._put_layer(name, args[0])))

    def _hook_modules(self) -> None:
        inner = self.model.model
        self._hook(self.model.register_forward_hook(self._after_call))
        self._hook(inner.register_forward_pre_hook(self._before_window, with_kwargs=True))
        self._hook(inner.norm.register_forward_hook(lambda m, args, out: self._put_window("norm", out)))
        for index, layer in enumerate(inner.layers):
            self._hook_layer(index, layer)

    def _hook_layer(self, index: int, layer) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self._hook(layer.register_forward_pre_hook(
            lambda m, args, kwargs: self._before_layer(index, m, args, kwargs), with_kwargs=True))
        self._hook_output(layer.input_layernorm, "input_layernorm")
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            self._hook_output(getattr(attention, name), f"self_attn.{name}")
        self._hook(attention.k_proj.register_forward_hook(lambda m, args, out: self._keep_projection("key", out)))
        self._hook(attention.v_proj.register_forward_hook(lambda m, args, out: self._keep_projection("value", out)))
        self._hook_input(attention.o_proj, "self_attn.attn_output")
        self._hook_input(layer.post_attention_layernorm, "attn_residual")
        self._hook_output(layer.post_attention_layernorm, "post_attention_layernorm")
        for name in ("gate_proj", "act_fn", "up_proj", "down_proj"):
            self._hook_output(getattr(mlp, name), f"mlp.{name}")
        self._hook(layer.register_forward_hook(self._after_layer))

    def _wrap_globals(self) -> None:
        modeling = self.original.modeling
        nn = modeling.nn
        functional = _Proxy(nn.functional, softmax=self._softmax(nn.functional.softmax))
        self._wrap(modeling, "nn", _Proxy(nn, functional=functional))
        self._wrap(modeling, "rotate_one", self._rotate_one(modeling.rotate_one))
        self._wrap(modeling, "rotate_as_if_first", self._rotate_first(modeling.rotate_as_if_first))
        self._wrap(modeling, "LongLlamaMemCache", self._mem_cache(modeling.LongLlamaMemCache))
        self._wrap(modeling, "mem_apply_update", self._mem_update(modeling.mem_apply_update))
        self._wrap(modeling, "_handle_long_input", self._long_input(modeling._handle_long_input))

    # Calls and windows

    def _long_input(self, inner):
        def wrapped(*args, **kwargs):
            self.call += 1
            return inner(*args, **kwargs)
        return wrapped

    def _after_call(self, module, args, out) -> None:
        self.past = out.past_key_values
        logits = out.logits
        self.next_logits.append((logits[:, -1] if logits.dim() == 3 else logits).detach().clone())

    def _before_window(self, module, args, kwargs) -> None:
        self.window += 1
        ids, mask, positions = kwargs["input_ids"], kwargs["attention_mask"], kwargs["position_ids"]
        past = kwargs["past_key_values"]
        batch, tokens = positions.shape
        cached = past[0][0].shape[-2] if past is not None else 0
        if self.call == 0:
            first = self.schedule[-1][1] if self.schedule else 0
            self.schedule.append([first, first + tokens])
        self._put_window("input_ids", ids)
        kept = torch.ones(batch, cached + tokens, dtype=torch.int64) if mask is None else (mask == 1).to(torch.int64)
        self._put_window("attention_mask", kept)
        self._put_window("position_ids", positions)

    # Layers

    def _before_layer(self, index: int, module, args, kwargs) -> None:
        hidden = args[0] if args else kwargs["hidden_states"]
        if index == 0:
            self._put_window("embed_tokens", hidden)
        self.layer = _Layer(index, module, kwargs)
        self.layer.queries = hidden.shape[1]

    def _keep_projection(self, which: str, out: torch.Tensor) -> None:
        attention = self.layer.attention
        shape = (out.shape[0], out.shape[1], attention.num_heads, attention.head_dim)
        setattr(self.layer, which, out.view(shape).transpose(1, 2))

    def _after_layer(self, module, args, out) -> None:
        layer = self.layer
        self._put_attention(layer)
        memory = out[-1] if layer.past is not None else layer.given_memory
        if memory is not None:
            self.put_stored(self._layer_path("self_attn.mem_read.key"), memory.keys)
            self.put_stored(self._layer_path("self_attn.mem_read.value"), memory.values)
            self._put_layer("self_attn.mem_read.mask", memory.masks[:, 0, :, 0])
        self._put_layer("output", out[0])
        self.layer = None

    def _put_attention(self, layer: _Layer) -> None:
        """Joins what the softmax saw: with grouping, one call for each group of queries within each group of heads."""
        if not layer.scores:
            return
        config = layer.attention.mem_config
        grouping = config.attention_grouping if config is not None else None
        groups = -(-layer.queries // grouping[1]) if grouping is not None else 1
        for name, parts in (("attn_scores", layer.scores), ("attn_probs", layer.probs)):
            heads = [torch.cat(parts[i:i + groups], dim=2) for i in range(0, len(parts), groups)]
            self._put_layer(f"self_attn.{name}", torch.cat(heads, dim=1))

    def _softmax(self, inner):
        def wrapped(scores, *args, **kwargs):
            probs = inner(scores, *args, **kwargs)
            if self.layer is not None:
                self.layer.scores.append(scores.detach())
                self.layer.probs.append(probs.detach().to(scores.dtype))
            return probs
        return wrapped

    def _rotate_one(self, inner):
        def wrapped(x, cos, sin, position_ids):
            y = inner(x, cos, sin, position_ids)
            if self.layer is None or self._in_first:
                return y
            which = "query" if self.layer.rotated == 0 else "key"
            self.layer.rotated += 1
            self._put_layer(f"self_attn.rotate_one.{which}", y)
            if which == "key":
                self._put_layer("self_attn.rel_pos_ids", position_ids)
                self._put_layer("self_attn.rotary_emb.cos", cos[0, 0])
                self._put_layer("self_attn.rotary_emb.sin", sin[0, 0])
            return y
        return wrapped

    # Memory

    def _rotate_first(self, inner):
        def wrapped(x, *args, **kwargs):
            self._in_first = True
            try:
                y = inner(x, *args, **kwargs)
            finally:
                self._in_first = False
            if self.on_rotate_first is not None:
                y = self.on_rotate_first(x, self._stored_positions(x.shape[-2]), self.layer.attention)
            elif not torch.equal(x, y):
                raise ExportError("the original rotates memory keys at a position other than 0: MEM-1 does not hold for it")
            self.layer.first = y
            return y
        return wrapped

    def _stored_positions(self, count: int) -> torch.Tensor:
        """Position ids of the keys that go to memory, (B,n): the cached ones of a drop, else the window's own."""
        layer = self.layer
        return layer.position_ids if layer.past is None else layer.past[2][:, 0, :count, 0]

    def _mem_cache(self, inner):
        def wrapped(keys, values, masks):
            layer = self.layer
            if layer is None:  # a past that is taken apart
                return inner(keys=keys, values=values, masks=masks)
            if layer.past is not None:
                self.drops.append(self.window)
            raw_keys, raw_values = (layer.key, layer.value) if layer.past is None else layer.past[:2]
            before_keys = raw_keys if layer.first is None else layer.first
            keys = self._store("self_attn.mem_write.key", before_keys, keys)
            values = self._store("self_attn.mem_write.value", raw_values, values)
            self._put_layer("self_attn.mem_write.mask", masks[:, 0, :, 0])
            return inner(keys=keys, values=values, masks=masks)
        return wrapped

    def _store(self, name: str, before: torch.Tensor, stored: torch.Tensor) -> torch.Tensor:
        path = self._layer_path(name)
        before = before.detach()
        if stored.dtype.itemsize == 2 and before.dtype == torch.float32:
            exact = torch.equal(rne_bits(before.contiguous(), stored.dtype), stored)
        else:
            exact = torch.equal(before.to(stored.dtype), stored)
        if not exact:
            raise ExportError(f"{self.prefix}/{path}: memory is not the nearest-even cast of the values before it (MEM-6)")
        if self.on_store is not None:
            stored = self.on_store(f"{self.prefix}/{path}", before, stored)
        if stored.dtype.itemsize < before.dtype.itemsize:
            stored = stored.detach().clone()
            keep_unrounded(stored, before)
        self.put_stored(path, stored)
        return stored

    def _mem_update(self, inner):
        def wrapped(prev_mem_cache, new_mem_content, mem_config):
            joined = inner(prev_mem_cache=prev_mem_cache, new_mem_content=new_mem_content, mem_config=mem_config)
            for name in ("keys", "values"):
                parts = [unrounded_of(getattr(c, name)) for c in (prev_mem_cache, new_mem_content)]
                stored = getattr(joined, name)
                if parts[1].dtype.itemsize > stored.dtype.itemsize:
                    keep_unrounded(stored, torch.cat(parts, dim=-2))
            return joined
        return wrapped
