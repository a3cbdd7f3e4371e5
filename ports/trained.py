"""The trained model on a prompt that is longer than W + C: a golden by digest, the engine, the classic mistake, and what it says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

import h5py

from . import smollm2
from .assay import Assay, Judged
from .digests import check, sha256

HERE = Path(__file__).parent
FACTS = HERE / "smollm2.json"
NEW_TOKENS = 40
FLOOR_RUNS = 6


def _case(name: str, step: Dict[str, Any]) -> str:
    return json.dumps({"format": "assay-case/1", "name": name, "steps": [step]}) + "\n"


class Trained:
    """Files below `folder`: model/, case.json, generate.json, golden.h5, original.h5 (its completion), issue-8.h5."""

    def __init__(self, original: Path, folder: Path):
        self.original, self.folder, self.model = original, folder, folder / "model"
        self.golden, self.case, self.completion = folder / "golden.h5", folder / "case.json", folder / "generate.json"
        self._made: Optional[subprocess.Popen] = None

    def prepare(self) -> None:
        """Model and cases."""
        gguf = smollm2.package_file()
        self.folder.mkdir(parents=True, exist_ok=True)
        smollm2.convert(gguf, self.model)
        self.tokens = smollm2.tokenizer(gguf)
        self.ids = smollm2.ids_of(self.tokens, (HERE / "prompt.txt").read_text(encoding="utf-8").rstrip("\n"))
        self.case.write_text(_case("smollm2", {"op": "forward", "input_ids": [self.ids]}))
        self.completion.write_text(_case("smollm2-completion", {"op": "generate", "input_ids": [self.ids], "max_new_tokens": NEW_TOKENS}))

    def _export(self, command: str, case: Path, out: Path, *more: str) -> List[str]:
        return [sys.executable, "-m", "assay_export", command, "--original", str(self.original), "--model", str(self.model), "--case",
                str(case), "--out", str(out), *more]

    def start_golden(self) -> None:
        """Minutes of work, in a process of its own; nothing to do where the file is the one that was committed."""
        if FACTS.is_file() and self.golden.is_file() and sha256(self.golden) == json.loads(FACTS.read_text())["golden_sha256"]:
            return
        self._made = subprocess.Popen(self._export("run", self.case, self.golden, "--capture", "subset", "--no-float64", "--floor-runs", str(FLOOR_RUNS)))

    def wait(self) -> None:
        if self._made is not None and self._made.wait() != 0:
            raise RuntimeError("assay-export failed on the trained model")

    def stop(self) -> None:
        if self._made is not None and self._made.poll() is None:
            self._made.terminate()
            self._made.wait()

    def facts(self) -> Dict[str, str]:
        with h5py.File(self.golden) as file:
            texts = {name: str(file.attrs[name]) for name in ("weights_xxh128", "case_sha256")}
        return {"gguf_sha256": sha256(smollm2.package_file()), **texts, "golden_sha256": sha256(self.golden)}

    def completions(self, assay: Assay) -> Dict[str, Any]:
        """The original's text, and whether the engine writes the same tokens."""
        theirs, ours = self.folder / "original.h5", self.folder / "engine.h5"
        subprocess.run(self._export("dump", self.completion, theirs, "--capture", "outputs"), check=True)
        assay.run_case(self.model, self.completion, ours)
        tokens = []
        for path in (theirs, ours):
            with h5py.File(path) as file:
                tokens.append([int(t) for t in file["steps/0/tokens"][0]])
        return {"prompt_tokens": len(self.ids), "new_tokens": NEW_TOKENS, "engine_same_tokens": tokens[0] == tokens[1],
                "text": smollm2.text_of(self.tokens, tokens[0][len(self.ids):])}

    def judge(self, assay: Assay, update: bool) -> List[Judged]:
        """The engine by verify, the classic mistake by compare; the first row holds digests and completion."""
        self.wait()
        facts = self.facts()
        engine = assay.verify("engine", "smollm2", self.golden, self.model)
        engine.more.update(facts=facts, golden_note=check(FACTS, facts, update), **self.completions(assay))
        wrong = self.folder / "issue-8.h5"
        subprocess.run(self._export("dump", self.case, wrong, "--capture", "outputs", "--variant", "issue8"), check=True)
        return [engine, assay.compare("issue-8", "smollm2", self.golden, wrong)]
