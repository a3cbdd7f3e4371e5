"""Goldens and dumps of the original, by assay-export."""

from pathlib import Path
from typing import Dict, List

import numpy as np
from assay_export import cli, weights

from .cases import GAIN, SEED, PortCase


class Goldens:
    """Makes files below `folder`, with the original's code at `original`."""

    def __init__(self, original: Path, folder: Path):
        self.original, self.folder = original, folder
        self._made: Dict[str, Path] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def export(self, *arguments: object) -> None:
        command, *rest = [str(a) for a in arguments]
        if cli.main([command, "--original", str(self.original), *rest]) != 0:
            raise RuntimeError(f"assay-export {command} {' '.join(rest)} failed")

    def of(self, case: PortCase) -> Path:
        """The golden of a case, made once."""
        if case.name not in self._made:
            out = self.folder / f"{case.name}.h5"
            self.export("run", "--case", case.write(self.folder / "cases"), "--out", out, "--capture", case.capture)
            self._made[case.name] = out
        return self._made[case.name]

    def dump(self, name: str, case: Path, *more: str) -> Path:
        """A run of the original as a port would write it."""
        out = self.folder / f"{name}.h5"
        self.export("dump", "--case", case, "--out", out, *more)
        return out

    @staticmethod
    def weights(case: PortCase) -> Dict[str, np.ndarray]:
        return weights.recipe(case.model, SEED, GAIN)


def with_memory(goldens: Goldens, shipped: Path) -> List[tuple]:
    """(name, case file, golden) of cases whose windows use the memory: one that is shipped, one of our own."""
    from .cases import with_memory as own

    case = own()
    return [("windows-3-all", shipped / "cases" / "windows-3-all.json", shipped / "windows-3-all.h5"),
            (case.name, case.write(goldens.folder / "cases"), goldens.of(case))]
