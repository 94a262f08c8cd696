#!/usr/bin/env bash
# mat73: a matrix of characters is read as one word, letters by columns
#
# Expected: names in a MATLAB matrix of characters (one a line, padded) are
#   read as lines, as hdf5storage reads them, and scipy from files of version
#   5.
#
# Packages: mat73 0.65, hdf5storage 0.2.2, h5py 3.16.0, numpy 2.4.6; Python
#   3.11
#
# Behaviour: the letters of all names become one text, in the order of
#   storage, which goes down the columns: the number of names and where they
#   end are lost. Names in cells are right.
#
# Seen: ['fig ', 'kiwi'] read as 'fkiigw i', by hdf5storage as ['fig ',
#   'kiwi']
#
# Hurt: class names and ids of older multi-view files, when they are saved
#   again as version 7.3 because they grew.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "mat73==0.65" \
  "hdf5storage==0.2.2" \
  "h5py==3.16.0" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import h5py
import hdf5storage
import mat73
import numpy as np

names = ["fig ", "kiwi"]
letters = np.array([[ord(letter) for letter in name] for name in names], dtype="u2")
with h5py.File("a.mat", "w", userblock_size=512) as file:
    file["names"] = letters.T  # as MATLAB does, columns first
    file["names"].attrs["MATLAB_class"] = np.bytes_("char")
    file["names"].attrs["MATLAB_int_decode"] = np.int32(2)
with open("a.mat", "r+b") as file:
    file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
word = mat73.loadmat("a.mat")["names"]
lines = hdf5storage.loadmat("a.mat")["names"].ravel().tolist()
assert lines == names
assert word == "fkiigw i"
print(f"{names} read as {word!r}, by hdf5storage as {lines}")
PY
