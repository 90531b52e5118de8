"""safetensors files in and out of NumPy arrays: 8 bytes of length, a JSON header, the bytes."""

import json
import struct

import numpy

TYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U64": "<u8", "U8": "u1"}


def write(path, tensors):
  header, blobs, offset = {}, [], 0
  for name, value in tensors.items():
    array = numpy.array(value, order="C")
    kind = next(key for key, code in TYPES.items() if numpy.dtype(code) == array.dtype)
    blob = array.tobytes()
    header[name] = {"dtype": kind, "shape": list(array.shape),
                    "data_offsets": [offset, offset + len(blob)]}
    blobs.append(blob)
    offset += len(blob)
  text = json.dumps(header).encode()
  text += b" " * (-len(text) % 8)
  with open(path, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read(path):
  with open(path, "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    data = file.read()
  tensors = {}
  for name, entry in header.items():
    if name == "__metadata__":
      continue
    begin, end = entry["data_offsets"]
    flat = numpy.frombuffer(data[begin:end], TYPES[entry["dtype"]])
    tensors[name] = flat.reshape(entry["shape"])
  return tensors
