"""What of a run is kept in the file: the capture levels of the README."""

from dataclasses import dataclass
from typing import Dict, FrozenSet, List, NamedTuple, Optional

import torch

from .capture import UNROUNDED
from .errors import ExportError

CAPTURES = ("all", "subset", "outputs")
# Of every token in a `subset`: exact stages, and the floating ones that carry the state onward.
WHOLE = {
    "input_ids", "attention_mask", "position_ids", "norm", "output", "self_attn.rel_pos_ids", "self_attn.mem_write.key",
    "self_attn.mem_write.value", "self_attn.mem_write.mask",
}
# Not in a `subset` at all: large, and determined by what is there.
DROPPED = {
    "self_attn.attn_scores", "self_attn.mem_read.key", "self_attn.mem_read.value", "self_attn.mem_read.mask",
}
MEMORY_WRITES = {"self_attn.mem_write.key", "self_attn.mem_write.value"}
# The axis of tokens; 1 where not listed.
TOKEN_AXIS = {
    "self_attn.rotary_emb.cos": 0, "self_attn.rotary_emb.sin": 0, "self_attn.rotate_one.query": 2,
    "self_attn.rotate_one.key": 2, "self_attn.attn_probs": 2,
}


class Place(NamedTuple):
    step: int
    window: Optional[int]
    layer: Optional[int]
    stage: str  # without the suffix _unrounded
    is_past: bool


def place_of(path: str) -> Place:
    """Reads steps/<n>/[windows/<k>/[layers/<l>/]|past/<l>/]<stage>."""
    parts = path[: -len(UNROUNDED)].split("/") if path.endswith(UNROUNDED) else path.split("/")
    step, rest = int(parts[1]), parts[2:]
    window = layer = None
    is_past = rest[0] == "past"
    if rest[0] == "windows":
        window, rest = int(rest[1]), rest[2:]
    if rest[0] in ("layers", "past"):
        layer, rest = int(rest[1]), rest[2:]
    return Place(step, window, layer, "/".join(rest), is_past)


def few_tokens(count: int) -> List[int]:
    """First, middle, last: the first and the last lie at the window's edges."""
    return sorted({0, count // 2, count - 1})


@dataclass(frozen=True)
class Plan:
    capture: str = "all"
    detail_steps: Optional[FrozenSet[int]] = None  # steps with windows and past; None: all. The others: outputs alone
    layers: Optional[FrozenSet[int]] = None        # layers with stages and past; None: all
    stages: Optional[FrozenSet[str]] = None        # stages of the windows; None: all that the capture has
    past: bool = True

    def __post_init__(self):
        if self.capture not in CAPTURES:
            raise ExportError(f"capture is {self.capture!r}; expected one of {', '.join(CAPTURES)}")


class Selection:
    """Applies a plan to a run: `kept(path, tensor)` is None (left out), [] (whole), or the indices of the kept tokens."""

    def __init__(self, plan: Plan, steps):
        self.plan = plan
        self.windows = [self._windows_of(step) for step in steps]
        self.last = [max(w, default=-1) for w in self.windows]

    def _windows_of(self, step) -> set:
        """Windows whose stages are kept. A `subset` of a generate has those of the prompt, those that drop a local
        cache with the ones after them, and the last."""
        every = range(step.windows)
        if self.plan.capture != "subset" or step.op != "generate":
            return set(every)
        wanted = set(range(step.prompt_windows)) | set(step.drops) | {d + 1 for d in step.drops} | {step.windows - 1}
        return wanted & set(every)

    def _detailed(self, place: Place) -> bool:
        plan = self.plan
        if plan.detail_steps is not None and place.step not in plan.detail_steps:
            return False
        return plan.layers is None or place.layer is None or place.layer in plan.layers

    def in_float64(self, path: str) -> bool:
        """What the float64 run keeps of what is kept: results, and in `all` the output of each layer."""
        stage = place_of(path).stage
        return stage in ("logits", "loss") or (stage == "output" and self.plan.capture == "all")

    def holds_past(self, step: int, layers: int) -> bool:
        """Whether the past after a step is kept whole: of all of the model's layers."""
        plan = self.plan
        if not plan.past or (plan.detail_steps is not None and step not in plan.detail_steps):
            return False
        return plan.layers is None or plan.layers >= set(range(layers))

    def replayable(self, steps, tensors: Dict[str, torch.Tensor]) -> FrozenSet[int]:
        """The steps whose memory can be put back from what is kept: it holds all that they stored there, and so did the
        steps that left their past."""
        lacking = {place_of(p).step for p, t in tensors.items() if place_of(p).stage in MEMORY_WRITES and self.kept(p, t) != []}
        out, whole = set(), True
        for n, step in enumerate(steps):
            if step.refused is not None:  # the past stays
                continue
            whole = n not in lacking and (whole or not step.on_past)
            if whole:
                out.add(n)
        return frozenset(out)

    def kept(self, path: str, tensor: torch.Tensor) -> Optional[List[int]]:
        place, plan = place_of(path), self.plan
        if place.window is None and not place.is_past:
            return []
        if not self._detailed(place):
            return None
        if place.is_past:
            return [] if plan.past else None
        if plan.capture == "outputs" or place.window not in self.windows[place.step]:
            return None
        if plan.stages is not None and place.stage not in plan.stages:
            return None
        if plan.capture == "all" or place.stage in WHOLE:
            return []
        if place.stage in DROPPED or place.window != self.last[place.step]:
            return None
        count = tensor.shape[TOKEN_AXIS.get(place.stage, 1)]
        few = few_tokens(count)
        return [] if len(few) == count else few


def take(path: str, tensor: torch.Tensor, kept: List[int]):
    """(the tensor's kept part, the `kept` attribute or None)."""
    if not kept:
        return tensor, None
    axis = TOKEN_AXIS.get(place_of(path).stage, 1)
    return tensor.index_select(axis, torch.tensor(kept)), [axis] + kept
