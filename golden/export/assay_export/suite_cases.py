"""The cases of the shipped suite. Models are small: two or three layers, W = 16 and C = 8 unless a case says otherwise."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

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


SUITE: List[Entry] = []


def define(name: str, what: str, rules: str, steps: List[Dict[str, Any]], seed: Optional[int] = None, gain: float = 1.5,
           capture: str = "subset", detail=None, layers=None, stages=None, past: bool = True, **model) -> None:
    frozen = lambda values: None if values is None else frozenset(values)
    plan = Plan(capture, frozen(detail), frozen(layers), frozen(stages), past)
    if seed is None:
        seed = counter.key(0, name) % 100000
    SUITE.append(Entry(name, what, rules.split(), {**BASE, **model}, seed, gain, steps, plan))


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


def forward(ids=None, **more) -> Dict[str, Any]:
    return {"op": "forward", **({} if ids is None else {"input_ids": ids}), **more}


def first_cases() -> None:
    define("one-window", "T below C: one window, all stages", "SCHED-1 ROPE-1 ROPE-2 ATT-1 ATT-2 NORM-1 MLP-1 HEAD-1",
           [forward(rows("one-window", 2, 7))], capture="all")
    define("windows-3-all", "three windows (16, 9, 8), all stages, memory in float32", "SCHED-1 SCHED-3 MEM-1 MEM-2 MEM-3 MEM-4 MEM-9 POS-2",
           [forward(rows("windows-3-all", 1, 33))], capture="all")
    define("memory-bf16", "memory in bfloat16, three windows, all stages", "MEM-6 MEM-1 MEM-2 MEM-3 SCHED-1",
           [forward(rows("memory-bf16", 1, 33))], capture="all", mem_dtype="bfloat16")
    ids = row("decode-flip", 26)
    define("decode-flip", "a prompt of 6, then 20 tokens one by one across the cache flip", "CACHE-1 CACHE-2 CACHE-6 MEM-1 MEM-8 POS-1 POS-2",
           [forward([ids[:6]])] + [forward([[t]], past="keep", use_cache=True) for t in ids[6:]], detail=[0, 9, 10, 11, 12, 20])
    ids, mask = padded("left-pads", 26, [0, 1, 3, 15, 16])
    define("left-pads", "a batch with 0, 1, 3, W-1 and W pads at the left, two windows", "SCHED-6 SCHED-7 MEM-5 ATT-3 ATT-5",
           [forward(ids, attention_mask=mask)])


first_cases()
