"""The cases of the shipped suite. Models are small: two or three layers, W = 16 and C = 8 unless a case says otherwise."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

import numpy as np

from . import counter
from .plan import Plan

BASE = {
    "architectures": ["LongLlamaForCausalLM"], "model_type": "longllama", "vocab_size": 80, "hidden_size": 32,
    "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 16,
    "last_context_length": 8, "mem_layers": [1], "mem_dtype": "float32", "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2,
}
W, C, VOCAB = 16, 8, 80


@dataclass
class Entry:
    name: str
    what: str
    rules: List[str]
    model: Dict[str, Any]
    seed: int
    gain: float
    steps: List[Dict[str, Any]]
    plan: Plan
    dtype: str = "float32"


SUITE: List[Entry] = []


def define(name: str, what: str, rules: str, steps: List[Dict[str, Any]], seed: Optional[int] = None, gain: float = 1.5,
           capture: str = "subset", detail=None, layers=None, stages=None, past: bool = True, dtype: str = "float32",
           **model) -> None:
    frozen = lambda values: None if values is None else frozenset(values)
    plan = Plan(capture, frozen(detail), frozen(layers), frozen(stages), past)
    if seed is None:
        seed = counter.key(0, name) % 100000
    SUITE.append(Entry(name, what, rules.split(), {**BASE, **model}, seed, gain, steps, plan, dtype))


def row(name: str, count: int, vocab: int = VOCAB) -> List[int]:
    """`count` token ids from 3 upward (0 to 2 are pad, begin and end), from the stream `name`."""
    return [3 + int(n) % (vocab - 3) for n in counter.numbers(counter.key(1, name), count)]


def rows(name: str, batch: int, count: int, vocab: int = VOCAB) -> List[List[int]]:
    return [row(f"{name}/{b}", count, vocab) for b in range(batch)]


def padded(name: str, count: int, lefts: List[int], rights: Optional[List[int]] = None):
    """(input_ids, attention_mask) with pads (id 0) at the left and at the right of each row."""
    ids, mask = [], []
    for b, left in enumerate(lefts):
        right = rights[b] if rights else 0
        real = count - left - right
        ids.append([0] * left + row(f"{name}/{b}", real) + [0] * right)
        mask.append([0] * left + [1] * real + [0] * right)
    return ids, mask


def embeds(name: str, batch: int, count: int, hidden: int) -> List[List[List[float]]]:
    """Values between -1.75 and 1.75 on a grid of 1/64, exact in every dtype."""
    r = counter.symmetric(counter.key(2, name), batch * count * hidden).reshape(batch, count, hidden)
    return (np.round(r.astype(np.float64) * 112) / 64).tolist()


def forward(ids=None, **more) -> Dict[str, Any]:
    return {"op": "forward", **({} if ids is None else {"input_ids": ids}), **more}


def classify(ids=None, **more) -> Dict[str, Any]:
    return {**forward(ids, **more), "op": "classify"}


def generate(ids, count: int, **more) -> Dict[str, Any]:
    return {"op": "generate", "input_ids": ids, "max_new_tokens": count, **more}


def decode(ids: List[int], chunk: int = 1) -> List[Dict[str, Any]]:
    """Steps that feed `ids` on the past, `chunk` at a time."""
    return [forward([ids[i:i + chunk]], past="keep", use_cache=True) for i in range(0, len(ids), chunk)]


def refused(step: Dict[str, Any], rule: str) -> Dict[str, Any]:
    return {**step, "expect_error": rule}


def window_cases() -> None:
    n = "one-window"
    define(n, "T below C: one window, every stage", "SCHED-1 ROPE-1 ROPE-2 ROPE-3 ROPE-5 POS-6 ATT-1 ATT-2 NORM-1 MLP-1 HEAD-1 OUT-1 PREC-1",
           [forward(rows(n, 2, 7))], capture="all")
    n = "edge-c"
    define(n, "T = C and T = C + 1: one window, then the shortest prefix", "SCHED-1 MEM-2",
           [forward(rows(n, 1, C)), forward(rows(n, 1, C + 1))])
    n = "edge-w1"
    define(n, "T = W+C-1, W+C, W+C+1: two windows, a full one, one more", "SCHED-1 SCHED-3 MEM-2 MEM-3",
           [forward(rows(f"{n}/{t}", 1, t)) for t in (W + C - 1, W + C, W + C + 1)])
    n = "edge-w2"
    define(n, "T = 2W+C-1, 2W+C, 2W+C+1: three windows and four", "SCHED-1 SCHED-3 MEM-2 MEM-3 MEM-9",
           [forward(rows(f"{n}/{t}", 1, t)) for t in (2 * W + C - 1, 2 * W + C, 2 * W + C + 1)])
    n = "windows-3-all"
    define(n, "three windows (16, 9, 8), memory in float32, every stage", "SCHED-1 SCHED-2 SCHED-3 MEM-1 MEM-2 MEM-3 MEM-4 MEM-8 MEM-9 POS-2",
           [forward(rows(n, 1, 33))], capture="all")
    n = "context-of-one"
    define(n, "last_context_length given by the call: 1, 3, and 20 on T = 20", "SCHED-1 SCHED-4",
           [forward(rows(n, 1, 20), last_context_length=c) for c in (1, 3, 20)])
    n = "context-above-w"
    define(n, "C > W: a final window longer than W, the rotary table grows", "SCHED-4 ROPE-1 ROPE-3",
           [forward(rows(n, 1, 20)), forward(rows(n + "/2", 1, 30))], last_context_length=24)
    n = "no-cache-call"
    define(n, "use_cache false: the final window joins the memory too", "MEM-8 MEM-2 CACHE-5",
           [forward(rows(n, 2, 20), use_cache=False), forward(rows(n, 2, 5), use_cache=False)])


def pad_cases() -> None:
    n = "left-pads"
    ids, mask = padded(n, 26, [0, 1, 3, W - 1, W])
    define(n, "a batch with 0, 1, 3, W-1 and W pads at the left, three windows", "SCHED-6 SCHED-7 MEM-5 ATT-3 ATT-5",
           [forward(ids, attention_mask=mask)])
    n = "right-pads"
    ids, mask = padded(n, 26, [0, 0, 0, 0], [0, 1, 3, C + 2])
    define(n, "0, 1, 3 and C+2 pads at the right: rows whose final window is all pads", "SCHED-6 SCHED-7 MEM-5 ATT-3",
           [forward(ids, attention_mask=mask)])
    n = "pads-all"
    ids, mask = padded(n, 20, [3, 0], [0, 2])
    define(n, "pads at either side, every stage", "SCHED-6 SCHED-7 MEM-4 MEM-5 ATT-1 ATT-3 ATT-5 OUT-1",
           [forward(ids, attention_mask=mask)], capture="all", num_attention_heads=4)
    n = "mask-fractions"
    ids = rows(n, 2, 14)
    mask = [[1, 0.5, 1, 1, 2, 1, 1, 0.999, 1, 1, 1, 0, 1, 1], [1, 1, 1, -1, 1, 1, 1, 1, 1, 0.25, 1, 1, 1.0, 1]]
    define(n, "mask entries other than 0 and 1: only exactly 1 keeps", "SCHED-6",
           [forward(ids, attention_mask=mask), forward(ids, attention_mask=[[2, 1, 1, 0, 3, 1, 1, 1, 1, -1, 1, 1, 1, 1]] * 2)])
    n = "mask-longer"
    ids, mask = padded(n, 14, [2, 0])
    define(n, "a mask with more columns than cache and input: its last ones count", "SCHED-6",
           [forward(ids, attention_mask=[[0, 1, 1] + m for m in mask]),
            forward(rows(n + "/more", 2, 3), past="keep", use_cache=True, attention_mask=[[1] * 10 + m[6:] + [1] * 3 for m in mask])])
    n = "mask-forgotten"
    ids, mask = padded(n, 14, [8, 2])
    define(n, "a padded prompt, then calls without a mask: cached pads are seen again, those in memory stay hidden", "CACHE-8 MEM-5 SCHED-6",
           [forward(ids, attention_mask=mask), *[forward([[a], [b]], past="keep", use_cache=True) for a, b in zip(*rows(n + "/more", 2, 3))],
            forward(rows(n + "/long", 2, 9), past="keep", use_cache=True)], detail=[0, 3, 4])


def position_cases() -> None:
    n = "positions-shifted"
    ids = rows(n, 2, 20)
    shifted = [[1000 + i for i in range(20)], [7 + i for i in range(20)]]
    define(n, "positions shifted by 1000 and by 7: the same numbers, bit for bit", "POS-2 POS-5 POS-1",
           [forward(ids), forward(ids, position_ids=shifted)])
    n = "positions-given"
    positions = [[5, 5, 6, 7, 7, 9, 8, 10, 11, 11], [-1, -1, -1, 0, 1, 2, 3, 4, 5, 6]]
    ids, mask = padded(n, 10, [0, 3])
    define(n, "positions that repeat, go back and start below 0; then more on the cache", "POS-2 POS-4 POS-5 POS-6",
           [forward(ids, attention_mask=mask, position_ids=positions),
            forward(rows(n + "/more", 2, 2), past="keep", use_cache=True, position_ids=[[12, 13], [7, 8]])])
    n = "positions-unordered"
    positions = [[4, 0, 1, 2, 3, 9, 5, 8, 6, 7, 13, 12, 10, 11, 14, 17, 15, 16], [6, 5, *range(7, 23)]]
    define(n, "two windows whose first token is not the one with the smallest position", "POS-2 POS-5",
           [forward(rows(n, 2, 18), position_ids=positions)])


def cache_cases() -> None:
    n = "decode-flip"
    ids = row(n, 26)
    define(n, "a prompt of 6, then 20 tokens one by one across the cache flip", "CACHE-1 CACHE-2 CACHE-6 MEM-1 MEM-8 POS-1 POS-2 ROPE-4",
           [forward([ids[:6]]), *decode(ids[6:])], detail=[0, 10, 11, 20])
    n = "decode-flip-bf16"
    ids = row(n, 22)
    define(n, "the same with a longer prompt and memory in bfloat16: two windows, then the flip on top of them", "CACHE-1 CACHE-2 MEM-1 MEM-6 MEM-3",
           [forward([ids[:12]]), *decode(ids[12:])], detail=[0, 8, 9, 10], mem_dtype="bfloat16")
    n = "decode-chunks"
    ids = row(n, 31)
    define(n, "a prompt of 10, then chunks of 3 tokens across two flips", "CACHE-1 CACHE-2 CACHE-6 POS-1 POS-6",
           [forward([ids[:10]]), *decode(ids[10:], 3)], detail=[0, 2, 3, 6])
    n = "cache-exact-all"
    ids = row(n, 20)
    define(n, "cached + new = W exactly, then W + 1: kept, then dropped; every stage", "CACHE-1 CACHE-2 CACHE-4 MEM-1 MEM-3 ROPE-4",
           [forward([ids[:8]]), forward([ids[8:16]], past="keep", use_cache=True), forward([ids[16:17]], past="keep", use_cache=True)],
           capture="all")
    n = "cache-w-plus-one"
    ids = rows(n, 2, 17)
    define(n, "cached 8, then 9 new at once: W + 1 drops the cache before the call's own tokens", "CACHE-1 CACHE-4 MEM-5",
           [forward([r[:8] for r in ids], attention_mask=[[0, 0] + [1] * 6, [1] * 8]),
            forward([r[8:] for r in ids], past="keep", use_cache=True, attention_mask=[[0, 0] + [1] * 15, [1] * 17], last_context_length=9)])
    n = "long-on-cache"
    ids = rows(n, 2, 33)
    define(n, "a long call on a local cache: windows of 16, 4 and 8 that each drop as any call", "SCHED-2 CACHE-1 MEM-3 MEM-8 POS-1",
           [forward([r[:5] for r in ids]), forward([r[5:] for r in ids], past="keep", use_cache=True),
            forward([r[:3] for r in rows(n + "/more", 2, 3)], past="keep", use_cache=True)])
    n = "long-on-cache-pads"
    ids, mask = padded(n, 33, [2, 4, 0])
    define(n, "the same with pads and a mask for cache and input", "SCHED-2 SCHED-6 CACHE-4 MEM-5 ATT-3",
           [forward([r[:5] for r in ids], attention_mask=[m[:5] for m in mask]),
            forward([r[5:] for r in ids], past="keep", use_cache=True, attention_mask=mask)])
    n = "memory-only"
    define(n, "a past that is memory alone, continued by two calls; positions restart", "CACHE-5 MEM-3 MEM-8 POS-1",
           [forward(rows(n + "/0", 1, 20), use_cache=False), forward(rows(n + "/1", 1, 12), past="keep", use_cache=False),
            forward(rows(n + "/2", 1, 5), past="keep", use_cache=True), forward(rows(n + "/3", 1, 2), past="keep", use_cache=True)])
    n = "cache-config-off"
    define(n, "use_cache false in the config, unset in the call: a local cache is taken, none returned", "CACHE-5 SCHED-2 MEM-8",
           [forward(rows(n + "/0", 1, 6), use_cache=True), forward(rows(n + "/1", 1, 20), past="keep")], use_cache=False)
    n = "decode-pads"
    ids, mask = padded(n, 21, [0, 3, 7])
    cumulative = [[sum(m[:i + 1]) - 1 for i in range(21)] for m in mask]
    define(n, "a padded batch decoded with full masks and positions as generation makes them, across the flip", "POS-4 CACHE-1 CACHE-4 MEM-5 SCHED-6",
           [forward([r[:12] for r in ids], attention_mask=[m[:12] for m in mask], position_ids=[p[:12] for p in cumulative]),
            *[forward([r[i:i + 1] for r in ids], past="keep", use_cache=True, attention_mask=[m[:i + 1] for m in mask],
                      position_ids=[p[i:i + 1] for p in cumulative]) for i in range(12, 21)]],
           detail=[0, 8, 9])
    n = "beam-reorder"
    ids = rows(n, 3, 14)
    define(n, "the past reordered along the batch, shorter and longer, between decode steps", "CACHE-7 CACHE-5 MEM-6",
           [forward(ids), {"op": "reorder", "beam_idx": [2, 0]}, forward(rows(n + "/1", 2, 1), past="keep", use_cache=True),
            {"op": "reorder", "beam_idx": [1, 1, 0]}, forward(rows(n + "/2", 3, 2), past="keep", use_cache=True)],
           seed=12, mem_dtype="bfloat16")


def memory_cases() -> None:
    n = "memory-bf16-all"
    define(n, "memory in bfloat16, three windows, every stage", "MEM-6 MEM-1 MEM-2 MEM-3 MEM-9 SCHED-1",
           [forward(rows(n, 1, 33))], capture="all", mem_dtype="bfloat16")
    n = "memory-f16"
    define(n, "memory in float16, then a flip", "MEM-6 MEM-1 CACHE-1",
           [forward(rows(n, 2, 21)), forward(rows(n + "/1", 2, 9), past="keep", use_cache=True)], mem_dtype="float16")
    n = "memory-two-layers"
    ids, mask = padded(n, 22, [0, 4])
    define(n, "memory in the first and the last of three layers, in bfloat16, padded", "MEM-6 MEM-11 MEM-5 MEM-9",
           [forward(ids, attention_mask=mask)], mem_dtype="bfloat16", mem_layers=[0, 2], num_hidden_layers=3)
    n = "memory-f64"
    define(n, "memory in a type wider than the run", "MEM-6", [forward(rows(n, 1, 20))], mem_dtype="float64")
    n = "memory-no-positions-all"
    define(n, "mem_positionals off: no rotary in the memory layer at all; with a flip, every stage", "MEM-7 MEM-1 CACHE-1",
           [forward(rows(n, 1, 12)), forward(rows(n + "/1", 1, 10), past="keep", use_cache=True)], capture="all", mem_positionals=False)
    n = "memory-every-layer"
    ids, mask = padded(n, 25, [2, 0])
    define(n, "three layers, all with memory; pads", "MEM-11 MEM-2 MEM-9 SCHED-7",
           [forward(ids, attention_mask=mask)], mem_layers=[0, 1, 2], num_hidden_layers=3)
    n = "memory-none"
    define(n, "no memory layers: the prefix is ignored by the final window", "SCHED-5 SCHED-1",
           [forward(rows(n, 2, 7)), forward(rows(n + "/long", 1, 27))], mem_layers=[])
    n = "memory-none-decode"
    ids = row(n, 20)
    define(n, "no memory layers: a flip loses the past", "CACHE-3 CACHE-1",
           [forward([ids[:14]]), *decode(ids[14:], 3)], mem_layers=[])
    n = "grouping"
    ids, mask = padded(n, 25, [0, 3])
    define(n, "three heads in groups of two, queries in groups of five: neither divides", "MEM-10 MEM-9",
           [forward(ids, attention_mask=mask)], hidden_size=36, num_attention_heads=3, mem_attention_grouping=[2, 5])
    n = "grouping-unread"
    define(n, "a grouping of zeros that no memory layer reads", "MEM-10", [forward(rows(n, 1, 12))], capture="outputs",
           mem_layers=[], mem_attention_grouping=[0, 0])


def model_cases() -> None:
    n = "torch-attention"
    define(n, "torch_attention without pads, across windows and a flip", "ATT-4 PREC-4 MEM-9",
           [forward(rows(n, 2, 21)), forward(rows(n + "/1", 2, 9), past="keep", use_cache=True)], torch_attention=True)
    n = "torch-attention-pads"
    ids, mask = padded(n, 22, [0, 3, 15], [2, 0, 0])
    define(n, "torch_attention with pads, whose rows differ from the other attention's; grouped", "ATT-4 SCHED-6 MEM-10",
           [forward(ids, attention_mask=mask)], torch_attention=True, mem_attention_grouping=[1, 3])
    n = "torch-attention-all"
    define(n, "torch_attention, every stage it has", "ATT-4 MEM-1 MEM-3 CACHE-1",
           [forward(rows(n, 1, 18)), forward(rows(n + "/1", 1, 9), past="keep", use_cache=True)], capture="all", torch_attention=True)
    n = "head-size-10"
    define(n, "four heads of size 10", "ROPE-1 ROPE-2 HEAD-1", [forward(rows(n, 2, 20))], hidden_size=40, num_attention_heads=4)
    n = "head-size-2"
    define(n, "sixteen heads of size 2: one frequency", "ROPE-1 ROPE-2", [forward(rows(n, 1, 18))], num_attention_heads=16)
    n = "rope-theta-1e6"
    define(n, "rope_theta 1e6, W = 64", "ROPE-1 ROPE-5", [forward(rows(n, 1, 70))], rope_theta=1000000.0, max_position_embeddings=64,
           last_context_length=40, hidden_size=64, num_attention_heads=2, stages=["output", "norm", "self_attn.rotary_emb.cos",
           "self_attn.rotary_emb.sin", "self_attn.rotate_one.query", "self_attn.rotate_one.key", "self_attn.rel_pos_ids"], past=False)
    n = "tied-embeddings"
    define(n, "lm_head is the embedding", "HEAD-1", [forward(rows(n, 1, 20))], tie_word_embeddings=True)
    n = "norm-eps-1e-2"
    define(n, "rms_norm_eps 0.01: it lies inside the root", "NORM-1", [forward(rows(n, 1, 20))], rms_norm_eps=0.01)
    for act in ("gelu", "gelu_new", "relu"):
        n = "act-" + act.replace("_", "-")
        define(n, f"hidden_act {act}", "MLP-1", [forward(rows(n, 1, 12))], hidden_act=act)
    for act in ("gelu_10", "quick_gelu", "relu2", "relu6", "sigmoid", "tanh", "mish", "laplace", "linear"):
        n = "act-" + act.replace("_", "-")
        define(n, f"hidden_act {act}", "MLP-1", [forward(rows(n, 1, 12))], hidden_act=act, capture="subset", past=False,
               stages=["mlp.gate_proj", "mlp.act_fn", "output"])
    n = "inputs-embeds"
    define(n, "inputs_embeds in place of input_ids, across windows", "EMB-1", [forward(inputs_embeds=embeds(n, 1, 14, 32))])
    n = "larger"
    define(n, "8 layers, hidden 256, W = 64, memory in layers 2 and 5", "SCHED-1 MEM-9 ROPE-1 NORM-1",
           [forward(rows(n, 1, 100, 96)), forward(rows(n + "/1", 1, 33, 96), past="keep", use_cache=True)],
           hidden_size=256, intermediate_size=512, num_hidden_layers=8, num_attention_heads=8, max_position_embeddings=64,
           last_context_length=32, mem_layers=[2, 5], vocab_size=96, layers=[5], stages=["output"], past=False)


def loss_cases() -> None:
    n = "labels"
    ids = rows(n, 2, 19)
    some = [[-100 if (i + b) % 3 == 0 else t for i, t in enumerate(r)] for b, r in enumerate(ids)]
    define(n, "cross entropy with entries of -100, with none left, and with T = 1", "LOSS-1",
           [forward(ids, labels=ids), forward(ids, labels=some), forward(ids, labels=[[-100] * 19] * 2), forward([[7]], labels=[[9]])], detail=[1])
    labels = lambda count: {"architectures": ["LongLlamaForSequenceClassification"], "id2label": {str(i): f"L{i}" for i in range(count)}}
    n = "classify-single"
    ids, _ = padded(n, 18, [0, 0, 3, 18], [0, 4, 0, 0])
    define(n, "three classes; pads at the right, at the left (and wrong for it), and a row of pads only", "CLS-1",
           [classify(ids), classify(ids, labels=[0, 2, 1, 1]), classify([r[:6] for r in ids[:2]], labels=[1, 0], attention_mask=[[1] * 6, [1, 1, 1, 1, 0, 1]])],
           detail=[1], **labels(3))
    n = "classify-regression"
    define(n, "one label: squared error", "CLS-1", [classify(padded(n, 11, [0, 0], [0, 2])[0], labels=[0.5, -1.25])], **labels(1))
    n = "classify-regression-three"
    define(n, "problem_type regression with three labels", "CLS-1",
           [classify(rows(n, 2, 9), labels=[[0.5, -1.25, 2.0], [0.0, 1.5, -0.75]])], problem_type="regression", **labels(3))
    n = "classify-multi"
    define(n, "several labels at once: binary cross entropy; the choice sticks, so that class numbers are refused later", "CLS-1",
           [classify(padded(n, 11, [0, 0], [0, 2])[0], labels=[[1, 0, 1], [0, 0.25, 1]]), refused(classify(rows(n, 2, 5), labels=[1, 2]), "CLS-1"),
            classify(rows(n, 2, 5))], detail=[0], **labels(3))
    n = "classify-no-pad"
    define(n, "no pad id: the last token, and a batch of one only; inputs_embeds likewise", "CLS-1 EMB-1",
           [classify(rows(n, 1, 13), labels=[1]), refused(classify(rows(n, 2, 5)), "CLS-1"), classify(inputs_embeds=embeds(n, 1, 5, 32))],
           pad_token_id=None, **labels(2))


def generate_cases() -> None:
    n = "generate"
    define(n, "40 tokens after a prompt of two windows", "GEN-1 CACHE-1 CACHE-2 POS-4", [generate(rows(n, 1, 12), 40)])
    n = "generate-pads"
    define(n, "a batch with pads at the left and no mask: they are found by their id", "GEN-2 GEN-1 POS-4 SCHED-7",
           [generate(padded(n, 14, [0, 2, 5])[0], 24)])
    n = "generate-eos"
    define(n, "an end token: rows that finish at different steps are filled with the pad id, which is not masked afterwards", "GEN-1 GEN-2",
           [generate(padded("generate-pads", 14, [0, 2, 5])[0], 24, eos_token_id=12)], seed=counter.key(0, "generate-pads") % 100000)
    n = "generate-eos-no-pad"
    define(n, "an end token and no pad id: rows are filled with the end token", "GEN-1 GEN-2",
           [generate(rows(n, 2, 10), 20, eos_token_id=10)], pad_token_id=None)
    n = "generate-mask"
    ids = rows(n, 2, 10)
    define(n, "a mask by hand, then more on the past that is left", "GEN-1 POS-4 SCHED-6",
           [generate(ids, 9, attention_mask=[[0, 0, 0] + [1] * 7, [1] * 10]), forward(rows(n + "/1", 2, 2), past="keep", use_cache=True)])
    n = "generate-context"
    define(n, "last_context_length given to generate", "GEN-1 SCHED-1", [generate(rows(n, 1, 15), 6, last_context_length=3)])
    n = "generate-no-cache"
    define(n, "use_cache false: the whole sequence again at each step, on memory that grows", "GEN-4 MEM-8",
           [generate(rows(n, 1, 6), 5)], use_cache=False)
    n = "generate-memory-past"
    define(n, "a prompt on a past that is memory alone is fed whole", "GEN-3 GEN-1",
           [forward(rows(n, 1, 20), use_cache=False), generate(rows(n + "/1", 1, 6), 8, past="keep")])
    n = "generate-local-past"
    ids = row(n, 9)
    define(n, "a prompt on a local past is cut to its last token", "GEN-1 POS-4",
           [forward([ids[:8]]), generate([ids], 10, past="keep")])


def half_cases() -> None:
    n = "half-bf16-windows"
    ids, mask = padded(n, 22, [0, 3], [2, 0])
    define(n, "bfloat16: windows, memory and pads; the smallest of bfloat16 masks", "PREC-1 PREC-3 ATT-1 ATT-5 MEM-6 NORM-1",
           [forward(ids, attention_mask=mask, labels=ids)], dtype="bfloat16", mem_dtype="bfloat16")
    n = "half-bf16-decode"
    define(n, "bfloat16: decoding over the window, memory in float32; a head size whose root is no power of two", "PREC-3 CACHE-1 ROPE-4 MEM-6",
           [forward(rows(n, 1, 14), use_cache=True)] + [forward(rows(f"{n}/{i}", 1, 1), past="keep", use_cache=True) for i in range(3)],
           dtype="bfloat16", hidden_size=40, num_attention_heads=4, seed=3)
    n = "half-bf16-grows"
    define(n, "bfloat16: a final window of 200 tokens, W = 16: rotary tables that grow keep float32 frequencies", "PREC-2 ROPE-3 SCHED-4",
           [forward(rows(n, 1, 210), last_context_length=200)], dtype="bfloat16", mem_dtype="bfloat16", past=False,
           stages=["norm", "self_attn.rotary_emb.cos", "self_attn.rotary_emb.sin", "self_attn.rotate_one.query", "self_attn.attn_output"])
    n = "half-bf16-torch-attention"
    ids, mask = padded(n, 20, [0, 4])
    define(n, "bfloat16 with torch_attention: no rounding between its operations but that of the weights", "PREC-4 PREC-3 ATT-4",
           [forward(ids, attention_mask=mask)], dtype="bfloat16", mem_dtype="bfloat16", torch_attention=True)
    n = "half-f16-windows"
    ids, mask = padded(n, 22, [0, 0], [2, 0])
    define(n, "float16: windows and memory; scores are clamped at the smallest of its numbers", "PREC-1 PREC-3 ATT-1 ATT-5 MEM-6",
           [forward(ids, attention_mask=mask, labels=ids), forward(rows(n + "/1", 2, 3), past="keep", use_cache=True)],
           dtype="float16", mem_dtype="bfloat16")


def error_cases() -> None:
    n = "errors"
    ids = row(n, 8)
    six, keep = [ids[:6]], {"past": "keep", "use_cache": True}
    define(n, "calls that are refused, between calls that are not: the past stays", "ERR-1 SCHED-4 SCHED-6 POS-3 POS-5 CACHE-5 CACHE-7 EMB-1 LOSS-1", [
        forward(six),
        refused(forward([[5, VOCAB]]), "EMB-1"), refused(forward([[5, -1]]), "EMB-1"),
        refused(forward(six, attention_mask=[[1] * 5]), "SCHED-6"), refused(forward(six, attention_mask=[[1] * 6] * 2), "SCHED-6"),
        refused(forward([ids[:2]], attention_mask=[[1] * 2], **keep), "SCHED-6"),
        refused(forward(six, position_ids=[[0, 1, 2, 3, 4]]), "POS-5"), refused(forward(six, position_ids=[[0, 1, 2, 3, 4, 9]]), "POS-3"),
        refused(forward([ids[:2]], position_ids=[[6, 8]], **keep), "POS-3"),
        refused(forward([[5], [6]], **keep), "CACHE-5"), refused(forward([[5]], past="keep", use_cache=False), "CACHE-5"),
        refused(forward(six, last_context_length=0), "SCHED-4"), refused(forward(six, last_context_length=-3), "SCHED-4"),
        refused(forward([[]]), "ERR-1"),
        refused(forward(), "EMB-1"), refused(forward([[5]], inputs_embeds=embeds(n, 1, 1, 32)), "EMB-1"),
        refused(forward(six, labels=[ids[:5]]), "LOSS-1"), refused(forward(six, labels=[[3, 4, 5, 6, 7, VOCAB]]), "LOSS-1"),
        refused({"op": "reorder", "beam_idx": [1]}, "CACHE-7"),
        refused(generate(six, 3, attention_mask=[[1] * 5]), "SCHED-6"),
        forward([ids[6:]], **keep),
    ])
    one = forward([[5, 6, 7]])
    error = lambda name, what, rule, **model: define("error-" + name, what, "ERR-1 " + rule, [refused(one, rule)], **model)
    error("heads", "hidden_size that the number of heads does not divide", "HEAD-1", num_attention_heads=3)
    error("odd-head-size", "an odd head size", "ROPE-1", hidden_size=30)
    error("memory-layer", "a memory layer beyond the last", "MEM-11", mem_layers=[2])
    error("memory-layer-negative", "a negative memory layer", "MEM-11", mem_layers=[-1])
    error("rope-scaling", "rope_scaling set", "ROPE-5", rope_scaling={"type": "linear", "factor": 2.0})
    error("grouping", "a grouping of no heads, in a memory layer", "MEM-10", mem_attention_grouping=[0, 4])
    error("pad", "pad_token_id outside the vocabulary", "EMB-1", pad_token_id=VOCAB)
    error("mem-dtype", "an unknown mem_dtype", "MEM-6", mem_dtype="bfloat15")
    error("act", "an unknown hidden_act", "MLP-1", hidden_act="swoosh")


for group in (window_cases, pad_cases, position_cases, cache_cases, memory_cases, model_cases, loss_cases, generate_cases, half_cases, error_cases):
    group()
