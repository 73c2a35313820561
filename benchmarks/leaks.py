"""Measures what leaves: keys without their armour, and how much harmless text is taken for one.

`make attack-leaks`. Each key is made by openssl, written as text in ways that hide it, and redacted; a key has leaked
where eight characters in a row of any line of it are left. Harmless are the lines of fixtures/ but those of
certificates. One row a way of writing: keys planted, keys of which anything is left, lines planted, lines left.
"""

import base64
import os
import re
import subprocess
from collections import Counter
from typing import Callable, Dict, List, Tuple

from nimdoctor.redaction.expressions import Expressions
from nimdoctor.redaction.key_material import KIND, is_key_like
from nimdoctor.redaction.rewriting import Rewriter
from nimdoctor.redaction.site_names import SiteNames

KEYS = 60
TYPES = {
    "rsa 1024": ["genrsa", "1024"],
    "rsa 2048": ["genrsa", "2048"],
    "ec p256": ["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
    "ed25519": ["genpkey", "-algorithm", "ed25519"],
}
FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures")
ARMOUR = re.compile(r"-----[A-Z ]+-----")


def openssl(*words: str, given: bytes = b"") -> bytes:
    """What openssl prints."""
    return subprocess.run(["openssl", *words], input=given, capture_output=True, check=True).stdout


def grouped(raw: bytes, size: int, width: int) -> List[str]:
    """Hexadecimal digits in groups of that many bytes, `width` bytes a line."""
    rows = (raw[at : at + width].hex() for at in range(0, len(raw), width))
    return [" ".join(row[at : at + 2 * size] for at in range(0, len(row), 2 * size)) for row in rows]


def od(raw: bytes) -> List[str]:
    """As `od -x` prints it."""
    return [f"{at * 16:07o}  {row}" for at, row in enumerate(grouped(raw, 2, 16))]


def xxd(raw: bytes) -> List[str]:
    """As `xxd` prints it."""
    return [f"{at * 16:08x}: {row:<39}  {'.' * 16}" for at, row in enumerate(grouped(raw, 2, 16))]


def body(pem: bytes) -> List[str]:
    """The lines of base64."""
    return [line for line in pem.decode("ascii").split("\n") if line and not ARMOUR.match(line)]


def der(pem: bytes) -> bytes:
    """The key's bytes."""
    return base64.b64decode("".join(body(pem)))


Ways = Dict[str, Callable[[bytes], List[str]]]
WAYS: Ways = {
    "lines of 64": body,
    "lines of 64, quoted": lambda pem: ["> " + line for line in body(pem)],
    "lines of 76": lambda pem: base64.encodebytes(der(pem)).decode("ascii").split(),
    r"one line, \n between": lambda pem: [r"\n".join(body(pem))],
    "one line": lambda pem: ["".join(body(pem))],
    "in JSON": lambda pem: ['{"key": "' + r"\n".join(body(pem)) + '", "port": 3901}'],
    "openssl -text": lambda pem: openssl("pkey", "-text", "-noout", given=pem).decode("ascii").splitlines(),
    "od -x": lambda pem: od(der(pem)),
    "xxd": lambda pem: xxd(der(pem)),
    "xxd -p": lambda pem: grouped(der(pem), 30, 30),
    "hexdump -C": lambda pem: [f"{at * 16:08x}  {row}" for at, row in enumerate(grouped(der(pem), 1, 16))],
}
"""A way of writing a key, by its name."""
MATERIAL = re.compile(r"[A-Za-z0-9+/]{8,}|(?:[0-9a-f]{2}:){2,}|(?:[0-9a-f]{2,8} ){3,}")
"""What of a line may be part of a key."""


def redacted(text: str) -> str:
    """The text as it leaves, by one who knows of nothing."""
    known = SiteNames(b"nimdoctor benchmark key 32 bytes")
    known.settle()
    return Rewriter(known, Expressions(known, gate=False)).rewrite(text.encode("ascii"), Counter()).decode("ascii")


def left_of(lines: List[str], secret: bytes) -> Tuple[int, int]:
    """Lines with key material in them, and those of which any is left."""
    after = redacted("before\n" + "\n".join(lines) + "\nbehind\n")
    pieces = [MATERIAL.findall(line) for line in lines]
    planted = [[piece for piece in found if is_of(piece, secret)] for found in pieces]
    with_any = [found for found in planted if found]
    return len(with_any), sum(any(is_left(piece, after) for piece in found) for found in with_any)


def is_left(piece: str, after: str) -> bool:
    """Whether eight characters in a row of it are."""
    return any(piece[at : at + 8] in after for at in range(len(piece) - 7))


def is_of(piece: str, secret: bytes) -> bool:
    """Whether that is part of the key rather than a word beside it."""
    digits = re.sub("[: ]", "", piece)
    text = base64.b64encode(secret).decode("ascii")
    return piece in text or (len(digits) >= 6 and digits in secret.hex())


def keys() -> None:
    """Prints the rows of what was planted."""
    print("| key | written as | keys | left | lines | left |\n|---|---|---|---|---|---|", flush=True)
    for kind, words in TYPES.items():
        made = [openssl(*words) for _ in range(KEYS)]
        for way, write in WAYS.items():
            found = [left_of(write(pem), der(pem)) for pem in made]
            leaked = sum(bool(left) for _, left in found)
            print(
                f"| {kind} | {way} | {len(made)} | {leaked} | {sum(n for n, _ in found)} | {sum(n for _, n in found)} |",
                flush=True,
            )


def alone() -> None:
    """Of full lines with nothing around them: how many nobody sees."""
    lines = [line for _ in range(KEYS) for line in body(openssl("genrsa", "2048")) if len(line) == 64]
    missed = sum(not is_key_like(line.encode("ascii")) for line in lines)
    print(f"\nof {len(lines)} lines of 64 characters, each by itself, {missed} are not seen")


def harmless() -> None:
    """Of lines that hold no key: how many are taken for one."""
    lines = set()
    for place, _, names in os.walk(FIXTURES):
        for name in names:
            with open(os.path.join(place, name), "rb") as stream:
                raw = stream.read()
            if b"-----BEGIN" not in raw and not name.endswith((".pem", ".der")):
                lines.update(line for line in raw.decode("latin-1").split("\n") if line.strip())
    known = SiteNames(b"nimdoctor benchmark key 32 bytes")
    known.settle()
    rewriter = Rewriter(known, Expressions(known, gate=False))
    counts: Counter[str] = Counter()
    for line in lines:
        one: Counter[str] = Counter()
        rewriter.rewrite(line.encode("latin-1"), one)
        counts.update(dict.fromkeys(one, 1))
    told = ", ".join(f"{counts[kind]} as {kind}" for kind in (KIND, "password", "token", "fingerprint"))
    print(f"of {len(lines)} harmless lines of fixtures/, taken {told}")


def main() -> None:
    """Prints the tables."""
    keys()
    alone()
    harmless()


if __name__ == "__main__":
    main()
