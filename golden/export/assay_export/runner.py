"""Runs the steps of a case on the original (docs/case-format.md)."""

import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import torch

from .capture import Capture, keep_unrounded, unrounded_of
from .case import Case, Step, flatten
from .errors import ExportError
from .original import DTYPES, Original, default_dtype, load_weights


@dataclass
class StepResult:
    op: str
    refused: Optional[str] = None          # rule id; "" where the case does not say that it must be refused
    refused_message: Optional[str] = None
    on_past: bool = False                  # it began with the past of the steps before
    windows: int = 0
    drops: List[int] = field(default_factory=list)
    next_logits: List[torch.Tensor] = field(default_factory=list)  # generate: the last token's, of each call
    prompt: int = 0                        # generate: tokens of the prompt, and its windows
    prompt_windows: int = 0


@dataclass
class Run:
    tensors: Dict[str, torch.Tensor]
    steps: List[StepResult]


def _whole(values: list) -> bool:
    return all(float(v).is_integer() for v in flatten(values))


def _ints(value):
    return None if value is None else torch.tensor(value, dtype=torch.int64)


def _mask(value):
    """int64 when every entry is whole, else the default dtype."""
    if value is None:
        return None
    if _whole(value):
        return torch.tensor(value).to(torch.int64)
    return torch.tensor(value, dtype=torch.get_default_dtype())


def _labels(step: Step):
    value = step.labels
    if value is None:
        return None
    if step.op == "forward":
        return _ints(value)
    one_each = not isinstance(value[0], list) if value else True
    if one_each and _whole(value):
        return torch.tensor([int(v) for v in value], dtype=torch.int64)
    return torch.tensor(value, dtype=torch.get_default_dtype())


class Runner:
    """One model and its past; steps run in order."""

    def __init__(self, model, capture: Capture):
        self.model, self.capture = model, capture
        self.past = None

    def _call_arguments(self, step: Step) -> Dict[str, Any]:
        args: Dict[str, Any] = {"input_ids": _ints(step.input_ids)}
        if step.attention_mask is not None:
            args["attention_mask"] = _mask(step.attention_mask)
        if step.last_context_length is not None:
            args["last_context_length"] = step.last_context_length
        if step.keep_past:
            args["past_key_values"] = self.past
        return args

    def forward(self, step: Step) -> None:
        args = self._call_arguments(step)
        args["position_ids"] = _ints(step.position_ids)
        args["labels"] = _labels(step)
        if step.inputs_embeds is not None:
            args["inputs_embeds"] = torch.tensor(step.inputs_embeds, dtype=self.model.dtype)
        if step.use_cache is not None:
            args["use_cache"] = step.use_cache
        out = self.model(**args)
        self.capture.put("logits", out.logits)
        self.capture.put("loss", out.loss)
        self.past = out.past_key_values

    def generate(self, step: Step) -> None:
        from transformers import GenerationConfig

        pad = self.model.config.pad_token_id
        config = GenerationConfig(
            max_new_tokens=step.max_new_tokens, do_sample=False, num_beams=1, eos_token_id=step.eos_token_id,
            pad_token_id=step.eos_token_id if pad is None else pad, use_cache=self.model.config.use_cache)
        self.model.generation_config = config  # greedy search falls back on it
        args = self._call_arguments(step)
        tokens = self.model.generate(args.pop("input_ids"), generation_config=config, **args)
        self.capture.put("tokens", tokens)
        self.past = self.capture.past

    def reorder(self, step: Step) -> None:
        index = torch.tensor(step.beam_idx, dtype=torch.int64)
        before = self.past
        # The classifier has no method of its own for it; the past is of the same six tensors (CACHE-7).
        after = self.capture.original.modeling.LongLlamaForCausalLM._reorder_cache(before, index)
        for old, new in zip(before, after):
            for i in (3, 4):
                raw = unrounded_of(old[i])
                if raw is not old[i]:
                    keep_unrounded(new[i], raw.index_select(0, index))
        self.past = after

    def put_past(self) -> None:
        for i, (key, value, position, mem_key, mem_value, mem_mask) in enumerate(self.past or ()):
            at = f"past/{i}/"
            if key.numel():
                self.capture.put(at + "key", key)
                self.capture.put(at + "value", value)
                self.capture.put(at + "position", position[:, 0, :, 0])
            if mem_key.numel():
                self.capture.put_stored(at + "mem_key", mem_key)
                self.capture.put_stored(at + "mem_value", mem_value)
                self.capture.put(at + "mem_mask", mem_mask[:, 0, :, 0])


def _where_raised(error: BaseException, original: Original) -> str:
    """Names the exception's type and the original's function that raised it; its text stays with the original."""
    names = [f.name for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).parent == original.folder.resolve()
             or Path(f.filename).parent == original.folder]
    return f"the original raises {type(error).__name__}" + (f" in {names[-1]}" if names else "")


def _lacks_past(runner: Runner, step: Step) -> bool:
    return (step.keep_past or step.op == "reorder") and runner.past is None


def _run_step(runner: Runner, number: int, step: Step, original: Original, lenient: bool) -> StepResult:
    capture, result = runner.capture, StepResult(op=step.op, on_past=step.keep_past or step.op == "reorder")
    kept_past = runner.past
    capture.begin_step(number)
    try:
        getattr(runner, "forward" if step.op == "classify" else step.op)(step)
    except ExportError:
        raise
    except Exception as e:
        if step.expect_error is None and not lenient:
            raise ExportError(f"steps[{number}] ({step.op}): the original refuses it: {type(e).__name__}: {e}") from e
        capture.forget_step()
        runner.past = kept_past
        result.refused, result.refused_message = step.expect_error or "", _where_raised(e, original)
        return result
    if step.expect_error is not None and not lenient:
        raise ExportError(f"steps[{number}] expects the error {step.expect_error}, but the original accepts it")
    runner.put_past()
    if capture.schedule:
        capture.put("schedule", torch.tensor(capture.schedule, dtype=torch.int64))
    result.windows, result.drops = capture.window + 1, sorted(set(capture.drops))
    if step.op == "generate":
        result.next_logits, result.prompt = capture.next_logits, len(step.input_ids[0])
        result.prompt_windows = len(capture.schedule)
    return result


def refused_model(case: Case, error: Exception, original: Original, lenient: bool) -> List[StepResult]:
    """The results of a case whose model the original refuses to build: every step must expect that, unless lenient."""
    for i, step in enumerate(case.steps):
        if step.expect_error is None and not lenient:
            raise ExportError(f"steps[{i}]: the original refuses to build the model: {type(error).__name__}: {error}")
    message = _where_raised(error, original)
    return [StepResult(op=s.op, refused=s.expect_error or "", refused_message=message) for s in case.steps]


def build(case: Case, config: Dict[str, Any], original: Original, dtype: str):
    """The model, or the exception with which the original refuses it."""
    try:
        return original.build(config, dtype)
    except Exception as e:
        return e


def run(case: Case, config: Dict[str, Any], weights: Dict[str, torch.Tensor], original: Original, dtype: str,
        on_store: Optional[Callable] = None, on_rotate_first: Optional[Callable] = None, capture_class=Capture,
        lenient: bool = False) -> Run:
    """One run of all steps in `dtype`. The default dtype is float64 for the whole of a float64 run (PREC-1). What is refused and
    what the case expects to be must be the same, unless lenient: then the results say what was refused."""
    calls_in = torch.float64 if dtype == "float64" else torch.float32
    model = build(case, config, original, dtype)
    if isinstance(model, Exception):
        return Run({}, refused_model(case, model, original, lenient))
    load_weights(model, weights)
    results = []
    with default_dtype(calls_in), torch.no_grad(), capture_class(original, model, on_store, on_rotate_first) as capture:
        runner = Runner(model, capture)
        for number, step in enumerate(case.steps):
            if _lacks_past(runner, step):
                if not lenient:
                    raise ExportError(f"steps[{number}] needs a past, and the steps before it leave none")
                results.append(StepResult(step.op, step.expect_error or "", "the steps before leave no past"))
                continue
            results.append(_run_step(runner, number, step, original, lenient))
        return Run(capture.tensors, results)


def weights_for(weights: Dict[str, torch.Tensor], dtype: str) -> Dict[str, torch.Tensor]:
    return {name: w.to(DTYPES[dtype]) for name, w in weights.items()}


