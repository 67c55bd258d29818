"""Writes h5py.h5 beside it: attributes and data types as h5py writes them. Needs h5py and NumPy.

    python generate.py
"""
import os

import h5py
import numpy as np

with h5py.File(os.path.join(os.path.dirname(os.path.abspath(__file__)), "h5py.h5"), "w") as f:
    f.attrs["variable"] = "größe"
    f.attrs["variable_list"] = ["one", "größe", ""]
    f.attrs["fixed"] = np.bytes_(b"kernel")
    f.attrs["fixed_list"] = np.array([b"conv1/kernel:0", b"b"])
    f.attrs["empty_list"] = np.array([])
    f.attrs["empty"] = h5py.Empty("S1")
    f.attrs["int16"] = np.int16(-7)
    f.attrs["float16"] = np.float16(0.5)
    f.attrs["matrix"] = np.arange(6, dtype=np.int32).reshape(2, 3)
    f["big_endian"] = np.array([1, -2, 3], dtype=">i2")
    f["half"] = np.array([0.5, 2], dtype=np.float16)
    f["flags"] = np.array([True, False])
    f["text"] = "not a number"
    f["soft"] = h5py.SoftLink("/nowhere")
    f["alias"] = h5py.SoftLink("/half")
