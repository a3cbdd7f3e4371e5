"""From a case to a golden or a dump."""

import hashlib
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import h5py
import numpy as np
import torch


from . import __version__, config as configs, floor, original as original_code, runner, variants, weights
from .capture import UNROUNDED
from .case import Case
from .errors import ExportError
from .golden_writer import Contents, Item
from .original import Original
from .plan import Plan, Selection, place_of, take

STORED_WEIGHTS_NBYTES = 4 << 20  # weights of a folder up to this size are copied into the golden


@dataclass
class Job:
    """A case with its model: what `run` and `dump` work on."""

    case: Case
    original: Original
    config: Dict[str, Any]
    config_text: bytes
    weights: Dict[str, torch.Tensor]
    folder: Optional[Path]
    dtype: str


def folder_config(folder: Path):
    try:
        text = (folder / "config.json").read_bytes()
        return json.loads(text), text
    except (OSError, ValueError) as e:
        raise ExportError(f"{folder / 'config.json'}: {e}") from None


def check_ops(case: Case, config: Dict[str, Any]) -> None:
    classify = configs.is_classification(config)
    for i, step in enumerate(case.steps):
        wrong = step.op in ("forward", "generate") if classify else step.op == "classify"
        if wrong:
            raise ExportError(f"steps[{i}]: {step.op} does not fit a model with {'a classification' if classify else 'a language model'} head")


def make_job(case: Case, original: Original, folder: Optional[Path], dtype: Optional[str]) -> Job:
    """Finds configuration and weights: the folder's where one is given, else the case's."""
    if folder is not None:
        config, text = folder_config(folder)
    elif case.model is not None:
        config, text = case.model, json.dumps(case.model, indent=2, ensure_ascii=False).encode()
    else:
        raise ExportError("the case has no model; give a folder with --model")
    check_ops(case, config)
    job = Job(case, original, config, text, {}, folder, dtype or case.dtype)
    if isinstance(runner.build(case, config, original, job.dtype), Exception):
        return job  # a run reports the refusal
    if folder is not None:
        job.weights = weights.read_folder(folder, config)
    elif case.seed is not None:
        job.weights = {n: torch.from_numpy(w) for n, w in weights.recipe(config, case.seed, case.gain).items()}
    else:
        raise ExportError("the case has no weights; give a folder with --model")
    return job


def _provenance(job: Job, plan: Plan, more: Dict[str, Any]) -> str:
    out = {
        "python": platform.python_version(), "torch": torch.__version__, "transformers": original_code.transformers.__version__,
        "numpy": np.__version__, "h5py": h5py.__version__, "threads": torch.get_num_threads(),
        "original": job.original.provenance(), "capture": plan.capture, **more,
    }
    if job.folder is not None:
        out["checkpoint"] = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in weights.checkpoint_files(job.folder)}
    else:
        out["recipe"] = {"name": "assay-uniform/1", "seed": job.case.seed, "gain": job.case.gain}
    return json.dumps(out, sort_keys=True)


def _attributes(job: Job, kind: str, provenance: str) -> Dict[str, str]:
    out = {
        "format": kind, "producer": f"assay-export {__version__}", "dtype": job.dtype,
        "case_sha256": hashlib.sha256(job.case.text).hexdigest(),
    }
    if job.weights:  # a refused model has neither
        out["config_sha256"] = configs.digest(job.config)
        out["weights_xxh128"] = weights.digest(runner.weights_for(job.weights, job.dtype))
    out["provenance"] = provenance
    return out


def _step_attributes(steps: List[runner.StepResult]) -> List[Dict[str, Any]]:
    out = []
    for s in steps:
        attributes: Dict[str, Any] = {"op": s.op}
        if s.refused is not None:
            attributes.update(refused=s.refused, refused_message=s.refused_message)
        out.append(attributes)
    return out


def _items(run: runner.Run, selection: Selection, floors: Optional[floor.Floors], prefix: str = "", only=None) -> Dict[str, Item]:
    out = {}
    for path, tensor in run.tensors.items():
        kept = selection.kept(path, tensor)
        if kept is None or (only is not None and not only(path)):
            continue
        part, attribute = take(path, tensor, kept)
        has_floor = floors is not None and not floor.is_exact(path, tensor)
        out[prefix + path] = Item(part, floors.floor(path) if has_floor else None, kept=attribute)
    return out


def _add_replayed(items: Dict[str, Item], measured: floor.Measured, selection: Selection) -> None:
    """The floors given the golden's memory, in the steps for which it is in the file. Stored values are that memory, and have
    none."""
    steps = selection.replayable(measured.run.steps, measured.run.tensors)
    for path, item in items.items():
        is_stored = path + UNROUNDED in measured.run.tensors
        if item.noise_floor is not None and not is_stored and place_of(path).step in steps:
            item.noise_floor_replayed = measured.replayed.floor(path)


def _stored_weights(job: Job) -> Dict[str, Item]:
    nbytes = sum(w.numel() * 4 for w in job.weights.values())
    if job.folder is None or nbytes > STORED_WEIGHTS_NBYTES:
        return {}
    return {f"weights/{name}": Item(w.to(torch.float32)) for name, w in sorted(job.weights.items())}


def make_golden(job: Job, plan: Plan, floor_runs: int, with_float64: bool = True,
                progress: Callable[[], None] = lambda: None) -> Contents:
    """Runs the case as often as its floors need. IllConditioned when it cannot judge a port."""
    measured = floor.Measure(job.case, job.config, job.original, job.weights, job.dtype, floor_runs, with_float64,
                             progress).measure()
    selection = Selection(plan, measured.run.steps)
    items = _items(measured.run, selection, measured.floors)
    if measured.replayed is not None:
        _add_replayed(items, measured, selection)
    if measured.run64 is not None:
        items.update(_items(measured.run64, selection, measured.floors64, "float64/", selection.in_float64))
    items.update(_stored_weights(job))
    attributes = _attributes(job, "assay-golden/1", _provenance(job, plan, {"floor": measured.description}))
    steps = _step_attributes(measured.run.steps)
    layers = job.config.get("num_hidden_layers", configs.DEFAULTS["num_hidden_layers"])
    for n, result in enumerate(measured.run.steps):
        steps[n]["past_captured"] = int(result.refused is None and selection.holds_past(n, layers))
    return Contents(attributes, job.case.text, job.config_text, steps, items)


def make_dump(job: Job, plan: Plan, perturb: Optional[int] = None, variant: Optional[str] = None) -> Contents:
    """One run, as a port would write it: perturbed weights, or a variant of the original, where asked for."""
    own = runner.weights_for(job.weights, job.dtype)
    moved = own if perturb is None else weights.perturb(own, perturb)
    hooks = {} if variant is None else {"on_rotate_first": variants.VARIANTS[variant]}
    run = runner.run(job.case, job.config, moved, job.original, job.dtype, **hooks)
    more = {"perturb": perturb, "variant": variant}
    attributes = _attributes(job, "assay-dump/1", _provenance(job, plan, more))
    return Contents(attributes, job.case.text, job.config_text, _step_attributes(run.steps),
                    _items(run, Selection(plan, run.steps), None))


def progress_total(job: Job, floor_runs: int, with_float64: bool) -> int:
    name = job.config.get("mem_dtype", "bfloat16")
    narrow = job.dtype in ("float32", "float64") and name in ("bfloat16", "float16", "half") and bool(job.config.get("mem_layers"))
    return floor.Measure.count(job.dtype, floor_runs, with_float64, narrow)


