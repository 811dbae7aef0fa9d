"""Where the default model stands on this machine, and its tokenizer as the Hugging Face library builds it. Refuses to download anything."""

import functools
import json
import os
import sys
from pathlib import Path

import gguf
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

REPOSITORY = Path(__file__).resolve().parent.parent
NORMAL_TOKEN = 1  # GGUF's tokenizer.ggml.token_type; all other types stand for no text

QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def cache_dir() -> Path:
    """The same folder as base/paths.ts."""
    if os.environ.get("KEDGE_CACHE_DIR"):
        return Path(os.environ["KEDGE_CACHE_DIR"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "kedge"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "kedge"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kedge"


def default_model_name() -> str:
    catalogue = json.loads((REPOSITORY / "models" / "catalogue.json").read_text())
    return next(model["name"] for model in catalogue["models"] if model["default"])


def default_model_path() -> Path:
    """Where `kedge model pull` puts the default model; the file may be absent."""
    return cache_dir() / "models" / default_model_name() / "model.gguf"


@functools.cache
def open_gguf(path: Path) -> gguf.GGUFReader:
    """Opened once: parsing the vocabulary takes longer than dequantising the weights."""
    return gguf.GGUFReader(path)


def read_metadata(path: Path) -> dict:
    return {key: field.contents() for key, field in open_gguf(path).fields.items() if key.startswith("tokenizer.ggml.")}


def qwen2_tokenizer(path: Path) -> Tokenizer:
    """The Hugging Face Qwen2 recipe (transformers' Qwen2Tokenizer) over a GGUF's tokens and merges, without added tokens: special-token strings are plain text."""
    metadata = read_metadata(path)
    assert metadata["tokenizer.ggml.pre"] == "qwen2", metadata["tokenizer.ggml.pre"]
    types = metadata["tokenizer.ggml.token_type"]
    vocab = {token: id for id, token in enumerate(metadata["tokenizer.ggml.tokens"]) if types[id] == NORMAL_TOKEN}
    merges = [tuple(merge.split(" ", 1)) for merge in metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(QWEN2_WORDS), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return tokenizer
