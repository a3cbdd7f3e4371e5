"""The original itself in bfloat16, held against its own float32."""

from pathlib import Path
from typing import List

from .assay import Assay, Judged
from .goldens import Goldens, with_memory


def judge(assay: Assay, goldens: Goldens, shipped: Path) -> List[Judged]:
    rows = []
    for name, case, golden in with_memory(goldens, shipped):
        dump = goldens.dump(f"original-bf16-{name}", case, "--dtype", "bfloat16")
        rows.append(assay.judge("original-bf16", name, golden, dump))
    return rows
