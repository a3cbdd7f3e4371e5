"""Reads the nodes of llama.cpp's graph as they are computed (its eval callback), by ctypes."""

import ctypes
from pathlib import Path
from typing import Callable, Dict, Optional

import llama_cpp
import numpy as np
from llama_cpp import llama_cpp as low

_DTYPES = {0: np.float32, 1: np.float16, 26: np.int32, 27: np.int64, 28: np.float64}  # enum ggml_type


class _Head(ctypes.Structure):
    """The first members of struct ggml_tensor; the others are read by functions."""

    _fields_ = [("type", ctypes.c_int), ("buffer", ctypes.c_void_p), ("ne", ctypes.c_int64 * 4), ("nb", ctypes.c_size_t * 4)]


def _library() -> ctypes.CDLL:
    folder = Path(llama_cpp.__file__).parent / "lib"
    lib = ctypes.CDLL(str(next(folder.glob("libggml-base.*"))))
    for name, result in (("ggml_get_name", ctypes.c_char_p), ("ggml_get_data", ctypes.c_void_p), ("ggml_nelements", ctypes.c_int64),
                         ("ggml_nbytes", ctypes.c_size_t)):
        function = getattr(lib, name)
        function.argtypes, function.restype = [ctypes.c_void_p], result
    return lib


class Nodes:
    """`callback` goes into llama_context_params.cb_eval and must outlive the context. `tensors` then holds each node under
    llama.cpp's own name and with its own shape, slowest axis first; a name that occurs again gets .1, .2 and so on."""

    def __init__(self, wanted: Callable[[str], bool] = lambda name: True):
        self.tensors: Dict[str, np.ndarray] = {}
        self._lib, self._wanted = _library(), wanted
        self.error: Optional[Exception] = None
        self.callback = low.ggml_backend_sched_eval_callback(self._on_node)

    def _on_node(self, tensor, ask, user_data) -> bool:
        if ask:
            return True
        try:
            self._keep(tensor)
        except Exception as e:  # must not pass through C
            self.error = self.error or e
        return True

    def _keep(self, tensor) -> None:
        name = self._lib.ggml_get_name(tensor).decode()
        if not self._wanted(name):
            return
        array = self._read(tensor)
        if array is None:
            return
        count = 0
        while (key := name if count == 0 else f"{name}.{count}") in self.tensors:
            count += 1
        self.tensors[key] = array

    def _read(self, tensor) -> Optional[np.ndarray]:
        head = ctypes.cast(tensor, ctypes.POINTER(_Head)).contents
        dtype = _DTYPES.get(head.type)
        shape, strides = tuple(head.ne)[::-1], tuple(head.nb)[::-1]
        if int(np.prod(shape)) != self._lib.ggml_nelements(tensor):
            raise RuntimeError("struct ggml_tensor is not laid out as expected; pin llama-cpp-python as requirements.txt does")
        if dtype is None:
            return None
        raw = (ctypes.c_char * self._lib.ggml_nbytes(tensor)).from_address(self._lib.ggml_get_data(tensor))
        view = np.lib.stride_tricks.as_strided(np.frombuffer(raw, dtype=np.uint8)[: np.dtype(dtype).itemsize].view(dtype), shape, strides)
        return view.copy()
