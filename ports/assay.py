"""Runs the program and reads what it says."""

import json
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional


class AssayError(Exception):
    """The program refused its input."""


@dataclass
class Judged:
    """What Assay says of one dump."""

    port: str
    case: str
    verdict: str                       # of compare or verify
    compared: int = 0                  # stages
    failed: int = 0
    worst: float = 0.0                 # deviation in tolerances
    worst_path: str = ""
    worst_passing: float = 0.0         # of the stages that pass
    first: str = ""                    # first divergence: its path
    failing: List[str] = field(default_factory=list)  # names of the stages that fail
    diagnosis: str = ""
    blame: str = ""
    seconds: float = 0.0               # of the case, where Assay measured it
    more: Dict[str, Any] = field(default_factory=dict)

    def json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


def _ratio(entry: Dict[str, Any]) -> float:
    tolerance = entry.get("tolerance", {})
    if "ratio" in tolerance:
        return float(tolerance["ratio"])  # "Infinity" is a text
    return float("inf") if entry["verdict"] == "fail" else 0.0


def judged_of(port: str, case: Dict[str, Any]) -> Judged:
    """From a case of assay-result/1."""
    entries = case["entries"]
    compared = [e for e in entries if e["verdict"] in ("pass", "fail")]
    out = Judged(port, case["name"], case["verdict"], len(compared), sum(e["verdict"] == "fail" for e in compared))
    if compared:
        worst = max(compared, key=_ratio)
        out.worst, out.worst_path = _ratio(worst), worst["path"]
    out.worst_passing = max((_ratio(e) for e in compared if e["verdict"] == "pass"), default=0.0)
    out.failing = sorted({e["stage"] for e in compared if e["verdict"] == "fail"})
    if case["first_divergence"] >= 0:
        out.first = entries[case["first_divergence"]]["path"]
    for e in compared:
        if e["stage"] == "logits" and "logits" in e.get("metrics", {}):
            out.more.update(logits=e["metrics"]["logits"], logits_max_abs=float(e["metrics"]["max_abs"]))
    out.seconds = case.get("seconds", 0.0)
    return out


def diagnosis_line(result: Dict[str, Any]) -> str:
    """A verdict, and the mistakes of the first place where they explain something."""
    verdict, ranking = result["verdict"], result.get("ranking", [])
    if verdict not in ("explained", "partly explained") or not ranking:
        return verdict
    best = [ranking[0]] + [r for r in ranking[1:] if r.get("same_as_best")]
    names = [" + ".join(f"{m['name']} ({m['rule']})" for m in r["mistakes"]) for r in best]
    return f"{verdict}: {', or '.join(names[:3])}" + (f", and {len(names) - 3} more that compute the same" if len(names) > 3 else "")


def blame_line(result: Dict[str, Any]) -> str:
    """The operations at fault, and how far each is off by itself."""
    at_fault = [o for o in result["operations"] if o["faults"]]
    suspect = [o for o in result["operations"] if o["suspects"] and not o["faults"]]
    parts = [f"{o['operation']} ({o['faults']} of {o['judged']} stages, own error {float(o['worst']):.2g} tolerances)" for o in at_fault]
    if not at_fault and suspect:
        parts = ["suspects " + ", ".join(o["operation"] for o in suspect)]
    return "; ".join(parts) or "none"


class Assay:
    def __init__(self, program: Path, folder: Path, threads: Optional[int] = 1):
        self.program, self.folder, self.threads = program, folder, threads
        folder.mkdir(parents=True, exist_ok=True)

    def _run(self, arguments: List[str]) -> str:
        done = subprocess.run([str(self.program), *arguments], capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise AssayError(f"assay {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _json(self, name: str, arguments: List[str]) -> Dict[str, Any]:
        out = self.folder / f"{name}.json"
        self._run([*arguments, "--json", str(out)])
        return json.loads(out.read_text())

    def _threads(self) -> List[str]:
        return [] if self.threads is None else ["--threads", str(self.threads)]

    def compare(self, port: str, case: str, golden: Path, dump: Path, mapping: Optional[Path] = None, policy: Optional[Path] = None) -> Judged:
        mapped = ["--map", str(mapping)] if mapping else []
        result = self._json(f"{port}-{case}-compare", ["compare", str(golden), str(dump), *mapped, *(["--policy", str(policy)] if policy else [])])
        judged = judged_of(port, result["cases"][0])
        judged.case = case
        return judged

    def explain(self, judged: Judged, golden: Path, dump: Path, mapping: Optional[Path] = None, pairs: bool = False) -> Judged:
        """Adds what diagnose and blame say. Pairs of mistakes only where that is quick: how many are tried depends on the clock."""
        files = [str(golden), str(dump), *(["--map", str(mapping)] if mapping else []), *self._threads()]
        name = f"{judged.port}-{judged.case}"
        judged.diagnosis = diagnosis_line(self._json(name + "-diagnose", ["diagnose", *files, "--seconds", "60" if pairs else "0"]))
        judged.blame = blame_line(self._json(name + "-blame", ["blame", *files]))
        return judged

    def judge(self, port: str, case: str, golden: Path, dump: Path, mapping: Optional[Path] = None, pairs: bool = False) -> Judged:
        return self.explain(self.compare(port, case, golden, dump, mapping), golden, dump, mapping, pairs)

    def verify(self, port: str, case: str, golden: Path, model: Path) -> Judged:
        judged = judged_of(port, self._json(f"{port}-{case}-verify", ["verify", str(golden), "--model", str(model)])["cases"][0])
        judged.case = case
        return judged

    def run_case(self, model: Path, case: Path, out: Path) -> None:
        self._run(["run", str(model), "--case", str(case), "--out", str(out)])

    def export_suite(self, folder: Path) -> None:
        self._run(["conformance", "export", str(folder), "--npy", "--safetensors"])

    def score(self, name: str, dumps: Path, suite: Path) -> Dict[str, Any]:
        return self._json(name, ["conformance", "score", str(dumps), str(suite)])
