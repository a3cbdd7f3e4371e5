import json
import os
from pathlib import Path

import pytest
import torch

from assay_export import case as cases
from assay_export import export, original

CODE = os.environ.get("ASSAY_ORIGINAL")
if not CODE:
    pytest.exit("set ASSAY_ORIGINAL to a checkout of CStanKonrad/long_llama", returncode=2)
DATA = Path(__file__).resolve().parents[2] / "data"
MODEL = {
    "architectures": ["LongLlamaForCausalLM"], "model_type": "longllama", "vocab_size": 24, "hidden_size": 16,
    "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 8,
    "last_context_length": 4, "mem_layers": [1], "mem_dtype": "float32",
}


@pytest.fixture(scope="session")
def code():
    torch.set_num_threads(1)
    try:
        return original.load(CODE)
    except Exception as e:
        pytest.skip(f"no original: {e}")


def make_case(steps, dtype="float32", **model):
    root = {"format": "assay-case/1", "name": "test", "model": {**MODEL, **model}, "weights": {"seed": 5, "gain": 1.5},
            "dtype": dtype, "steps": steps}
    return cases.parse(json.dumps(root).encode())


def make_job(code, steps, dtype="float32", **model):
    return export.make_job(make_case(steps, dtype, **model), code, None, None)


def ids(batch, count, start=3):
    return [[(start + 7 * b + 5 * i) % 21 + 3 for i in range(count)] for b in range(batch)]
