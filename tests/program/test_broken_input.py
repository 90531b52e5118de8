"""Broken data files and settings: each gets its own line on standard error, with file, place and
remedy, and status 2; no two of them are told the same, and what was saved before is still there."""

import gzip
import io
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy)")
  sys.exit(77)

from support import nn                                                      # noqa: E402

MODEL = """
input x[2]
target y : class(3)
z = dense(x, 3)
output p = softmax(z)
loss softmax_cross_entropy(z, y)
"""
TEXT = """
input c : class(9)
target n : class(9)
z = dense(c, 9)
loss softmax_cross_entropy(z, n)
"""
GOOD = "a,b,kind\n1,2,ant\n3,4,bee\n5,6,ant\n7,8,crow\n"


def npy(array, **options):
  file = io.BytesIO()
  numpy.lib.format.write_array(file, numpy.asarray(array), **options)
  return file.getvalue()


def npz(**members):
  file = io.BytesIO()
  numpy.savez_compressed(file, **members)
  return file.getvalue()


def zipped(data, method):
  file = io.BytesIO()
  with zipfile.ZipFile(file, "w", method) as archive:
    archive.writestr("x.npy", data)
  return file.getvalue()


def flipped(data, at):
  return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:]


X, Y = numpy.ones((4, 2), "f4"), numpy.array([0, 1, 2, 0])
PACKED = npz(x=numpy.arange(8.0).reshape(4, 2), y=Y)

# name: (the file's bytes or text, what its line says behind the file's name)
TABLES = {
  "empty.csv": ("", "the file is empty"),
  "blank.csv": ("\n \n\n", "holds nothing but blank lines"),
  "header.csv": ("a,b,kind\n", "holds a header line but no data"),
  "first line empty.csv": ("\n1,2,0\n", "line 1 is empty"),
  "middle line empty.csv": ("1,2,0\n\n3,4,1\n", "line 2 is empty"),
  "narrow.csv": ("1,2\n3,4\n", "line 1 has 2 columns; expected: x has 2, y has 1: 3 columns"),
  "wide.csv": ("1,2,0,5\n3,4,1,5\n", "line 1 has 4 columns; expected"),
  "a column too many.csv": ("1,2,0\n3,4,1,9\n", "line 2 has 4 columns where the lines before"),
  "a column too few.csv": ("1,2,0\n3,4\n", "line 2 has 2 columns where the lines before"),
  "header is shorter.csv": ("a,b,y\n1,2\n", "line 2 has 2 columns where the header line has 3"),
  "missing.csv": ("1,2,0\n3,,1\n", "line 2, column 2 (x[1]): the value is missing"),
  "nan.csv": ("1,2,0\nnan,4,1\n", "line 2, column 1 (x[0]): 'nan' is missing or not finite"),
  "no label.csv": ("1,2,ant\n3,4,\n", "line 2, column 3 (y): the value is missing"),
  "huge.csv": ("1,2,0\n1e999,4,1\n", "line 2, column 1 (x[0]): the value is infinite"),
  "large.csv": ("1,2,0\n1e39,4,1\n", "line 2, column 1 (x[0]): 1e+39 is too large for float"),
  "word.csv": ("1,2,0\n3,many,1\n", "line 2, column 2 (x[1]): 'many' is not a number"),
  "comma.csv": ("1;2;0\n3;4,5;1\n", "line 2, column 2 (x[1]): '4,5' is not a number; write the "
                                    "decimal point as '.'"),
  "first row.csv": ("1,2o,0\n3,4,1\n", "line 1, column 2 (x[1]): '2o' is not a number"),
  "label 3.csv": ("1,2,0\n3,4,3\n", "line 2, column 3 (y): class 3 is out of range: class(3) takes "
                                    "0 to 2"),
  "label -1.csv": ("1,2,0\n3,4,-1\n", "line 2, column 3 (y): class -1 is out of range"),
  "label 0.5.csv": ("1,2,0\n3,4,0.5\n", "line 2, column 3 (y): 0.5 is no class"),
  "late word.csv": ("1,2,0\n3,4,ant\n", "line 2, column 3 (y): 'ant' is not a number; classes are "
                                        "written as whole numbers from 0, or all as words"),
  "four labels.csv": (GOOD + "9,9,dog\n", "line 6, column 3 (y): 'dog' is one label more than "
                                          "class(3) has room for: 'ant', 'bee', 'crow'"),
  "open quote.csv": ('1,2,0\n3,"4,1\n', "line 2, column 2: no quote closes the field"),
  "quote.csv": ('1,2,0\n3,"4"5,1\n', "line 2, column 2: text behind a closing quote"),
  "utf-16.csv": (GOOD.encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
  "zeros.csv": (b"1,2,\0,0\n", "is neither CSV nor .npy nor IDX (byte 4 is 0)"),
}
FOREIGN = {
  "a.xz": (b"\xfd7zXZ\0\0", "is compressed with xz; unpack it, or use gzip"),
  "a.zst": (b"\x28\xb5\x2f\xfd", "is compressed with zstd"),
  "a.bz2": (b"BZh91AY", "is compressed with bzip2"),
  "a.h5": (b"\x89HDF\r\n", "is an HDF5 file; save the arrays as .npy"),
  "a.png": (b"\x89PNG\r\n\x1a\n", "is a PNG picture"),
  "a.jpg": (b"\xff\xd8\xff\xe0", "is a JPEG picture"),
  "a.parquet": (b"PAR1\x15\x04", "is a Parquet file"),
  "a.arrow": (b"ARROW1\0\0", "is an Arrow file"),
  "a.pickle": (b"\x80\x04\x95\x11\0", "is a Python pickle"),
  "a.db": (b"SQLite format 3\0", "is an SQLite database"),
  "a.pdf": (b"%PDF-1.7\n", "is a PDF document"),
  "twice.csv.gz": (gzip.compress(gzip.compress(GOOD.encode())), "is gzipped twice"),
  "cut.csv.gz": (gzip.compress(GOOD.encode() * 99)[:-30], "the gzip file is cut short"),
  "sum.csv.gz": (flipped(gzip.compress(GOOD.encode()), -6), "the gzip file is damaged"),
  "odd.bin": (bytes(10), "has 10 bytes, which is no multiple of the 3 of a sample"),
}
ARRAYS = {  # for x alone
  "cut.npy": (npy(X)[:-9], "cut short: its header promises [4, 2] items of 4 bytes, 23 bytes"),
  "long.npy": (npy(X) + b"abc", "3 bytes more than the [4, 2] items of its header"),
  "head.npy": (npy(X)[:40], "the NumPy file is cut short in its header"),
  "version.npy": (flipped(npy(X), 6), "a NumPy file of version 84; 1, 2 and 3 are known"),
  "dictionary.npy": (npy(X).replace(b"'shape'", b"'shaqe'"), "header is damaged at its byte"),
  "objects.npy": (npy(numpy.array([["a", None]])), "holds Python objects of type '|O'"),
  "strings.npy": (npy(numpy.array([["a", "b"]])), "holds strings of type '<U1'"),
  "complex.npy": (npy(X.astype("c8")), "holds complex numbers of type '<c8'"),
  "records.npy": (npy(numpy.zeros(4, "f4,f4")), "holds records"),
  "shape.npy": (npy(numpy.ones((4, 3))), "holds [4, 3], samples first, which does not fit x[2]"),
  "one number.npy": (npy(numpy.float32(3)), "holds a single number"),
  "nobody.npy": (npy(numpy.ones((0, 2))), "holds no samples"),
  "not a number.npy": (npy([[1, 2], [3, numpy.nan], [1, 1], [1, 1]]),
                       "sample 1 (from 0) (x[1]): the value is missing (NaN)"),
  "infinite.npy": (npy([[1, 2], [3, 4], [numpy.inf, 1], [1, 1]]),
                   "sample 2 (from 0) (x[0]): the value is infinite"),
  "short.npy": (npy(X[:3]), "has 3; both must have as many"),
  "cut.idx": (struct.pack(">BBBBII", 0, 0, 8, 2, 4, 2) + bytes(5), "cut short: its header promises "
              "[4, 2] items of 1 bytes, 5 bytes are there"),
  "head.idx": (struct.pack(">BBBBI", 0, 0, 8, 2, 4), "the IDX file is cut short in its header"),
  "cut.npz": (PACKED[:-30], "the archive is cut short or damaged"),
  "damaged.npz": (flipped(PACKED, PACKED.find(b"x.npy") + 40), "the archive is cut short or damag"),
  "no x.npz": (npz(y=Y, z=X), "has no member 'x.npy'; it has y.npy, z.npy"),
  "lzma.npz": (zipped(npy(X), zipfile.ZIP_LZMA), "'x.npy' is packed in a way (14) that only zip"),
  "folder.npz": (zipped(b"no array", zipfile.ZIP_STORED), "'x.npy' in it is no NumPy array"),
}
SETTINGS = {  # name: (arguments, the whole line's parts)
  "no such file": (["--data", "no.csv"], ["no.csv: there is no such file"]),
  "no such pattern": (["--data", "none*.csv"], ["none*.csv: no file matches"]),
  "a folder": (["--data", "."], [".: is a directory"]),
  "no file for y": (["--data", "x=x.npy"], ["y has no file: give --data y=FILE"]),
  "no such tensor": (["--data", "q=x.npy"], ["'q' is neither an input nor a target"]),
  "for all and for each": (["--data", "good.csv", "--data", "y=y.npy"], ["for all tensors, or"]),
  "no such column": (["--data", "good.csv", "--columns", "x=a,c", "--columns", "y=kind"],
                     ["line 1 names no column 'c'; it has 'a', 'b', 'kind'"]),
  "a column twice": (["--data", "twice.csv", "--columns", "x=b,kind", "--columns", "y=kind"],
                     ["line 1 names the column 'b' twice"]),
  "a column for two": (["--data", "good.csv", "--columns", "x=a,kind", "--columns", "y=kind"],
                       ["the column 'kind' is chosen for x and for y"]),
  "too many columns": (["--data", "good.csv", "--columns", "x=a,b,kind"], ["x has 2 elements"]),
  "columns for x alone": (["--data", "good.csv", "--columns", "x=a,b"],
                          ["no columns are chosen for y"]),
  "no names": (["--data", "numbers.csv", "--columns", "x=a,b", "--columns", "y=c"],
               ["line 1 holds no names, but columns are chosen by name"]),
  "a column without name": (["--data", "good.csv", "--columns", "x=a,"], ["'a,'", "as in a,b,c"]),
  "no number under a name": (["--data", "named.csv", "--columns", "x=b,a", "--columns", "y=kind"],
                             ["named.csv: line 3, column 2 'b' (x[0]): 'many' is not a number"]),
  "another model's weights": (["--data", "wide.csv", "--load", "other.safetensors"],
                              ["other.safetensors: has no tensor"]),
  "columns of nothing": (["--data", "good.csv", "--columns", "q=a"], ["--columns: 'q=a'"]),
  "scale of a class": (["--data", "good.csv", "--scale", "y"], ["--scale: 'y'"]),
  "scale in an unknown way": (["--data", "good.csv", "--scale", "x=log"], ["--scale: 'x=log'"]),
  "too few for folds": (["--data", "good.csv", "--folds", "9"], ["--folds: 9 parts of 4 samples"]),
  "one fold": (["--data", "good.csv", "--folds", "1"], ["--folds: '1' is not a whole number >= 2"]),
  "all held out": (["--data", "good.csv", "--holdout", "4"], ["--holdout: 4 of 4 samples"]),
  "no memory": (["--data", "good.csv", "--memory", "0"], ["--memory: '0'"]),
}


def write_files(folder):
  for name, (content, _) in {**TABLES, **FOREIGN, **ARRAYS}.items():
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
  (folder / "good.csv").write_text(GOOD)
  (folder / "twice.csv").write_text(GOOD.replace("a,b,", "b,b,"))
  (folder / "named.csv").write_text("a,b,kind\n1,2,0\n3,many,1\n")
  header = json.dumps({"q": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
  (folder / "other.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
  (folder / "numbers.csv").write_text("1,2,0\n3,4,1\n")
  (folder / "y.npy").write_bytes(npy(Y))
  (folder / "x.npy").write_bytes(npy(X))


class Broken:
  def __init__(self, folder):
    self.folder = folder
    self.lines = {}
    (folder / "m.nn").write_text(MODEL)
    self.program = nn.build(folder / "m.nn", folder, flags=nn.QUICKLY)
    self.saved = folder / "w.safetensors"
    write_files(folder)
    nn.must([self.program, "train", "--data", "good.csv", "--save", self.saved], cwd=folder)
    self.kept = self.saved.read_bytes()

  def refuse(self, name, parts, command, **options):
    done = nn.run([self.program, *command], cwd=self.folder, **options)
    nn.demand(not nn.crashed(done), f"crashed, status {done.returncode}: {done.stderr[-300:]}")
    nn.demand(done.returncode == 2, f"status {done.returncode}, not 2: {done.stderr.strip()[:200]}")
    lines = done.stderr.splitlines()
    nn.demand(len(lines) == 1, f"{len(lines)} lines: {done.stderr[:200]}")
    for part in parts:
      nn.demand(part in lines[0], f"'{part}' is not in: {lines[0]}")
    told = re.sub(r"[\w. -]+\.(csv|npy|npz|idx|bin|gz|xz|\w+):", "FILE:", lines[0])
    nn.demand(told not in self.lines or name.startswith("damaged"),
              f"is told what '{self.lines.get(told)}' is told: {told}")
    self.lines[told] = name
    nn.demand(self.saved.read_bytes() == self.kept, "what was saved is lost")

  def train(self, name, parts, arguments):
    save = [] if "--folds" in arguments else ["--save", self.saved]
    self.refuse(name, parts, ["train", "--epochs", "1", *save, *arguments])

  def test(self, name, parts, data, **options):
    self.refuse(name, parts, ["test", "--load", self.saved, "--data", data], **options)

  def label_never_seen(self):
    (self.folder / "unseen.csv").write_text(GOOD.replace("crow", "emu"))
    self.test("unseen", ["unseen.csv: line 5, column 3 (y): the label 'emu' was not seen in "
                         "training, which had 'ant', 'bee', 'crow'"], "unseen.csv")

  def numbers_for_words(self):
    self.test("numbers", ["numbers.csv: line 1, column 3 (y): the label '0' was not seen"],
              "numbers.csv")

  def archive_from_a_pipe(self):
    with open(self.folder / "cut.npz", "rb") as pipe:
      self.test("pipe", ["standard input: an .npz cannot be read from a pipe"], "-", stdin=pipe)

  def nothing_from_a_pipe(self):
    self.test("nothing", ["standard input: is empty"], "-", stdin=subprocess.DEVNULL)

  def no_room_for_a_copy(self):
    text = "1,2,0\n" * 200000
    with gzip.open(self.folder / "copied.csv.gz", "wt") as file:
      file.write(text)
    environment = {"TMPDIR": str(self.folder / "nowhere"), "PATH": "/usr/bin:/bin"}
    self.refuse("copy", ["copied.csv.gz: is larger than --memory, and cannot be copied to",
                         "set TMPDIR"], ["train", "--memory", "1", "--data", "copied.csv.gz"],
                env=environment)

  def bad_value_in_a_block(self):
    """Found when its block is read, in the middle of an epoch."""
    values = numpy.ones((300000, 3), "f4")
    values[:, 2] = 0
    values[299999, 1] = numpy.nan
    numpy.save(self.folder / "late.npy", values)
    self.train("late", ["late.npy: sample 299999 (from 0) (x[1]): the value is missing (NaN)"],
               ["--memory", "1", "--data", "late.npy"])

  def large_in_fortran_order(self):
    numpy.save(self.folder / "f.npy", numpy.asfortranarray(numpy.zeros((300000, 3), "f4")))
    self.train("Fortran", ["f.npy: is larger than --memory and in Fortran order",
                           "numpy.ascontiguousarray"], ["--memory", "1", "--data", "f.npy"])

  def unknown_byte(self):
    (self.folder / "t.nn").write_text(TEXT)
    program = self.program
    self.program = nn.build(self.folder / "t.nn", self.folder, stem="t", flags=nn.QUICKLY)
    (self.folder / "a.txt").write_text("abcdabcdabcd")
    (self.folder / "b.txt").write_text("abcd\nbcdabcd")
    weights = self.folder / "t.safetensors"
    nn.must([self.program, "train", "--data", "a.txt", "--save", weights], cwd=self.folder)
    self.refuse("byte", ["b.txt: line 1: byte 4 (from 0) is 0x0a"],
                ["test", "--load", weights, "--data", "b.txt"])
    self.program = program


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-broken-") as name:
    broken = Broken(pathlib.Path(name))
    for file, (_, line) in {**TABLES, **FOREIGN}.items():
      tally.case(file, broken.train, file, [f"{file}: {line}"], ["--data", file])
    for file, (_, line) in ARRAYS.items():
      parts = [file, line]
      tally.case(file, broken.train, file, parts, ["--data", f"x={file}", "--data", "y=y.npy"])
    for name, (arguments, parts) in SETTINGS.items():
      tally.case(name, broken.train, name, parts, arguments)
    for test in (broken.label_never_seen, broken.numbers_for_words, broken.archive_from_a_pipe,
                 broken.nothing_from_a_pipe, broken.no_room_for_a_copy,
                 broken.bad_value_in_a_block, broken.large_in_fortran_order,
                 broken.unknown_byte):
      tally.case(test.__name__.replace("_", " "), test)
  tally.close()


if __name__ == "__main__":
  main()
