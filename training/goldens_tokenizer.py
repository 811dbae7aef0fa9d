"""Writes test/parity/tokenizer.json: digests of the ids that the Hugging Face tokenizer gives for more than 10,000 lines of pinned npm packages and for odd lines.
Refuses to copy the packages' text: it records each file's SHA-256, and the test reads the file where npm put it.

    python -m training.goldens_tokenizer MODEL.gguf
"""

import base64
import hashlib
import json
import random
import struct
import sys
import unicodedata
from pathlib import Path

from training.model_file import REPOSITORY, qwen2_tokenizer

LINES_PER_FILE_MAX = 1200
FILES = [
    "typescript/lib/lib.es5.d.ts",
    "typescript/lib/lib.dom.d.ts",
    "typescript/lib/_tsserver.js",
    "typescript/lib/ja/diagnosticMessages.generated.json",
    "typescript/lib/ru/diagnosticMessages.generated.json",
    "typescript/lib/ko/diagnosticMessages.generated.json",
    "tree-sitter-python/grammar.js",
    "tree-sitter-python/src/scanner.c",
    "tree-sitter-python/queries/highlights.scm",
    "tree-sitter-javascript/grammar.js",
    "tree-sitter-javascript/src/tree_sitter/array.h",
    "tree-sitter-javascript/README.md",
    "ajv/lib/core.ts",
    "ajv/lib/compile/index.ts",
    "ajv/dist/core.js",
    "chokidar/index.js",
    "jsonc-parser/lib/esm/impl/parser.js",
    "undici/lib/core/request.js",
    "undici/docs/docs/api/Client.md",
    "flatted/python/flatted.py",
    "vscode-languageserver-types/lib/esm/main.js",
]
CRLF_FILES = ["ajv/lib/core.ts", "flatted/python/flatted.py"]  # once more, with \r\n at each line's end


def digest(ids: list[int]) -> bytes:
    """The first three bytes of the SHA-256 over the ids as little-endian 32-bit numbers."""
    return hashlib.sha256(struct.pack(f"<{len(ids)}I", *ids)).digest()[:3]


def lines_of(text: str) -> list[str]:
    """Lines with their ends; only \\n ends a line, so that \\r stays inside."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def odd_lines(count: int, seed: int) -> list[str]:
    """Mixtures of blanks, controls, contractions, digits, scripts, combining marks, special-token strings and code. Only characters of Unicode 3.2 and some old emoji, on which all Unicode tables agree."""
    rng = random.Random(seed)
    old = [chr(c) for c in range(0x20000) if unicodedata.ucd_3_2_0.category(chr(c)) not in ("Cn", "Co", "Cs")]
    odd = list("  \t\t\r\n''\"sStTrReEvVmdDl0123456789٣Ⅷ²½.,;:(){}[]<>|+-*/=_\u00a0\u2003\u3000\u0085\ufeff\u200b\u017f\u212a\u0301\u0308éñüÅ\x00\x01\x04\x1c\x1f\x7f\ufffd中文日本語한국어😀👩\u200d💻ﬁ")
    words = "if getElement 's 'T 'LL 'ſ return => <|im_end|> <|fim_prefix|> <|endoftext|> <tool_call> 1234567 a\u0301 \u1112\u1161\u11ab x'll $ {} ); // # self. __init__ ?. ?? === \\u00e9 0x7fFF".split()
    words += ["  ", "    ", "\t\t", "\n\n", "\r\n", "\r\n\r\n", " \n", "\n    ", "\n\t", ")\r\n"]

    def piece() -> str:
        roll = rng.random()
        if roll < 0.35:
            return rng.choice(odd)
        if roll < 0.8:
            return rng.choice(words)
        return rng.choice(old) if roll < 0.9 else rng.choice(old[:2500])

    return ["".join(piece() for _ in range(rng.randint(1, 30))) for _ in range(count)]


def main(model: Path) -> None:
    tokenizer = qwen2_tokenizer(model)
    encode = lambda text: tokenizer.encode(text).ids  # noqa: E731
    files = []
    for name, crlf in [(name, False) for name in FILES] + [(name, True) for name in CRLF_FILES]:
        data = (REPOSITORY / "node_modules" / name).read_bytes()
        lines = lines_of(data.decode("utf-8"))[:LINES_PER_FILE_MAX]
        if crlf:
            lines = [line.replace("\n", "\r\n") for line in lines]
        files.append(
            {
                "path": name,
                "sha256": hashlib.sha256(data).hexdigest(),
                "crlf": crlf,
                "lines": len(lines),
                "lineDigests": base64.b64encode(b"".join(digest(encode(line)) for line in lines)).decode(),
                "wholeDigest": base64.b64encode(digest(encode("".join(lines)))).decode(),
            }
        )
    odd = odd_lines(1000, seed=20261124)
    goldens = {
        "made": "by training/goldens_tokenizer.py; a digest is the first 3 bytes of SHA-256 over the ids as little-endian u32",
        "files": files,
        "odd": {"lines": odd, "lineDigests": base64.b64encode(b"".join(digest(encode(line)) for line in odd)).decode()},
    }
    print(f"{sum(file['lines'] for file in files)} lines of {len(files)} files, {len(odd)} odd lines")
    (REPOSITORY / "test" / "parity" / "tokenizer.json").write_text(json.dumps(goldens, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
