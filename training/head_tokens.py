"""Writes models/head-tokens.json.gz: the tokens that the trimmed output head keeps, chosen by frequency over real code.
Refuses minified and generated text, and to let any one package decide: a package counts with the cube root of its counts.

    python -m training.head_tokens fetch PACKAGES_DIR          downloads what head_corpus.json pins
    python -m training.head_tokens make PACKAGES_DIR MODEL.gguf
"""

import gzip
import hashlib
import io
import json
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from training.model_file import NORMAL_TOKEN, REPOSITORY, qwen2_tokenizer, read_metadata

CORPUS = json.loads((Path(__file__).parent / "head_corpus.json").read_text())
HEAD_TOKENS = 47_104  # with the 256 byte tokens, without special ones
COMPLETED = {".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".cjs", ".py", ".pyi"}
OTHER = {".json", ".toml", ".yaml", ".yml", ".md", ".rst", ".html", ".css", ".scss", ".rs", ".go", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".sh", ".svelte", ".vue"}
NATURAL_LANGUAGES = re.compile(r"/(locales?|translations|i18n|lang|languages)/|unicode|emoji|CHANGELOG|\.min\.", re.IGNORECASE)
COMPLETED_BYTES_MAX = 4 << 20  # per package
OTHER_BYTES_MAX = 1 << 20
FILE_BYTES_MAX = 1 << 20
CURSOR_EVERY = 400  # characters; a completion begins inside a line, where other tokens occur than in a text read from its start
CURSOR_TEXT = 40
CRLF_SHARE = 1 / 8  # of the texts, which packages ship with \n only


def fetch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "pack", "--silent", *CORPUS["npm"]], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", *CORPUS["pypi"]], cwd=folder, check=True)
    subprocess.run(["apt-get", "download", "-qq", *CORPUS["debian"]], cwd=folder, check=True)


def package_name(archive: Path) -> str:
    return re.split(r"-\d|_\d", archive.name)[0].lower().replace("_", "-")


def files_of(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".deb":
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["dpkg-deb", "-x", str(archive), folder], check=True)
            for path in sorted(Path(folder).rglob("*")):
                if path.is_symlink() or not path.is_file():
                    continue
                if path.suffix == ".zip":
                    yield from zip_files(path)
                else:
                    yield str(path.relative_to(folder)), path.read_bytes()
    elif archive.suffix in (".whl", ".zip"):
        yield from zip_files(archive)
    else:
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile():
                    yield member.name, tar.extractfile(member).read()


def zip_files(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            if Path(name).suffix in COMPLETED | OTHER:
                yield name, packed.read(name)


def texts_of(archive: Path, seen: set[bytes]) -> list[str]:
    """Source texts written by hand, each once, in an order that does not favour one folder, within the package's share."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for name, data in files_of(archive):
        suffix = Path(name).suffix
        if suffix not in COMPLETED | OTHER or NATURAL_LANGUAGES.search("/" + name) or len(data) > FILE_BYTES_MAX:
            continue
        digest = hashlib.sha256(data).digest()
        lines = data.count(b"\n") + 1
        if digest in seen or len(data) / lines > 150:
            continue
        seen.add(digest)
        try:
            found[suffix in COMPLETED].append(data.decode("utf-8"))
        except UnicodeDecodeError:
            continue
    texts = []
    for completed, bytes_max in ((True, COMPLETED_BYTES_MAX), (False, OTHER_BYTES_MAX)):
        random.Random(0).shuffle(found[completed])
        room = bytes_max
        for text in found[completed]:
            if len(text) <= room:
                room -= len(text)
                texts.append(text)
    return texts


def from_cursors(text: str, rng: random.Random) -> list[str]:
    """Pieces that begin at a random place, half of them at the start of a word."""
    pieces = []
    for _ in range(len(text) // CURSOR_EVERY):
        start = rng.randrange(len(text))
        if rng.random() < 0.5:
            while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
                start -= 1
        pieces.append(text[start : start + CURSOR_TEXT])
    return pieces


def count(tokenizer: Tokenizer, texts: list[str], size: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each id occurs in the texts read whole, and among the first three tokens after a cursor."""
    rng = random.Random(1)
    whole: list[int] = []
    cursor: list[int] = []
    for text in texts:
        if rng.random() < CRLF_SHARE:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        whole += tokenizer.encode(text).ids
        for encoding in tokenizer.encode_batch(from_cursors(text, rng)):
            cursor += encoding.ids[:3]
    return np.bincount(np.array(whole, np.int64), minlength=size), np.bincount(np.array(cursor, np.int64), minlength=size)


def make(folder: Path, model: Path) -> None:
    metadata = read_metadata(model)
    tokens = metadata["tokenizer.ggml.tokens"]
    types = metadata["tokenizer.ggml.token_type"]
    tokenizer = qwen2_tokenizer(model)
    seen: set[bytes] = set()
    score, total = np.zeros(len(tokens)), np.zeros(len(tokens), np.int64)
    held: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for archive in sorted(path for path in folder.iterdir() if path.suffix in (".tgz", ".whl", ".deb")):
        whole, cursor = count(tokenizer, texts_of(archive, seen), len(tokens))
        name = package_name(archive)
        print(f"{name}: {whole.sum():,} tokens")
        if name in CORPUS["heldOut"]:
            held[name] = whole, cursor
        else:
            score += np.cbrt(whole + cursor)
            total += whole
    byte_ids = [id for id, token in enumerate(tokens) if len(token) == 1 and types[id] == NORMAL_TOKEN]
    assert len(byte_ids) == 256, len(byte_ids)
    score[byte_ids] = np.inf
    chosen = np.sort(np.argsort(-score, kind="stable")[:HEAD_TOKENS])
    assert np.all(score[chosen] > 0), "the corpus has too few distinct tokens"
    report(chosen, total, held)
    head = {
        "made": "by training/head_tokens.py from the packages in training/head_corpus.json",
        "vocabularySha256": hashlib.sha256("\n".join(tokens).encode()).hexdigest(),
        "vocabularySize": len(tokens),
        "tokens": [tokens[id] for id in chosen],
    }
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as file:
        file.write(json.dumps(head, ensure_ascii=False).encode())
    (REPOSITORY / "models" / "head-tokens.json.gz").write_bytes(packed.getvalue())


def report(chosen: np.ndarray, total: np.ndarray, held: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    print(f"chosen from {total.sum():,} tokens, {np.count_nonzero(total):,} distinct; outside the list: {1 - total[chosen].sum() / total.sum():.4%}")
    for name, (whole, cursor) in held.items():
        print(f"held out {name}: {whole.sum():,} tokens, outside {1 - whole[chosen].sum() / whole.sum():.4%}, after a cursor {1 - cursor[chosen].sum() / cursor.sum():.4%}")


if __name__ == "__main__":
    {"fetch": fetch, "make": make}[sys.argv[1]](*map(Path, sys.argv[2:]))
