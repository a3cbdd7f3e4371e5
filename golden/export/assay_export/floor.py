"""The noise floor: how far the original's own results move when only rounding changes.

For each floating tensor it is the largest absolute distance between the golden's run and
 (a) the original's float64 run,
 (b) runs in which every weight is moved by one ulp up or down at random,
 (c) where memory is narrower than the run: runs in which values close to a rounding boundary of mem_dtype are stored on a
     random side of it, as a correct port whose keys differ by rounding may store them,
and at least 4 ulp of the tensor's scale. (a) and (b) also check that the case is well conditioned.

Where memory is narrower than the run there is a second, replayed floor: that of (a) and (b) alone, in runs that put the
golden's own stored values into memory in place of theirs. It is what rounding does given that memory, and holds a port that
is run on it (`assay verify`) as tightly as any other.
"""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Optional

import torch

from . import counter, runner, weights
from .capture import UNROUNDED
from .errors import ExportError, IllConditioned
from .original import DTYPES
from .plan import place_of

ULPS = 4.0
HALF_ULPS = 0.25         # in half precision
HALF_LARGEST = 3.0       # the largest distance counts a third there
HALF_SPREAD = 2.0**0.5   # two runs with roundings of their own are that much farther from each other than from the exact one
FRESH_RUNS = 3          # perturbed runs that check the floor of the others
FRESH_FACTOR = 4.0
STORE_RUNS = 4
STORE_REACH = 8.0       # floors to a rounding boundary within which a value may be stored on either side
MARGIN_FACTOR = 32.0    # floors of the logits that a generated token's margin must exceed
LARGEST_RELATIVE = 2e-5         # of the logits' scale that rounding may move them by
LARGEST_RELATIVE_NARROW = 2e-3  # likewise, with memory narrower than the run
LARGEST_RELATIVE_HALF = 2e-2    # likewise, in half precision
# attn_scores at or below are hidden: the clamp of ATT-1 as each type has it. In float16 a hidden score need not reach it.
HIDDEN = {torch.float64: -1e6, torch.float32: -1e6, torch.bfloat16: -999424.0, torch.float16: -6e4}


def is_exact(path: str, tensor: torch.Tensor) -> bool:
    """Integers and masks have no floor."""
    return not tensor.is_floating_point() or path.endswith(("_mask", ".mask"))


def hidden_scores(path: str, tensor: torch.Tensor) -> Optional[torch.Tensor]:
    """Where attn_scores are hidden; None for any other stage."""
    return tensor <= HIDDEN[tensor.dtype] if path.endswith("attn_scores") else None


def scale_of(path: str, base: torch.Tensor) -> float:
    """The largest finite magnitude, hidden scores aside."""
    usable = torch.isfinite(base)
    hidden = hidden_scores(path, base)
    if hidden is not None:
        usable &= ~hidden
    chosen = base[usable]
    return chosen.abs().max().item() if chosen.numel() else 0.0


def ulp(scale: float, dtype: torch.dtype) -> float:
    """The distance from `scale` to the next number of `dtype` above it (in the normal range)."""
    info = torch.finfo(dtype)
    value = torch.tensor(max(scale, info.tiny), dtype=torch.float64)
    exponent = torch.frexp(value)[1].item() - 1
    return 2.0**exponent * info.eps


def group_of(path: str):
    """Layer and stage."""
    if path.startswith(".next/"):
        return path
    place = place_of(path)
    return place.layer, place.is_past, place.stage


def is_half(dtype: torch.dtype) -> bool:
    return dtype in (torch.bfloat16, torch.float16)


def distance(path: str, base: torch.Tensor, other: torch.Tensor, half: bool = False) -> float:
    """The largest absolute distance; of a half-precision run the root of the mean square times HALF_SPREAD, or a third of the
    largest where that is more. IllConditioned when a discrete part differs."""
    if base.shape != other.shape:
        raise IllConditioned(f"{path}: rounding changes its shape")
    if is_exact(path, base):
        same = torch.equal(base, other) if not base.is_floating_point() else torch.equal(base < 0, other < 0)
        if not same:
            raise IllConditioned(f"{path}: rounding changes it, and it is exact")
        return 0.0
    a, b = base.to(torch.float64), other.to(torch.float64)
    usable = torch.isfinite(a)
    if not torch.equal(usable, torch.isfinite(b)) or not torch.equal(torch.isnan(a), torch.isnan(b)):
        raise IllConditioned(f"{path}: rounding changes where it is not finite")
    hidden = hidden_scores(path, base)
    if hidden is not None:
        if not torch.equal(hidden, hidden_scores(path, other)):
            raise IllConditioned(f"{path}: rounding changes a hidden score")
        usable &= ~hidden
    gap = (a - b).abs()[usable]
    if not gap.numel():
        return 0.0
    largest = gap.max().item()
    return max(HALF_SPREAD * gap.square().mean().sqrt().item(), largest / HALF_LARGEST) if half else largest


@dataclass
class Floors:
    """Distances of runs to a base run. `dtype` is what the base was computed in: its ulp is the least floor."""

    base: Dict[str, torch.Tensor]
    dtype: torch.dtype
    largest: Dict[str, float] = field(default_factory=dict)
    known_scales: Dict[str, float] = field(default_factory=dict)

    def add(self, tensors: Dict[str, torch.Tensor], limit: Optional["Floors"] = None) -> None:
        """Widens the floors by a run; with `limit` (a snapshot), checks it against FRESH_FACTOR of those floors."""
        more = tensors.keys() - self.base.keys()  # a float64 run is wider than its memory where a float32 run is not
        if self.base.keys() - tensors.keys() or any(not path.endswith(UNROUNDED) for path in more):
            raise IllConditioned("rounding changes which tensors there are")
        for path, base in self.base.items():
            gap = distance(path, base, tensors[path], is_half(self.dtype))
            if limit is not None and not is_exact(path, base) and gap > FRESH_FACTOR * limit.floor(path):
                raise IllConditioned(f"{path}: a fresh run moves it by {gap:.3g}, its floor so far is {limit.floor(path):.3g}")
            self.largest[path] = max(self.largest.get(path, 0.0), gap)

    def pooled(self, path: str) -> float:
        """In half precision: the largest distance, relative to its tensor's scale, of the same stage of the same layer in any
        window or step, times the scale of `path`. A window of one token is too small a sample of roundings."""
        key, scales = group_of(path), self.scales()
        relative = [self.largest.get(p, 0.0) / scales[p] for p in self.base if scales[p] > 0 and group_of(p) == key]
        return max(relative, default=0.0) * scales[path]

    def scales(self) -> Dict[str, float]:
        if not self.known_scales:
            self.known_scales.update((p, 0.0 if is_exact(p, t) else scale_of(p, t)) for p, t in self.base.items())
        return self.known_scales

    def floor(self, path: str) -> float:
        least = (HALF_ULPS if is_half(self.dtype) else ULPS) * ulp(scale_of(path, self.base[path]), self.dtype)
        own = self.largest.get(path, 0.0)
        return max(own, least, self.pooled(path) if is_half(self.dtype) else 0.0)

    def snapshot(self) -> "Floors":
        return Floors(self.base, self.dtype, dict(self.largest))


def comparable(run: runner.Run) -> Dict[str, torch.Tensor]:
    """A run's tensors, and under .next/ the logits that a generate chose its tokens by."""
    out = dict(run.tensors)
    for n, step in enumerate(run.steps):
        for call, logits in enumerate(step.next_logits):
            out[f".next/{n}/{call}/next_logits"] = logits
    return out


def nudger(floors: Floors, seed: int) -> Callable:
    """An `on_store` of Capture for part (c)."""

    def on_store(path, before, stored):
        if stored.dtype.itemsize != 2 or before.dtype.itemsize <= 2:
            return stored
        reach = STORE_REACH * floors.floor(path + UNROUNDED)
        up = before.to(torch.float64).abs() >= stored.to(torch.float64).abs()
        bits = stored.contiguous().view(torch.int16)
        neighbour = torch.where(up, bits + 1, torch.where((bits & 0x7FFF) > 0, bits - 1, bits)).view(stored.dtype)
        boundary = (stored.to(torch.float64) + neighbour.to(torch.float64)) / 2
        near = (before.to(torch.float64) - boundary).abs() <= reach
        coin = torch.from_numpy(counter.coin(counter.key(seed, "side:" + path), stored.numel())).reshape(stored.shape)
        return torch.where(near & coin & torch.isfinite(neighbour), neighbour, stored)

    return on_store


def replayer(stored: Dict[str, torch.Tensor]) -> Callable:
    """An `on_store` of Capture that puts the values of another run's tensors into memory."""

    def on_store(path, before, own):
        golden = stored.get(path)
        if golden is None or golden.shape != own.shape or golden.dtype != own.dtype:
            raise IllConditioned(f"{path}: rounding changes what is stored")
        return golden

    return on_store


@dataclass
class Measured:
    run: runner.Run          # the golden's own
    floors: Floors
    replayed: Optional[Floors]  # given the run's memory; where memory is narrower than the run
    run64: Optional[runner.Run]
    floors64: Optional[Floors]
    description: Dict[str, Any]


class Measure:
    """All runs of one case."""

    def __init__(self, case, config, original, given: Dict[str, torch.Tensor], dtype: str, floor_runs: int,
                 with_float64: bool, progress: Callable[[], None]):
        self.case, self.config, self.original = case, config, original
        self.dtype, self.floor_runs, self.progress = dtype, max(2, floor_runs), progress
        self.given = given                                 # as in the checkpoint
        self.own = runner.weights_for(given, dtype)        # as the run has them
        self.with_float64 = with_float64 and dtype != "float64"
        if is_half(DTYPES[dtype]) and not with_float64:
            raise ExportError("the floors of a half-precision golden are distances to its float64 run: do not leave it out")

    @staticmethod
    def count(dtype: str, floor_runs: int, with_float64: bool, narrow_memory: bool) -> int:
        """How often `progress` will be called."""
        float64 = 1 if with_float64 and dtype != "float64" else 0
        perturbed = max(2, floor_runs)
        one = 1 + perturbed + (STORE_RUNS if narrow_memory else 0)
        replayed = float64 + perturbed + FRESH_RUNS if narrow_memory else 0
        return one + FRESH_RUNS + float64 * one + replayed

    def one(self, dtype: str, seed: Optional[int] = None, **hooks) -> runner.Run:
        """A run; with a seed, of weights that are one float32 ulp away: before their cast in a half-precision run."""
        moved = self.own
        if seed is not None:
            before = self.own if is_half(DTYPES[self.dtype]) and dtype == "float64" else self.given
            moved = weights.perturb(runner.weights_for(before, "float32"), seed)
        out = runner.run(self.case, self.config, runner.weights_for(moved, dtype), self.original, dtype, **hooks)
        self.progress()
        return out

    def _stores(self, dtype: str, floors: Floors) -> None:
        known = floors.snapshot()
        for seed in range(1, STORE_RUNS + 1):
            floors.add(comparable(self.one(dtype, on_store=nudger(known, seed))))

    def _replayed(self, run: runner.Run) -> Floors:
        """(a), (b) and the checking runs again, on the memory of `run`."""
        floors, on_store = Floors(comparable(run), DTYPES[self.dtype]), replayer(run.tensors)
        if self.with_float64:
            floors.add(comparable(self.one("float64", on_store=on_store)))
        half = None
        for seed in range(1, self.floor_runs + FRESH_RUNS + 1):
            limit = half if seed > self.floor_runs else None
            floors.add(comparable(self.one(self.dtype, seed, on_store=on_store)), limit=limit)
            if seed == self.floor_runs // 2:
                half = floors.snapshot()
        return floors

    def measure(self) -> Measured:
        run = self.one(self.dtype)
        floors = Floors(comparable(run), DTYPES[self.dtype])
        narrow = has_narrow_memory(run)
        run64 = floors64 = replayed = None
        if self.with_float64:
            run64 = self.one("float64")
            floors.add(comparable(run64))
            floors64 = Floors(comparable(run64), torch.float64)
        half = None
        for seed in range(1, self.floor_runs + 1):
            floors.add(comparable(self.one(self.dtype, seed)))
            if seed == self.floor_runs // 2:
                half = floors.snapshot()
            if floors64 is not None:
                floors64.add(comparable(self.one("float64", seed)))
        if narrow:
            self._stores(self.dtype, floors)
            half = floors.snapshot()  # a value that is stored on the other side moves things by jumps
            if floors64 is not None:
                self._stores("float64", floors64)
        for seed in range(self.floor_runs + 1, self.floor_runs + 1 + FRESH_RUNS):
            floors.add(comparable(self.one(self.dtype, seed)), limit=half)
        half_run = is_half(DTYPES[self.dtype])
        limit = LARGEST_RELATIVE_HALF if half_run else LARGEST_RELATIVE_NARROW if narrow else LARGEST_RELATIVE
        check_conditioning(run, floors, limit)
        if narrow:
            replayed = self._replayed(run)
            check_conditioning(run, replayed, LARGEST_RELATIVE)
        description = {
            "perturbed_runs": self.floor_runs + FRESH_RUNS, "perturbation_seeds": [1, self.floor_runs + FRESH_RUNS],
            "store_runs": STORE_RUNS if narrow else 0, "float64": self.with_float64,
            "replayed_runs": self.floor_runs + FRESH_RUNS + int(self.with_float64) if narrow else 0,
        }
        return Measured(run, floors, replayed, run64, floors64, description)


def has_narrow_memory(run: runner.Run) -> bool:
    """Whether the run stored something in fewer bytes than it computes in."""
    return any(path.endswith(UNROUNDED) for path in run.tensors)


def check_conditioning(run: runner.Run, floors: Floors, limit: float) -> None:
    """Logits may move by `limit` of their scale."""
    for path in floors.base:
        if not path.endswith("/logits"):
            continue
        relative = floors.floor(path) / max(scale_of(path, floors.base[path]), 1e-30)
        if relative > limit:
            raise IllConditioned(f"{path}: rounding moves it by {relative:.2g} of its scale; at most {limit:g} is allowed")
    _check_margins(run, floors)


def _check_margins(run: runner.Run, floors: Floors) -> None:
    """Every token that a generate chose must be far ahead of the second, in rows that were not finished yet."""
    for n, step in enumerate(run.steps):
        tokens = run.tensors.get(f"steps/{n}/tokens")
        for call, logits in enumerate(step.next_logits):
            top = logits.to(torch.float64).topk(2, dim=-1)
            chosen = tokens[:, step.prompt + call] == top.indices[:, 0]
            margin = (top.values[:, 0] - top.values[:, 1])[chosen]
            floor = floors.floor(f".next/{n}/{call}/next_logits")
            if margin.numel() and margin.min().item() < MARGIN_FACTOR * floor:
                raise IllConditioned(f"steps/{n}: new token {call} leads by {margin.min().item():.3g} only; rounding moves logits by {floor:.3g}")


