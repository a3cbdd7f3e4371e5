"""Dumps the stages of a port in Python as a folder of .npy files that `assay compare` reads (docs/golden-format.md).

This file is all that a port needs, and NumPy all that it imports; arrays may be those of NumPy, PyTorch, MLX, JAX, or anything that
numpy.asarray takes.

    from assay_tap import tap                       # off unless the environment has ASSAY_TAP=DIR

    with tap.step(0), tap.window(k), tap.layer(l):  # said once, wherever the stages are computed
        tap("self_attn.q_proj", q)                  # DIR/steps/0/windows/K/layers/L/self_attn.q_proj.npy
    tap.facts(producer="my port 1.0", dtype="float32", case_sha256=digest)

Environment, as for assay_tap.h: ASSAY_TAP names a folder that holds no dump yet, unless ASSAY_TAP_ADD=1; ASSAY_TAP_ONLY is a
list of patterns, of paths where one starts with "steps/", else of names.

A tap never stops a port: what cannot be written gives one line on stderr, the first time, and the result False. Each file appears whole
or not at all. Threads may tap at once; each says its own step, window and layer.
"""

import contextlib
import contextvars
import fnmatch
import itertools
import json
import os
import sys
import threading

import numpy as np

_PLAIN = ("float64", "float32", "float16", "bool")
_counter = itertools.count()


def to_numpy(value):
    """An array of any library as NumPy's. bfloat16, which .npy lacks, becomes float32: exact. TypeError for what no dump holds."""
    if hasattr(value, "detach"):  # PyTorch: on any device, with any strides
        value = value.detach().cpu()
    if "bfloat16" in str(getattr(value, "dtype", "")):
        if hasattr(value, "float"):
            value = value.float()
        else:  # MLX names the type by its module's object, JAX and ml_dtypes by NumPy's
            module = sys.modules.get(type(value).__module__)
            value = value.astype(getattr(module, "float32", np.float32))
    array = np.asarray(value)
    if array.dtype.name in _PLAIN or array.dtype.kind in "iu":
        return array
    raise TypeError(f"the type {array.dtype} is none that a dump holds")


def _bad_name(name):
    if not isinstance(name, str) or not name:
        return "a stage needs a name"
    if "\\" in name or any(ord(c) < 32 for c in name):
        return "a stage's name has a control character or a backslash"
    if any(not part or part.startswith(".") for part in name.split("/")):
        return "a stage's name has an empty part, or a part that starts with a dot"
    return None


class Tap:
    """A dump that is being written. `folder` None: off. `only`: patterns, as text separated by commas."""

    def __init__(self, folder, only=None, add=False):
        self._folder = os.fspath(folder) if folder else None
        self._only = [p for p in (only or "").split(",") if p]
        self._place = contextvars.ContextVar("assay_tap_place", default=())
        self._lock = threading.Lock()
        self._failed = False
        self._refused = []
        self._facts = {}
        if self._folder is not None:
            self._open(add)

    @classmethod
    def from_environment(cls):
        env = os.environ
        return cls(env.get("ASSAY_TAP") or None, env.get("ASSAY_TAP_ONLY"), env.get("ASSAY_TAP_ADD") == "1")

    def _open(self, add):
        try:
            os.makedirs(self._folder, exist_ok=True)
            held = [n for n in ("steps", "dump.json") if os.path.lexists(os.path.join(self._folder, n))]
            why = f"holds {held[0]} already: remove it, or name another folder (ASSAY_TAP_ADD=1 adds to it)" if held and not add else None
        except OSError as error:
            why = error.strerror
        if why:
            print(f"assay_tap: {self._folder}: {why}; nothing is dumped", file=sys.stderr)
            self._folder = None

    @property
    def on(self):
        """Whether anything is dumped: for what is made for a dump alone."""
        return self._folder is not None

    @contextlib.contextmanager
    def _within(self, level, part):
        if self._folder is None:
            yield self
            return
        kept = tuple(p for p in self._place.get() if p[0] < level)
        token = self._place.set(kept + ((level, part),))
        try:
            yield self
        finally:
            self._place.reset(token)

    def step(self, n):
        """with tap.step(n): stages belong to this step; likewise window, layer, and past (a layer's part of the step's past)."""
        return self._within(0, f"steps/{int(n)}/")

    def window(self, n):
        return self._within(1, f"windows/{int(n)}/")

    def layer(self, n):
        return self._within(2, f"layers/{int(n)}/")

    def past(self, layer):
        return self._within(1, f"past/{int(layer)}/")

    def __call__(self, name, value):
        """Dumps one stage under its name of docs/golden-format.md. True when it was written, filtered, or the tap is off."""
        if self._folder is None:
            return True
        why = _bad_name(name)
        if why:
            return self._fail(str(name), why)
        path = "".join(part for _, part in self._place.get()) + name
        if self._only and not any(fnmatch.fnmatchcase(path if p.startswith("steps/") else name, p) for p in self._only):
            return True
        target = os.path.join(self._folder, path + ".npy")
        if os.path.lexists(target):
            return self._fail(target, "is there already: was the step, window or layer not said?")
        try:
            array = to_numpy(value)
        except Exception as error:  # whatever an array library raises must not stop the port
            return self._fail(target, f"{type(error).__name__}: {error}")
        return self._write(target, lambda file: np.save(file, array, allow_pickle=False))

    def facts(self, producer=None, dtype=None, case_sha256=None, config_sha256=None, weights_xxh128=None, unsupported=None):
        """Writes dump.json: where the tensors come from, or why the port cannot run the case (docs/port.md). Later calls add to it."""
        said = dict(producer=producer, dtype=dtype, case_sha256=case_sha256, config_sha256=config_sha256)
        said.update(weights_xxh128=weights_xxh128, unsupported=unsupported)
        self._facts.update({key: text for key, text in said.items() if text is not None})
        return self._say()

    def refused(self, step, rules=None, message=None):
        """Notes in dump.json that a step was refused (docs/case-format.md, expect_error), and why."""
        said = {"step": int(step), "rules": rules, "message": message}
        self._refused.append({key: text for key, text in said.items() if text is not None})
        return self._say()

    def _say(self):
        if self._folder is None:
            return True
        said = {"format": "assay-dump/1", **self._facts}
        if self._refused:
            said["refused"] = self._refused
        text = json.dumps(said, indent=1).encode() + b"\n"
        return self._write(os.path.join(self._folder, "dump.json"), lambda file: file.write(text))

    def _write(self, target, write):
        folder = os.path.dirname(target)
        temporary = os.path.join(folder, f".assay_tap.{os.getpid()}.{next(_counter)}")
        try:
            os.makedirs(folder, exist_ok=True)
            with open(temporary, "xb") as file:
                write(file)
            os.replace(temporary, target)
            return True
        except Exception as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            return self._fail(target, getattr(error, "strerror", None) or f"{type(error).__name__}: {error}")

    def _fail(self, what, why):
        with self._lock:
            first, self._failed = not self._failed, True
        if first:
            print(f"assay_tap: {what!r}: {why}; the port goes on, its dump is not whole", file=sys.stderr)
        return False


tap = Tap.from_environment()
