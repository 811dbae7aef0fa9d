"""The committed goldens are still what the code here makes, on a slice short enough to run each time."""

import base64
import json

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType
from gguf.quants import dequantize

from training.goldens_bits import GOLDENS as BITS
from training.goldens_bits import TEXTS
from training.goldens_tokenizer import digest, lines_of
from training.head import head_ids, retokenise
from training.model import token_bits
from training.model_file import REPOSITORY

PARITY = REPOSITORY / "test" / "parity"
DEQUANT = json.loads((PARITY / "dequant.json").read_text())
SLICE_TOKENS = 48
BITS_TOLERANCE = 2e-3  # processors sum in another order


@pytest.mark.parametrize("case", DEQUANT, ids=lambda case: case["type"])
def test_dequantised_blocks(case: dict) -> None:
    blocks = np.frombuffer(base64.b64decode(case["blocks"]), dtype=np.uint8).reshape(1, -1)
    expected = np.frombuffer(base64.b64decode(case["expected"]), dtype=np.float32)
    np.testing.assert_array_equal(dequantize(blocks, GGMLQuantizationType[case["type"]]).ravel(), expected)


@pytest.mark.parametrize("form", ["whole", "head"])
@pytest.mark.parametrize("text", json.loads(BITS.read_text())["texts"][:2], ids=lambda text: text["path"])
def test_bits(model, tokenizer, text: dict, form: str) -> None:
    golden = text[form]
    source = (TEXTS / text["path"]).read_text(encoding="utf-8")
    head = head_ids(tokenizer) if form == "head" else None
    assert golden["ids"] == (tokenizer.encode(source).ids if head is None else retokenise(source, tokenizer, head))
    bits = token_bits(model, golden["ids"][:SLICE_TOKENS], head)
    torch.testing.assert_close(bits, torch.tensor(golden["tokenBits"][: SLICE_TOKENS - 1]), atol=BITS_TOLERANCE, rtol=0)


def test_tokenizer_digests(tokenizer) -> None:
    goldens = json.loads((PARITY / "tokenizer.json").read_text())
    odd = goldens["odd"]
    digests = b"".join(digest(tokenizer.encode(line).ids) for line in odd["lines"])
    assert digests == base64.b64decode(odd["lineDigests"])


def test_lines_keep_their_ends() -> None:
    assert lines_of("a\r\nb\n\nc") == ["a\r\n", "b\n", "\n", "c"]
