"""Writes .npy and IDX files that numpy itself vouches for into the folder given.

Every good_*.npy holds sample n, element e = n * 6 + e (as bool: its last bit), for x[2, 3].
"""
import gzip
import struct
import sys

import numpy as np

folder = sys.argv[1]
N = 5
values = np.arange(N * 6).reshape(N, 2, 3)


def save(name, array, version=None):
    with open(f"{folder}/{name}.npy", "wb") as file:
        np.lib.format.write_array(file, np.asanyarray(array), version=version)


for kind in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8".split():
    for order in "<>":
        save(f"good_{kind}_{'little' if order == '<' else 'big'}", values.astype(order + kind))
save("good_fortran", np.asfortranarray(values.astype("f4")))
save("good_fortran_big", np.asfortranarray(values.astype(">i2")))
save("good_flat", values.reshape(N, 6).astype("f4"))
save("good_flat_fortran", np.asfortranarray(values.reshape(N, 6).astype("f8")))
save("good_ones", values.reshape(N, 1, 2, 3, 1).astype("f4"))
save("good_version_2", values.astype("f4"), (2, 0))
save("good_version_3", values.astype("f4"), (3, 0))
with gzip.open(f"{folder}/good_gzip.npy", "wb") as file:
    np.save(file, values.astype("f4"))
save("bool", values % 2 == 1)
save("table", np.hstack([values.reshape(N, 6), np.arange(N)[:, None] % 3]).astype("f4"))
save("scalars", np.arange(N).astype("i8"))
save("column", np.arange(N).astype("i8")[:, None])
save("halves", np.array([0, -0.5, 65504, 2.0**-24, 2.0**-14, 1 / 3, -1.25e-5]).astype("f2"))
save("extremes", np.array([2**63, 2**64 - 1, 2**53 + 2], dtype="u8"))
save("signed_extremes", np.array([-(2**63), 2**63 - 1, -1], dtype="i8"))

save("bad_axes", values.transpose(0, 2, 1).copy())
save("bad_count", values.reshape(N, 6)[:, :5].copy())
save("bad_nan", np.where(values == 8, np.nan, values.astype("f4")))
save("bad_strings", np.array(["a", "b"]))
save("bad_complex", values.astype("c8"))
save("bad_records", np.zeros(3, dtype=[("a", "f4"), ("b", "i4")]))
np.save(f"{folder}/bad_objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
save("bad_empty", values[:0].astype("f4"))
save("bad_scalar", np.float32(1))
save("bad_range", np.array([0, 1, 3]))
save("bad_sign", np.array([0, -1, 2]).astype("i1"))
save("bad_half_class", np.array([0, 0.5]))
save("bad_onehot", np.eye(3)[[0, 1, 2, 1]])
save("bad_huge", np.array([0, 2**63], dtype="u8"))


def save_idx(name, code, array, open_file=open):
    head = struct.pack(">HBB", 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    with open_file(f"{folder}/{name}", "wb") as file:
        file.write(head + array.tobytes())


for code, kind in [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]:
    save_idx(f"good_idx_{code}", code, values.astype(kind))
save_idx("good_idx_gzip", 8, values.astype("u1"), gzip.open)
save_idx("labels_idx", 8, (np.arange(N) % 3).astype("u1"))
save_idx("pixels_idx", 8, np.array([[0, 127, 128, 255]]).astype("u1"))

# Archives of NumPy's own, two members each.
np.savez(f"{folder}/stored.npz", y=np.arange(N), x=values.astype("f4"))
np.savez_compressed(f"{folder}/packed.npz", x=values.astype("f4"), y=np.arange(N))
