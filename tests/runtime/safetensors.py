"""safetensors with nothing but struct and json, to compare the runtime's files with.

safetensors.py check FILE    FILE is what weights.c's `mixed` test writes
safetensors.py make FOLDER   files for the tests of reading
"""
import json
import struct
import sys

import numpy as np


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    notes = header.pop("__metadata__", {})
    tensors, at = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        assert begin == at, f"{name} begins at {begin}, not {at}"
        at = end
        kind = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U64": "<u8", "U8": "u1"}[entry["dtype"]]
        body = data[8 + length + begin : 8 + length + end]
        assert (8 + length + begin) % np.dtype(kind).itemsize == 0, f"{name} is not aligned"
        tensors[name] = np.frombuffer(body, kind).reshape(entry["shape"])
    assert at == len(data) - 8 - length
    return tensors, notes


def check(path):
    tensors, notes = read(path)
    assert notes == {"model": 'a "quoted" name', "format": "nnrt"}, notes
    expected = {
        "h.1.W": np.array([[0.5, -1.25, 3e-8], [1e30, 0, 7]], "f4"),
        "λ": np.array([0.1, -1e300]),
        "@step": np.array(2**63 + 1, "u8"),
        "@lag": np.array([-5], "i8"),
        "@text.bytes": np.array([10, 97, 255], "u1"),
        "@none": np.zeros((0, 4), "f4"),
    }
    assert tensors.keys() == expected.keys(), tensors.keys()
    for name, value in expected.items():
        assert tensors[name].dtype == value.dtype and tensors[name].shape == value.shape, name
        assert (tensors[name] == value).all(), name


def pack(entries, notes=None, pad=0, header=None):
    """entries: name -> (dtype, shape, bytes). header: put in place of the right one."""
    table, at, body = {}, 0, b""
    if notes:
        table["__metadata__"] = notes
    for name, (dtype, shape, data) in entries.items():
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
        body += data
    text = (header or json.dumps(table)).encode() + b" " * pad
    return struct.pack("<Q", len(text)) + text + body


def make(folder):
    values = np.array([[0, -0.5, 1.25], [65504, -(2.0**-24), 2.0**-14]])
    floats = {
        "F16": values.astype("<f2").tobytes(),
        "BF16": (values[:1].astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        + struct.pack("<3H", 0x4780, 0xB380, 0x3880),
        "F32": values.astype("<f4").tobytes(),
        "F64": values.astype("<f8").tobytes(),
    }
    whole = np.array([0, 1, 200])
    entries = {name: (name, [2, 3], data) for name, data in floats.items()}
    for name, kind in [("U8", "u1"), ("I32", "<i4"), ("I64", "<i8"), ("U64", "<u8")]:
        entries[name] = (name, [3], whole.astype(kind).tobytes())
    entries["negative"] = ("I32", [3], np.array([-1, -(2**31), 5], "<i4").tobytes())
    for name, value in [("lowest", -(2**31)), ("low", -(2**31) - 1), ("high", 2**31)]:
        entries[name] = ("I64", [], struct.pack("<q", value))
    entries["large"] = ("U64", [], struct.pack("<Q", 2**64 - 1))
    entries["huge"] = ("F64", [2], struct.pack("<2d", 1, 1e39))
    entries["infinite"] = ("F64", [2], struct.pack("<2d", float("inf"), float("nan")))
    with open(f"{folder}/types.safetensors", "wb") as file:
        file.write(pack(entries, {"by": "python"}, pad=5))

    f4 = np.arange(6, dtype="<f4").tobytes()
    f8 = np.arange(3, dtype="<f8").tobytes()
    good = {"W": ("F32", [2, 3], f4), "b": ("F64", [3], f8), "@mean": ("F32", [], f4[4:8])}
    models = {
        "good": good,
        "extra": {**good, "@optimizer.m.W": ("F32", [2, 3], f4), "@step": ("I64", [], f8[:8])},
        "missing": {"W": good["W"], "@mean": good["@mean"]},
        "no_state": {"W": good["W"], "b": good["b"]},
        "unexpected": {**good, "V": ("F32", [6], f4)},
        "shape": {**good, "W": ("F32", [3, 2], f4)},
        "rank": {**good, "W": ("F32", [6], f4)},
        "whole": {**good, "b": ("I64", [3], np.arange(3, dtype="<i8").tobytes())},
    }
    for name, entries in models.items():
        with open(f"{folder}/{name}.safetensors", "wb") as file:
            file.write(pack(entries))


if __name__ == "__main__":
    {"check": check, "make": make}[sys.argv[1]](sys.argv[2])
