"""The original as a port that `assay fuzz --port` asks case after case (docs/fuzz-protocol.md).

Each case has a model of its own, so that nothing which the original writes into its configuration (problem_type, say) outlives the case.
"""

import hashlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, Dict, List, TextIO

import torch
from safetensors.torch import save_file

from . import __version__, case as cases, config as configs, runner, weights
from .capture import Capture
from .errors import ExportError
from .export import check_ops, folder_config
from .original import Original, load

PROTOCOL = "assay-port-protocol/1"


class Outputs(Capture):
    """Records what a step returns, and its windows; of the stages none, which takes a fraction of the time."""

    def _hook_modules(self) -> None:
        self._hook(self.model.register_forward_hook(self._after_call))
        self._hook(self.model.model.register_forward_pre_hook(self._before_window, with_kwargs=True))

    def _wrap_globals(self) -> None:
        modeling = self.original.modeling
        self._wrap(modeling, "_handle_long_input", self._long_input(modeling._handle_long_input))

    def _put_window(self, name: str, value) -> None:
        pass


CAPTURES = {"all": Capture, "outputs": Outputs}


def _refusals(steps: List[runner.StepResult]) -> str:
    out = []
    for n, step in enumerate(steps):
        if step.refused is not None:
            out.append({"step": n, "rules": step.refused, "message": step.refused_message})
    return json.dumps(out)


def _facts(case: cases.Case, config: Dict[str, Any], own: Dict[str, torch.Tensor], run: runner.Run) -> Dict[str, str]:
    facts = {"format": "assay-dump/1", "producer": f"assay-export {__version__}", "dtype": case.dtype,
             "case_sha256": hashlib.sha256(case.text).hexdigest(), "refused": _refusals(run.steps)}
    if own:
        facts.update(config_sha256=configs.digest(config), weights_xxh128=weights.digest(own))
    return facts


def _run(original: Original, capture: str, case: cases.Case, folder: Path):
    """The run, and what a dump says of it."""
    config, _ = folder_config(folder)
    check_ops(case, config)
    own: Dict[str, torch.Tensor] = {}  # a model that is refused has none
    model = runner.build(case, config, original, case.dtype)
    has_weights = weights.has_checkpoint(folder)
    if not isinstance(model, Exception) and has_weights:
        own = runner.weights_for(weights.read_folder(folder, config), case.dtype)
    elif not isinstance(model, Exception):
        own = dict(model.named_parameters())  # some models can be built, but no call of them is accepted
    run = runner.run(case, config, own, original, case.dtype, capture_class=CAPTURES[capture], lenient=True)
    if own and not has_weights and any(step.refused is None for step in run.steps):
        weights.checkpoint_files(folder)  # says that there are none
    return run, _facts(case, config, own if has_weights else {}, run)


def answer(original: Original, capture: str, request: Dict[str, Any]) -> None:
    """Runs the case of a request and writes its dump, <dump>.safetensors."""
    torch.manual_seed(0)
    run, facts = _run(original, capture, cases.read(request["case"]), Path(request["model"]))
    target = request["dump"] + ".safetensors"
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        save_file(run.tensors, temporary, metadata=facts)
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _answers() -> TextIO:
    """The stdout of the protocol. Whatever else prints there goes to stderr from now on."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def serve(checkout: str, capture: str) -> int:
    """Loads the original, and answers requests until stdin ends."""
    answers = _answers()
    original = load(checkout)
    say = lambda message: print(json.dumps(message), file=answers, flush=True)
    say({"protocol": PROTOCOL, "name": f"the original, by assay-export {__version__}"})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer(original, capture, request)
            say({"id": request["id"], "ok": True})
        except Exception as e:
            if not isinstance(e, ExportError):
                traceback.print_exc()
            say({"id": request["id"], "error": f"{type(e).__name__}: {e}"})
    return 0
