"""The example of a port, in C with memory (examples/port), on the cases of the conformance suite."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Optional

from .assay import Assay

DECLINED = 2  # its exit code for a case that it does not do


def score(assay: Assay, binary: Path, folder: Path) -> Optional[dict]:
    """The scorecard; None where the program was not built."""
    if not binary.is_file():
        return None
    suite, dumps = folder / "suite", folder / "dumps"
    for old in (suite, dumps):
        shutil.rmtree(old, ignore_errors=True)
    dumps.mkdir(parents=True)
    assay.export_suite(suite)
    for case in sorted((suite / "cases").iterdir()):
        environment = {**os.environ, "ASSAY_TAP": str(dumps / case.name)}
        done = subprocess.run([str(binary), str(case)], capture_output=True, text=True, env=environment)
        if done.returncode not in (0, DECLINED):
            raise RuntimeError(f"{binary} {case}: exit code {done.returncode}: {done.stderr.strip()}")
    return assay.score("example-port", dumps, suite)
