"""The classic mistake, made in the original: memory keys rotated at their position ids (MEM-1)."""

from pathlib import Path
from typing import List

from .assay import Assay, Judged
from .goldens import Goldens, with_memory


def judge(assay: Assay, goldens: Goldens, shipped: Path) -> List[Judged]:
    rows = []
    for name, case, golden in with_memory(goldens, shipped):
        dump = goldens.dump(f"issue-8-{name}", case, "--variant", "issue8")
        rows.append(assay.judge("issue-8", name, golden, dump))
    return rows
