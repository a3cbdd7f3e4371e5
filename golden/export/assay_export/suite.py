"""Makes the shipped goldens, or checks them: golden/data/cases/<name>.json, golden/data/<name>.h5, golden/data/README.md."""

import fnmatch
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List, Optional

import h5py
import numpy as np
import torch

from . import case as cases
from . import export, golden_writer
from .errors import ExportError
from .original import Original, load
from .suite_cases import SUITE, Entry

FLOOR_RUNS = 8
HALF = ("bfloat16", "float16")
HALF_FACTOR = 8.0


def _line(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def case_text(entry: Entry) -> bytes:
    """The case file: one line for each key, and one for each step."""
    model = ",\n".join(f"    {_line(k)}: {_line(v)}" for k, v in entry.model.items())
    steps = ",\n".join(f"    {_line(s)}" for s in entry.steps)
    dtype = "" if entry.dtype == "float32" else f'  "dtype": {_line(entry.dtype)},\n'
    text = (
        f'{{\n  "format": "assay-case/1",\n  "name": {_line(entry.name)},\n  "rules": {_line(entry.rules)},\n'
        f'{dtype}  "model": {{\n{model}\n  }},\n  "weights": {_line({"seed": entry.seed, "gain": entry.gain})},\n'
        f'  "steps": [\n{steps}\n  ]\n}}\n'
    )
    return text.encode("utf-8")


def case_dtype(text: bytes) -> str:
    return json.loads(text).get("dtype", "float32")


def contents_of(entry: Entry, original: Original) -> golden_writer.Contents:
    case = cases.parse(case_text(entry), entry.name)
    job = export.make_job(case, original, None, None)
    return export.make_golden(job, entry.plan, FLOOR_RUNS)


@dataclass
class Outcome:
    """What became of one case."""

    name: str
    seconds: float
    nbytes: int = 0
    error: Optional[str] = None
    differences: List[str] = field(default_factory=list)


def _read(file: h5py.File, path: str) -> torch.Tensor:
    data = file[path]
    if data.dtype.kind == "f":
        return torch.from_numpy(np.asarray(data.astype("f8")[()]))
    return torch.from_numpy(np.asarray(data[()]).astype(np.int64))


def _tensor_paths(file: h5py.File) -> set:
    out = set()
    file.visititems(lambda name, obj: out.add(name) if isinstance(obj, h5py.Dataset) else None)
    return {p for p in out if p.split("/")[0] in ("steps", "float64", "weights")}


def _gap(stored: torch.Tensor, new: torch.Tensor) -> float:
    """The largest distance; infinite where one is finite and the other is not."""
    a, b = stored, new.to(stored.dtype)
    same = (a == b) | ((a != a) & (b != b))
    gap = torch.where(same, torch.zeros((), dtype=torch.float64), (a - b).abs().to(torch.float64))
    return float("inf") if torch.isnan(gap).any() else (gap.max().item() if gap.numel() else 0.0)


def differences(contents: golden_writer.Contents, text: bytes, folder: Path, name: str) -> List[str]:
    """How a golden on disk differs from what was just made: text, tensors, values beyond the stored floor."""
    path, out = folder / f"{name}.h5", []
    case_path = folder / "cases" / f"{name}.json"
    if not path.is_file() or not case_path.is_file():
        return [f"{path} or {case_path} is missing"]
    if case_path.read_bytes() != text:
        out.append(f"{case_path} is not what the suite defines")
    with h5py.File(path, "r") as file:
        for p in sorted(_tensor_paths(file) ^ set(contents.items)):
            out.append(f"{name}: {p} is in one of the two only")
        for n, attributes in enumerate(contents.steps):
            if {k: v if isinstance(v, str) else int(v[0]) for k, v in file[f"steps/{n}"].attrs.items()} != attributes:
                out.append(f"{name}: the attributes of steps/{n} differ")
        for p in sorted(_tensor_paths(file) & set(contents.items)):
            stored, new = _read(file, p), contents.items[p].tensor
            if stored.shape != new.shape:
                out.append(f"{name}: {p} has shape {tuple(stored.shape)}, now {tuple(new.shape)}")
                continue
            for floor in ("noise_floor", "noise_floor_replayed"):
                if (floor in file[p].attrs) != (getattr(contents.items[p], floor) is not None):
                    out.append(f"{name}: one of the two has no {floor} for {p}")
            gap, limit = _gap(stored, new), float(file[p].attrs.get("noise_floor", 0.0))
            if case_dtype(text) in HALF:  # its floor is a mean: another processor may round single values the other way
                limit *= HALF_FACTOR
            if gap > limit:
                out.append(f"{name}: {p} differs by {gap:.3g}; its floor is {limit:.3g}")
    return out


def _make_one(entry: Entry, code: str, data: Path, check: bool) -> Outcome:
    torch.set_num_threads(1)
    begin = time.perf_counter()
    path, out = data / f"{entry.name}.h5", Outcome(entry.name, 0.0)
    try:
        contents = contents_of(entry, load(code))
        if check:
            out.differences = differences(contents, case_text(entry), data, entry.name)
        else:
            data.mkdir(parents=True, exist_ok=True)
            golden_writer.write(path, contents)
            case_path = data / "cases" / f"{entry.name}.json"
            case_path.parent.mkdir(parents=True, exist_ok=True)
            case_path.write_bytes(case_text(entry))
            out.nbytes = path.stat().st_size
    except ExportError as e:
        out.error = str(e)
    out.seconds = time.perf_counter() - begin
    return out


def readme(data: Path) -> str:
    """The table of golden/data/README.md."""
    rows = []
    for e in SUITE:
        path = data / f"{e.name}.h5"
        size = f"{path.stat().st_size / 1024:.0f}" if path.is_file() else "-"
        rows.append(f"| `{e.name}` | {e.what} | {' '.join(e.rules)} | {e.plan.capture} | {size} |")
    return README_HEAD + "\n".join(rows) + "\n"


README_HEAD = """# The shipped goldens

Each `<name>.h5` is what the original PyTorch model computed for `cases/<name>.json` (schema: docs/golden-format.md), written by
`golden/export`. The models are small and their weights come from a seed (recipe `assay-uniform/1`), so nothing else is needed to
check a port against them. Make them again, or check that they still are what the original computes, with

    assay-export suite --original CHECKOUT [--check]

This table is written by that command too. `capture` says how much of the run is kept: golden/export/README.md.

| case | what it is for | rules | capture | KiB |
| --- | --- | --- | --- | --- |
"""


def _report(outcome: Outcome, check: bool) -> None:
    if outcome.error:
        print(f"{outcome.name}: REJECTED: {outcome.error}", file=sys.stderr)
    for line in outcome.differences:
        print(line)
    if not outcome.error and not outcome.differences:
        print(f"{outcome.name}: {'same' if check else f'{outcome.nbytes / 1024:.0f} KiB'} ({outcome.seconds:.1f} s)", flush=True)


def _make_all(arguments, jobs: int) -> Iterator[Outcome]:
    """In order, each as soon as it is there."""
    if jobs == 1:
        yield from (_make_one(*a) for a in arguments)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_make_one, *zip(*arguments))


def make(original: Original, data: Path, only: Optional[str], check: bool, jobs: int) -> int:
    """0: all made, or all the same. 1: a check found a difference. 2: a case was rejected."""
    chosen = [e for e in SUITE if only is None or fnmatch.fnmatchcase(e.name, only)]
    if not chosen:
        raise ExportError(f"no case of the suite is named {only!r}")
    arguments = [(e, str(original.folder), data, check) for e in chosen]
    outcomes = []
    for outcome in _make_all(arguments, jobs):
        _report(outcome, check)
        outcomes.append(outcome)
    if not check:
        (data / "README.md").write_text(readme(data), encoding="utf-8")
    if any(o.error for o in outcomes):
        return 2
    return 1 if any(o.differences for o in outcomes) else 0
