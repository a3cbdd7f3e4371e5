"""Writes goldens and dumps (docs/golden-format.md): the same tensors give the same bytes."""

import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Union

import h5py
import numpy as np
import torch
import xxhash

from .errors import ExportError

COMPRESS_FROM = 16 * 1024
CHUNK_NBYTES = 1 << 20


@dataclass
class Item:
    """One tensor of the file."""

    tensor: torch.Tensor
    noise_floor: Optional[float] = None
    noise_floor_replayed: Optional[float] = None  # given the golden's memory
    kept: Optional[List[int]] = None


@dataclass
class Contents:
    attributes: Dict[str, str]
    case: bytes
    config: bytes
    steps: List[Dict[str, Union[str, int]]]  # attributes of each step
    items: Dict[str, Item] = field(default_factory=dict)  # by path
    digests: bool = True  # xxh128 of each tensor


def bfloat16_type() -> h5py.h5t.TypeID:
    """A 16-bit float: the upper half of a float32."""
    t = h5py.h5t.IEEE_F32LE.copy()
    t.set_fields(15, 7, 8, 0, 7)
    t.set_size(2)
    t.set_precision(16)
    t.set_ebias(127)
    return t


def raw(tensor: torch.Tensor) -> np.ndarray:
    """The values, little-endian; bfloat16 as its bits in uint16."""
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view("<u2")
    array = tensor.numpy()
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _file_type(tensor: torch.Tensor, array: np.ndarray) -> h5py.h5t.TypeID:
    return bfloat16_type() if tensor.dtype == torch.bfloat16 else h5py.h5t.py_create(array.dtype, logical=True)


def _saves(array: np.ndarray) -> bool:
    """Whether shuffle and gzip make it smaller by a twentieth at least."""
    if array.nbytes < COMPRESS_FROM:
        return False
    shuffled = np.frombuffer(array.tobytes(), np.uint8).reshape(-1, array.itemsize).T.tobytes()
    return len(zlib.compress(shuffled, 6)) < 0.95 * array.nbytes


def _chunk(array: np.ndarray) -> tuple:
    """Whole trailing axes, cut along the earlier ones to at most CHUNK_NBYTES."""
    shape = list(array.shape)
    for axis in range(len(shape)):
        rest = int(np.prod(shape[axis + 1:], dtype=np.int64)) * array.itemsize
        shape[axis] = max(1, min(shape[axis], CHUNK_NBYTES // max(rest, 1)))
        if shape[axis] > 1:
            break
    return tuple(shape)


def _creation(array: np.ndarray) -> h5py.h5p.PropDCID:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_obj_track_times(False)
    if _saves(array):
        plist.set_layout(h5py.h5d.CHUNKED)
        plist.set_chunk(_chunk(array))
        plist.set_shuffle()
        plist.set_deflate(6)
    else:
        plist.set_layout(h5py.h5d.CONTIGUOUS)
    return plist


def _text_attribute(obj, name: str, value: str) -> None:
    obj.attrs.create(name, value, dtype=h5py.string_dtype("utf-8"))


def _write_text(group: h5py.Group, name: str, text: bytes) -> None:
    """A scalar string of fixed length, byte for byte."""
    t = h5py.h5t.C_S1.copy()
    t.set_size(max(1, len(text)))
    t.set_strpad(h5py.h5t.STR_NULLPAD)
    t.set_cset(h5py.h5t.CSET_UTF8)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_obj_track_times(False)
    dataset = h5py.h5d.create(group.id, name.encode(), t, h5py.h5s.create(h5py.h5s.SCALAR), plist)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array(text, dtype=f"S{max(1, len(text))}"), mtype=t)


def _group(file: h5py.File, path: str) -> h5py.Group:
    """The group of a path, made where it is missing. Tracking the order of links gives HDF5 1.8's compact groups, a third
    of the size of the older ones."""
    at = file["/"]
    for name in path.split("/"):
        if name not in at:
            creation = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
            creation.set_link_creation_order(h5py.h5p.CRT_ORDER_TRACKED)
            h5py.h5g.create(at.id, name.encode(), gcpl=creation)
        at = at[name]
    return at


def _write_item(file: h5py.File, path: str, item: Item, digests: bool) -> None:
    array = raw(item.tensor)
    parent, _, name = path.rpartition("/")
    group = _group(file, parent)
    file_type = _file_type(item.tensor, array)
    space = h5py.h5s.create_simple(array.shape) if array.ndim else h5py.h5s.create(h5py.h5s.SCALAR)
    dataset = h5py.h5d.create(group.id, name.encode(), file_type, space, _creation(array))
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(array), mtype=file_type)
    attrs = h5py.Dataset(dataset).attrs
    if item.noise_floor is not None:
        attrs.create("noise_floor", np.float64(item.noise_floor))
    if item.noise_floor_replayed is not None:
        attrs.create("noise_floor_replayed", np.float64(item.noise_floor_replayed))
    if item.kept is not None:
        attrs.create("kept", np.array(item.kept, dtype=np.int64))
    if digests:
        _text_attribute(h5py.Dataset(dataset), "xxh128", xxhash.xxh3_128_hexdigest(array.tobytes()))


def _write_contents(file: h5py.File, contents: Contents) -> None:
    for name, value in contents.attributes.items():
        _text_attribute(file, name, value)
    _write_text(file, "case", contents.case)
    _write_text(file, "config", contents.config)
    for n, attributes in enumerate(contents.steps):
        group = _group(file, f"steps/{n}")
        for name, value in attributes.items():
            if isinstance(value, int):
                group.attrs.create(name, np.array([value], dtype=np.int64))
            else:
                _text_attribute(group, name, value)
    for path, item in contents.items.items():
        _write_item(file, path, item, contents.digests)


def write(path, contents: Contents) -> None:
    """Writes a temporary file beside `path`, brings it to the disk, and renames it."""
    path = check_target(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with h5py.File(temporary, "w", libver=("earliest", "v108")) as file:
            _write_contents(file, contents)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except OSError as e:
        raise ExportError(f"{path}: cannot be written: {e}") from None
    finally:
        temporary.unlink(missing_ok=True)


def check_target(path, *inputs) -> Path:
    """Where `path` leads, when a file can be written there and it is none of the inputs, which would be lost."""
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        raise ExportError(f"{path}: exists and is not a regular file; choose another name")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise ExportError(f"{path}: no file can be made in {target.parent}; choose another folder, or make it")
    if any(item and Path(item).resolve() == target for item in inputs):
        raise ExportError(f"{path}: is an input of this command and would be lost; choose another name")
    return target
