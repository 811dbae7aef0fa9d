"""Makes test/parity/dequant.json: random blocks of every GGUF format Kedge reads, with the values the reference gives them.

Run with the `gguf` and `numpy` packages installed: python training/goldens_dequant.py
The blocks are random bytes (so that every bit of every field matters), their half-precision scales finite.
"""
import base64
import json
import pathlib

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize

# Where each format keeps its half-precision scales, in bytes from the start of a block.
HALVES = {
    T.F16: [0], T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2],
    T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
}
BLOCKS = {1: 512, 32: 16, 256: 4}
SEED = 20261101


def main() -> None:
    random = np.random.default_rng(SEED)
    cases = []
    for kind in [T.F32, T.F16, T.BF16, T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q4_K, T.Q5_K, T.Q6_K]:
        values_per_block, bytes_per_block = GGML_QUANT_SIZES[kind]
        count = BLOCKS[values_per_block]
        if kind in (T.F32, T.BF16):
            floats = random.normal(size=count).astype(np.float32)
            blocks = floats.view(np.uint8) if kind == T.F32 else floats.view(np.uint8).reshape(-1, 4)[:, 2:].copy()
        else:
            blocks = random.integers(0, 256, size=(count, bytes_per_block), dtype=np.uint8)
            for at in HALVES[kind]:
                scales = (random.normal(size=count) * 10.0 ** random.integers(-6, 3, size=count)).astype(np.float16)
                blocks[:, at : at + 2] = scales.view(np.uint8).reshape(count, 2)
        data = np.ascontiguousarray(blocks.reshape(1, -1))
        expected = dequantize(data, kind).astype(np.float32).ravel()
        assert expected.size == count * values_per_block and np.isfinite(expected).all()
        cases.append({
            "type": kind.name,
            "values": int(expected.size),
            "blocks": base64.b64encode(data.tobytes()).decode(),
            "expected": base64.b64encode(expected.tobytes()).decode(),
        })
    out = pathlib.Path(__file__).resolve().parent.parent / "test" / "parity" / "dequant.json"
    out.write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
