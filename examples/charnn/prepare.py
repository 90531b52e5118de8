#!/usr/bin/env python3
"""The first three plays (Coriolanus, Richard III, Richard II) of the file known as tinyshakespeare,
as plain text: shakespeare.txt.

    ./prepare.py tinyshakespeare.txt shakespeare.txt
"""
import hashlib
import sys

SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
FOURTH_PLAY = b"SAMPSON:\nGregory, o' my word"


def main(source, destination):
    with open(source, "rb") as file:
        text = file.read()
    if hashlib.sha256(text).hexdigest() != SHA256:
        sys.exit(f"{source}: not the text that this script was written for")
    plays = text[:text.index(FOURTH_PLAY)].rstrip(b"\n") + b"\n"
    with open(destination, "wb") as file:
        file.write(plays)
    print(f"{len(plays)} bytes, {len(set(plays))} of them distinct")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
