"""What is committed of a golden that is not shipped."""

import hashlib
import json
from pathlib import Path
from typing import Dict


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(committed: Path, facts: Dict[str, str], update: bool) -> str:
    """Holds facts against the committed ones. Weights and cases are the same everywhere, and a difference is an error; the
    golden's bytes depend on the machine's arithmetic, and a difference is said. With `update` the file is written instead."""
    if update or not committed.is_file():
        committed.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    known = json.loads(committed.read_text(encoding="utf-8"))
    for name, value in facts.items():
        if name != "golden_sha256" and known.get(name) != value:
            raise ValueError(f"{committed}: {name} is {known.get(name)}, but this run has {value}; run with --update where that is meant")
    same = known["golden_sha256"] == facts["golden_sha256"]
    return "the committed one" if same else "not the committed one: another processor or library adds in another order"
