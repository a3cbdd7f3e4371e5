"""The cases: models and inputs that a plain LLaMA runs as well (T at most C, so that nothing reaches the memory), and some with memory."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

from assay_export.suite_cases import padded, row

SEED, GAIN = 11, 1.5
_COMMON = {
    "architectures": ["LongLlamaForCausalLM"], "model_type": "longllama", "rope_theta": 10000.0, "rms_norm_eps": 1e-6,
    "mem_dtype": "bfloat16", "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}
SMALL = {
    **_COMMON, "vocab_size": 80, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
    "max_position_embeddings": 64, "last_context_length": 32, "mem_layers": [1],
}
WIDE = {
    **_COMMON, "vocab_size": 512, "hidden_size": 256, "intermediate_size": 688, "num_hidden_layers": 4, "num_attention_heads": 4,
    "max_position_embeddings": 512, "last_context_length": 256, "mem_layers": [2],
}

WIDE_SHORT = {**WIDE, "max_position_embeddings": 128, "last_context_length": 64}


@dataclass(frozen=True)
class PortCase:
    """A case of our own, whose golden is made by the run."""

    name: str
    model: Dict[str, Any]
    input_ids: List[List[int]]
    attention_mask: Optional[List[List[int]]] = None
    capture: str = "all"

    @property
    def tokens(self) -> int:
        return len(self.input_ids[0])

    def text(self) -> str:
        step: Dict[str, Any] = {"op": "forward", "input_ids": self.input_ids}
        if self.attention_mask is not None:
            step["attention_mask"] = self.attention_mask
        return json.dumps({"format": "assay-case/1", "name": self.name, "model": self.model, "weights": {"seed": SEED, "gain": GAIN},
                           "steps": [step]}) + "\n"

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(self.text(), encoding="utf-8")
        return path


def _one(name: str, model: Dict[str, Any], tokens: int, **more) -> PortCase:
    return PortCase(name, model, [row(name, tokens, model["vocab_size"])], **more)


def plain() -> List[PortCase]:
    """One row, one window."""
    return [_one("small-1", SMALL, 1), _one("small-32", SMALL, 32), _one("wide-17", WIDE, 17), _one("wide-200", WIDE, 200)]


def with_pads() -> PortCase:
    ids, mask = padded("small-pads", 24, [0, 9])
    return PortCase("small-pads", SMALL, ids, mask)


def with_memory() -> PortCase:
    """Windows of 128, 58 and 64 tokens; memory in bfloat16."""
    return _one("wide-memory-250", WIDE_SHORT, 250, capture="subset")
