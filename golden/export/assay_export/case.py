"""The case file "assay-case/1" (docs/case-format.md): a strict parser."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from .errors import ExportError

OPS = ("forward", "reorder", "generate", "classify")
DTYPES = ("float32", "float64", "bfloat16", "float16")
CASE_KEYS = {"format", "name", "rules", "model", "weights", "dtype", "steps"}
CALL_KEYS = {
    "op", "expect_error", "input_ids", "attention_mask", "position_ids", "inputs_embeds", "labels", "use_cache",
    "last_context_length", "past",
}
STEP_KEYS = {
    "forward": CALL_KEYS,
    "classify": CALL_KEYS,
    "reorder": {"op", "expect_error", "beam_idx"},
    "generate": {
        "op", "expect_error", "input_ids", "attention_mask", "last_context_length", "past", "max_new_tokens",
        "eos_token_id",
    },
}
RULE = re.compile(r"[A-Z]+-[0-9]+\Z")
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1


class CaseError(ExportError):
    """The case file is not strict assay-case/1."""


@dataclass
class Step:
    """One step. Tensors are nested lists, None where absent; their rank and shape are checked, their fit to the model is not."""

    op: str
    expect_error: Optional[str] = None
    input_ids: Optional[list] = None
    inputs_embeds: Optional[list] = None
    attention_mask: Optional[list] = None
    position_ids: Optional[list] = None
    labels: Optional[list] = None
    beam_idx: Optional[list] = None
    use_cache: Optional[bool] = None
    last_context_length: Optional[int] = None
    keep_past: bool = False
    max_new_tokens: Optional[int] = None
    eos_token_id: Optional[int] = None


@dataclass
class Case:
    text: bytes
    steps: List[Step]
    name: str = ""
    rules: List[str] = field(default_factory=list)
    model: Optional[Dict[str, Any]] = None
    seed: Optional[int] = None
    gain: float = 1.0
    dtype: str = "float32"


def _no_duplicates(pairs):
    out = {}
    for name, value in pairs:
        if name in out:
            raise CaseError(f"the key {name!r} occurs twice in one object")
        out[name] = value
    return out


def _no_constant(text):
    raise CaseError(f"{text} is not JSON")


def is_integer(value) -> bool:
    """A whole number, however it is written (1, 1.0, 1e0); a float only where it is exact."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) <= 2.0**53
    return isinstance(value, int) and not isinstance(value, bool) and INT64_MIN <= value <= INT64_MAX


def is_number(value) -> bool:
    """A finite number (1e999 is none)."""
    return is_integer(value) or (isinstance(value, float) and abs(value) != float("inf"))


def as_integers(value):
    """Nested lists of whole numbers, as int."""
    return [as_integers(part) for part in value] if isinstance(value, list) else int(value)


def shape_of(value, where: str) -> list:
    """The shape of nested lists; raises when they are ragged. A rank above 4 is nobody's tensor."""
    if not isinstance(value, list):
        return []
    if not value:
        return [0]
    shapes = [shape_of(part, where) for part in value]
    if any(s != shapes[0] for s in shapes):
        raise CaseError(f"{where} is ragged")
    return [len(value)] + shapes[0]


def flatten(value) -> list:
    if not isinstance(value, list):
        return [value]
    return [x for part in value for x in flatten(part)]


def _tensor(obj, name, ranks, test, kind, where):
    """The nested list under `name`, or None."""
    if name not in obj:
        return None
    value, at = obj[name], f"{where}.{name}"
    rank = len(shape_of(value, at))
    if rank not in ranks:
        raise CaseError(f"{at} has rank {rank}; expected {' or '.join(map(str, ranks))}")
    for x in flatten(value):
        if not test(x):
            raise CaseError(f"{at} holds {json.dumps(x)}; expected {kind}")
    return as_integers(value) if test is is_integer else value


def _integer(obj, name, where, low=INT64_MIN):
    if name not in obj:
        return None
    value = obj[name]
    if not is_integer(value) or value < low:
        raise CaseError(f"{where}.{name} is {json.dumps(value)}; expected an integer" + (f" of {low} or more" if low == 1 else ""))
    return int(value)


def _known_keys(obj, keys, where):
    if not isinstance(obj, dict):
        raise CaseError(f"{where} is not an object")
    for name in obj:
        if name not in keys:
            raise CaseError(f"unknown key {name!r} in {where}")


def _string(obj, name, where, default=None):
    value = obj.get(name, default)
    if name in obj and not isinstance(value, str):
        raise CaseError(f"{where}.{name} is {json.dumps(value)}; expected a string")
    return value


def _rule(value, where):
    if not isinstance(value, str) or not RULE.match(value) or len(value) > 23:
        raise CaseError(f"{where} is {json.dumps(value)}; expected a rule id such as \"CACHE-1\"")
    return value


def _parse_call(step: Step, obj, where):
    ints = (is_integer, "integers")
    nums = (is_number, "finite numbers")
    step.input_ids = _tensor(obj, "input_ids", (2,), *ints, where)
    step.attention_mask = _tensor(obj, "attention_mask", (2,), *nums, where)
    step.last_context_length = _integer(obj, "last_context_length", where)
    past = _string(obj, "past", where, "none")
    if past not in ("none", "keep"):
        raise CaseError(f"{where}.past is {past!r}; expected \"none\" or \"keep\"")
    step.keep_past = past == "keep"
    if step.op == "generate":
        step.max_new_tokens = _integer(obj, "max_new_tokens", where, 1)
        step.eos_token_id = _integer(obj, "eos_token_id", where)
        if step.input_ids is None or step.max_new_tokens is None:
            raise CaseError(f"{where}: generate needs input_ids and max_new_tokens")
        return
    step.position_ids = _tensor(obj, "position_ids", (2,), *ints, where)
    step.inputs_embeds = _tensor(obj, "inputs_embeds", (3,), *nums, where)
    step.labels = _tensor(obj, "labels", (2,) if step.op == "forward" else (1, 2), *(ints if step.op == "forward" else nums), where)
    if "use_cache" in obj and not isinstance(obj["use_cache"], bool):
        raise CaseError(f"{where}.use_cache is {json.dumps(obj['use_cache'])}; expected true or false")
    step.use_cache = obj.get("use_cache")


def _parse_step(obj, where) -> Step:
    if not isinstance(obj, dict):
        raise CaseError(f"{where} is not an object")
    op = obj.get("op")
    if op not in OPS:
        raise CaseError(f"{where}.op is {json.dumps(op)}; expected one of {', '.join(OPS)}")
    _known_keys(obj, STEP_KEYS[op], where)
    step = Step(op=op)
    if "expect_error" in obj:
        step.expect_error = _rule(obj["expect_error"], f"{where}.expect_error")
    if op == "reorder":
        step.beam_idx = _tensor(obj, "beam_idx", (1,), is_integer, "integers", where)
        if step.beam_idx is None:
            raise CaseError(f"{where}: reorder needs beam_idx")
    else:
        _parse_call(step, obj, where)
    return step


def _parse_weights(case: Case, obj):
    _known_keys(obj, {"seed", "gain"}, "weights")
    seed, gain = obj.get("seed"), obj.get("gain", 1.0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 64:
        raise CaseError("weights.seed must be an integer from 0 to 2^64 - 1")
    if not is_number(gain):
        raise CaseError("weights.gain must be a finite number")
    case.seed, case.gain = seed, float(gain)


def _parse_root(root, text: bytes) -> Case:
    _known_keys(root, CASE_KEYS, "the case")
    if root.get("format") != "assay-case/1":
        raise CaseError(f"format is {json.dumps(root.get('format'))}; expected \"assay-case/1\"")
    if not isinstance(root.get("steps"), list) or not root["steps"]:
        raise CaseError("steps must be a list of at least one step")
    case = Case(text=text, steps=[_parse_step(s, f"steps[{i}]") for i, s in enumerate(root["steps"])])
    case.name = _string(root, "name", "the case", "")
    rules = root.get("rules", [])
    if not isinstance(rules, list):
        raise CaseError("rules must be a list")
    case.rules = [_rule(r, f"rules[{i}]") for i, r in enumerate(rules)]
    case.dtype = _string(root, "dtype", "the case", "float32")
    if case.dtype not in DTYPES:
        raise CaseError(f"dtype is {case.dtype!r}; expected one of {', '.join(DTYPES)}")
    if "model" in root:
        if not isinstance(root["model"], dict):
            raise CaseError("model is not an object")
        case.model = root["model"]
    if "weights" in root:
        _parse_weights(case, root["weights"])
    return case


def parse(text: bytes, where: str = "case") -> Case:
    """Parses the bytes of a case file; CaseError for anything that is not strict."""
    try:
        decoded = text.decode("utf-8")
        root = json.loads(decoded, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        return _parse_root(root, text)
    except CaseError as e:
        raise CaseError(f"{where}: {e}") from None
    except (UnicodeDecodeError, ValueError, RecursionError) as e:
        raise CaseError(f"{where}: not JSON: {e}") from None


def read(path) -> Case:
    try:
        text = Path(path).read_bytes()
    except OSError as e:
        raise CaseError(f"{path}: {e.strerror}") from None
    return parse(text, str(path))
