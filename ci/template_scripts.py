"""Writes the shell scripts of CI templates as files of their own. Usage: python template_scripts.py DIR FILE...

Every option that a script gives ci/check-port must be one that it has. A Jenkinsfile has no linter without a Jenkins: its quotes and brackets are
looked at, and what stands in sh '...'. Exits 1 and says what is wrong, one line each.
"""

import re
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

PLAIN = re.compile(r"\$\{\{.*?\}\}")  # an expression of GitHub, which is text to the shell


def github(document):
    runs = document.get("runs", {}).get("steps", [])
    for steps in [runs] + [job["steps"] for job in document.get("jobs", {}).values()]:
        for step in steps:
            if "run" in step:
                yield PLAIN.sub("x", step["run"])


def gitlab(document):
    for name, job in document.items():
        if isinstance(job, dict):
            lines = list(job.get("before_script", [])) + list(job.get("script", []))
            if lines:
                yield "\n".join(lines) + "\n"


def jenkins(text):
    """The texts of sh '...', unescaped; ValueError where quotes or brackets do not match."""
    scripts, stack, at = [], [], 0
    tokens = re.compile(r"//[^\n]*|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|['\"]|[(){}\[\]]", re.S)
    for match in tokens.finditer(text):
        token, line = match.group(), text.count("\n", 0, match.start()) + 1
        if token in ("'", '"'):
            raise ValueError(f"line {line}: a text does not end")
        if token in ("(", "[", "{"):
            stack.append((token, line))
        elif token in (")", "]", "}"):
            if not stack or stack.pop()[0] + token not in ("()", "[]", "{}"):
                raise ValueError(f"line {line}: '{token}' closes nothing")
        elif token[0] == "'" and re.search(r"\bsh\s+$", text[at : match.start()]):
            scripts.append(re.sub(r"\\(.)", r"\1", token[1:-1]) + "\n")
        at = match.end()
    if stack:
        raise ValueError(f"line {stack[-1][1]}: '{stack[-1][0]}' is not closed")
    return scripts


def scripts_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".yml":
        return jenkins(text)
    document = YAML(typ="safe").load(text)
    return list(gitlab(document) if "gitlab" in path.name else github(document))


def main(folder, paths):
    known = set(re.findall(r"--[a-z-]+", subprocess.run(["ci/check-port", "--help"], check=True, capture_output=True, text=True).stdout))
    failed = False
    for path in map(Path, paths):
        try:
            scripts = scripts_of(path)
        except ValueError as why:
            print(f"{path}: {why}")
            failed = True
            continue
        if not any("check-port" in script for script in scripts) and path.name != "github.yml":
            print(f"{path}: does not run ci/check-port")
            failed = True
        for number, script in enumerate(scripts):
            Path(folder, f"{path.name.replace('.', '_')}-{number}.sh").write_text(script, encoding="utf-8")
            for call in re.findall(r"check-port\"?((?:[^\n]|\\\n)*)", script):
                for option in re.findall(r"(?<= )--[a-z-]+", re.sub(r"'[^']*'|\"[^\"]*\"", "x", call)):
                    if option not in known:
                        print(f"{path}: ci/check-port has no option {option}")
                        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
