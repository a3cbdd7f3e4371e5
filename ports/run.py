"""Runs all ports and writes docs/ports.md and a JSON file for each: python -m ports.run --original CHECKOUT."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import List

import torch
from assay_export.errors import ExportError

from . import example_port, hf_llama, issue_8, llama_cpp, original_half, report
from .assay import Assay, AssayError, Judged
from .goldens import Goldens
from .trained import Trained

SHIPPED = Path("golden/data")


def _say(rows: List[Judged]) -> List[Judged]:
    for r in rows:
        print(f"{r.port:<20} {r.case:<24} {r.verdict:<5} {r.compared - r.failed}/{r.compared} worst {report.number(r.worst)}"
              f"{f' ({r.seconds:.1f} s)' if r.seconds else ''}  {r.diagnosis or '-'}  | {r.blame or '-'}", flush=True)
    return rows


def run(arguments: argparse.Namespace) -> None:
    out = Path(arguments.out)
    assay, goldens = Assay(Path(arguments.assay), out / "json"), Goldens(Path(arguments.original), out)
    model = Trained(Path(arguments.original), out / "smollm2")
    rows: List[Judged] = []
    try:
        model.prepare()
        model.start_golden()  # beside the others
        rows += _say(hf_llama.judge(assay, goldens))
        rows += _say(llama_cpp.judge(assay, goldens))
        rows += _say(original_half.judge(assay, goldens, SHIPPED))
        rows += _say(issue_8.judge(assay, goldens, SHIPPED))
        score = example_port.score(assay, Path(arguments.example), out / "example")
        rows += _say(model.judge(assay, arguments.update))
    finally:
        model.stop()
    for r in rows:
        (out / f"{r.port}-{r.case.replace(', ', '-').replace(' ', '-')}.json").write_text(r.json(), encoding="utf-8")
    Path(arguments.report).write_text(report.markdown(rows, score), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="ports", description="Runs real ports and writes what Assay says of them.")
    parser.add_argument("--original", required=True, help="a checkout of CStanKonrad/long_llama")
    parser.add_argument("--assay", default="build/assay")
    parser.add_argument("--example", default="build/longllama_port", help="the example port's program")
    parser.add_argument("--out", default="build/ports")
    parser.add_argument("--report", default="docs/ports.md")
    parser.add_argument("--update", action="store_true", help="write ports/smollm2.json anew")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    start = time.monotonic()
    try:
        run(arguments)
    except (AssayError, ExportError, OSError, ValueError, RuntimeError, json.JSONDecodeError) as e:
        print(f"ports: {e}", file=sys.stderr)
        return 2
    print(f"{arguments.report} written, {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
