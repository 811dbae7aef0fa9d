"""Writes test/parity/bits.json: what each token of the texts in test/parity/texts costs under the dequantised weights in fp32, teacher-forced from nothing.
Refuses approximation: no quantised activations, no trimmed cache.

    python -m training.goldens_bits MODEL.gguf
"""

import hashlib
import json
import sys
from pathlib import Path

import torch

from training.head import head_ids, retokenise
from training.model import Model, token_bits
from training.model_file import REPOSITORY, qwen2_tokenizer

TEXTS = REPOSITORY / "test" / "parity" / "texts"
GOLDENS = REPOSITORY / "test" / "parity" / "bits.json"
DECIMALS = 5


def case(model: Model, ids: list[int], head: torch.Tensor | None) -> dict:
    return {"ids": ids, "tokenBits": [round(float(bits), DECIMALS) for bits in token_bits(model, ids, head)]}


def main(path: Path) -> None:
    model, tokenizer = Model.load(path), qwen2_tokenizer(path)
    head = head_ids(tokenizer)
    texts = []
    for text_path in sorted(TEXTS.iterdir()):
        text = text_path.read_text(encoding="utf-8")
        ids = tokenizer.encode(text).ids
        texts.append(
            {
                "path": text_path.name,
                "bytes": len(text.encode()),
                "whole": case(model, ids, None),
                "head": case(model, retokenise(text, tokenizer, head), head),
            }
        )
        print(text_path.name, *(f"{sum(texts[-1][form]['tokenBits']) / texts[-1]['bytes']:.4f} bits per byte ({form})" for form in ("whole", "head")))
    goldens = {
        "made": "by training/goldens_bits.py: bits of every token but the first, given those before it; `head` says the text with the trimmed head's tokens and renormalises over them",
        "modelSha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "headTokens": len(head),
        "texts": texts,
    }
    GOLDENS.write_text(json.dumps(goldens) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
