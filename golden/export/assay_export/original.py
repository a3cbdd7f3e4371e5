"""Loads the original model's code from a checkout, unchanged, and builds models from it."""

import hashlib
import importlib
import subprocess
import sys
import types
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict

import torch

# transformers 4.33 uses names that newer versions of torch and huggingface_hub have moved.
warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers|huggingface_hub")

import transformers  # noqa: E402

from . import config as configs
from .errors import ExportError

FILES = ("configuration_longllama.py", "longllama_utils.py", "modeling_longllama.py")
# SHA-256 of the three files' SHA-256 (hexadecimal, in this order) -> the commit they are of.
KNOWN_COMMITS = {
    "a10bbe6852650c6e4a8bd62088b3b913553d444af1cb99b67c70f847e81ffe8e": "bfcb8d1dc6e2c0b744c3f8d42b9194cca99c4b55",
}
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Original:
    """The original's modules, imported under a private package name."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.package = f"_assay_original_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"
        if self.package not in sys.modules:
            package = types.ModuleType(self.package)
            package.__path__ = [str(folder)]
            sys.modules[self.package] = package
        transformers.logging.set_verbosity_error()
        try:
            self.modeling = importlib.import_module(self.package + ".modeling_longllama")
            self.utils = importlib.import_module(self.package + ".longllama_utils")
            self.configuration = importlib.import_module(self.package + ".configuration_longllama")
        except Exception as e:
            raise ExportError(f"{folder}: the original's code cannot be imported: {type(e).__name__}: {e}") from None

    def build(self, model: Dict[str, Any], dtype: str):
        """A model of the configuration `model`, with its own random weights, in evaluation mode. Raises what the
        original raises. As from_pretrained does, the default dtype is that of the run while it is built (PREC-2)."""
        with default_dtype(DTYPES[dtype]):
            config = self.configuration.LongLlamaConfig.from_dict(dict(model))
            name = "LongLlamaForSequenceClassification" if configs.is_classification(model) else "LongLlamaForCausalLM"
            return getattr(self.modeling, name)(config).eval()

    def provenance(self) -> Dict[str, Any]:
        hashes = {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in FILES}
        joined = hashlib.sha256("".join(hashes[name] for name in FILES).encode()).hexdigest()
        return {"commit": KNOWN_COMMITS.get(joined) or _git_commit(self.folder), "sha256": hashes}


def _git_commit(folder: Path):
    try:
        done = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def load(path) -> Original:
    """`path` is a checkout of the original, its src/, or a Hugging Face folder that contains the code."""
    path = Path(path)
    for folder in (path / "src", path):
        if all((folder / name).is_file() for name in FILES):
            return Original(folder)
    raise ExportError(f"{path}: no {FILES[2]} with its companions here or in src/; give a checkout of CStanKonrad/long_llama")


@contextmanager
def default_dtype(dtype: torch.dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def load_weights(model, weights: Dict[str, torch.Tensor]) -> None:
    """Copies the weights into the model. Every parameter must get one, a tied head excepted."""
    parameters = dict(model.named_parameters())
    if set(parameters) != set(weights):
        raise ExportError(f"weights do not fit the model: {sorted(set(parameters) ^ set(weights))}")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])
