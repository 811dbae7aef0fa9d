"""A qwen2 or llama decoder in plain PyTorch over a GGUF's dequantised weights, with the cache's rows explicit.
Refuses to rotate what it hands out: keys come out before rotation, and past rows go in rotated to the places where they are to be seen.

Shapes: T new tokens, P past rows, H query heads, G KV heads, D head width, V vocabulary.
"""

from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import torch
import torch.nn.functional as F

from training.model_file import open_gguf


@dataclass
class Rows:
    """Keys and values of a run of tokens in one layer, both [G, rows, D]."""

    keys: torch.Tensor
    values: torch.Tensor

    def at(self, positions: torch.Tensor, rope_base: float) -> "Rows":
        """The same rows with their keys rotated to positions [rows]."""
        return Rows(rotate(self.keys, positions, rope_base), self.values)


@dataclass
class Output:
    logits: torch.Tensor  # [asked, V]
    rows: list[Rows]  # a layer each, keys not rotated


@dataclass
class Layer:
    attention_norm: torch.Tensor
    query: tuple[torch.Tensor, torch.Tensor | None]  # weight [outputs, inputs], bias [outputs]
    key: tuple[torch.Tensor, torch.Tensor | None]
    value: tuple[torch.Tensor, torch.Tensor | None]
    attention_out: torch.Tensor
    feed_forward_norm: torch.Tensor
    gate: torch.Tensor
    up: torch.Tensor
    down: torch.Tensor


@dataclass
class Model:
    layers: list[Layer]
    embedding: torch.Tensor  # [V, width]
    output_norm: torch.Tensor
    output: torch.Tensor  # [V, width]
    heads: int
    kv_heads: int
    rope_base: float
    norm_eps: float

    @staticmethod
    def load(path: Path) -> "Model":
        """Dequantises to fp32, value for value as the `gguf` package does."""
        reader = open_gguf(path)
        field = lambda name: reader.fields[name].contents()  # noqa: E731
        architecture = field("general.architecture")
        if architecture not in ("qwen2", "llama"):
            raise ValueError(f"{path}: architecture {architecture} is not supported")
        number = lambda name: field(f"{architecture}.{name}")  # noqa: E731
        heads, kv_heads = number("attention.head_count"), number("attention.head_count_kv")
        tensors = {tensor.name: tensor for tensor in reader.tensors}

        def tensor(name: str) -> torch.Tensor | None:
            if name not in tensors:
                return None
            return torch.from_numpy(np.array(gguf.dequantize(tensors[name].data, tensors[name].tensor_type), dtype=np.float32))

        def projection(name: str, head_count: int) -> tuple[torch.Tensor, torch.Tensor | None]:
            weight, bias = tensor(f"{name}.weight"), tensor(f"{name}.bias")
            if architecture == "llama" and head_count:  # llama's files interleave the two halves that rotation pairs
                weight = weight.view(head_count, -1, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)
            return weight, bias

        layers = [
            Layer(
                attention_norm=tensor(f"blk.{i}.attn_norm.weight"),
                query=projection(f"blk.{i}.attn_q", heads),
                key=projection(f"blk.{i}.attn_k", kv_heads),
                value=projection(f"blk.{i}.attn_v", 0),
                attention_out=tensor(f"blk.{i}.attn_output.weight"),
                feed_forward_norm=tensor(f"blk.{i}.ffn_norm.weight"),
                gate=tensor(f"blk.{i}.ffn_gate.weight"),
                up=tensor(f"blk.{i}.ffn_up.weight"),
                down=tensor(f"blk.{i}.ffn_down.weight"),
            )
            for i in range(number("block_count"))
        ]
        embedding = tensor("token_embd.weight")
        output = tensor("output.weight")
        return Model(
            layers=layers,
            embedding=embedding,
            output_norm=tensor("output_norm.weight"),
            output=embedding if output is None else output,
            heads=heads,
            kv_heads=kv_heads,
            rope_base=number("rope.freq_base"),
            norm_eps=number("attention.layer_norm_rms_epsilon"),
        )

    @torch.inference_mode()
    def forward(
        self,
        ids: list[int],
        positions: torch.Tensor,
        past: list[Rows] | None = None,
        visible: torch.Tensor | None = None,
        logits_at: list[int] | slice = slice(None),
    ) -> Output:
        """Runs ids [T] at positions [T] over past rows (keys already rotated).
        visible [T, P + T] says which rows each token sees; without it, all of the past and causally the new ones."""
        count = len(ids)
        past_count = past[0].keys.shape[1] if past else 0
        if visible is None:
            visible = torch.cat([torch.ones(count, past_count, dtype=torch.bool), torch.ones(count, count, dtype=torch.bool).tril()], dim=1)
        hidden = self.embedding[ids]
        rows = []
        for index, layer in enumerate(self.layers):
            attended, new = self._attend(layer, self._norm(hidden, layer.attention_norm), positions, past[index] if past else None, visible)
            rows.append(new)
            hidden = hidden + attended
            normed = self._norm(hidden, layer.feed_forward_norm)
            hidden = hidden + F.linear(F.silu(F.linear(normed, layer.gate)) * F.linear(normed, layer.up), layer.down)
        return Output(F.linear(self._norm(hidden[logits_at], self.output_norm), self.output), rows)

    def _attend(self, layer: Layer, hidden: torch.Tensor, positions: torch.Tensor, past: Rows | None, visible: torch.Tensor) -> tuple[torch.Tensor, Rows]:
        split = lambda projection, heads: F.linear(hidden, *projection).view(len(hidden), heads, -1).transpose(0, 1)  # noqa: E731  [heads, T, D]
        queries = rotate(split(layer.query, self.heads), positions, self.rope_base)
        new = Rows(split(layer.key, self.kv_heads), split(layer.value, self.kv_heads))
        seen = new.at(positions, self.rope_base)
        if past:
            seen = Rows(torch.cat([past.keys, seen.keys], dim=1), torch.cat([past.values, seen.values], dim=1))
        share = self.heads // self.kv_heads
        attended = F.scaled_dot_product_attention(queries, seen.keys.repeat_interleave(share, 0), seen.values.repeat_interleave(share, 0), attn_mask=visible)
        return F.linear(attended.transpose(0, 1).reshape(len(hidden), -1), layer.attention_out), new

    def _norm(self, hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(hidden, weight.shape, weight, self.norm_eps)


def rotate(vectors: torch.Tensor, positions: torch.Tensor, base: float) -> torch.Tensor:
    """Rotary positions (RoFormer) on vectors [heads, rows, D], channel i paired with i + D/2; positions [rows]."""
    half = vectors.shape[-1] // 2
    frequencies = base ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = positions.double()[:, None] * frequencies
    cosine, sine = angles.cos().float(), angles.sin().float()
    first, second = vectors[..., :half], vectors[..., half:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


def lay_behind(*parts: list[Rows]) -> list[Rows]:
    """Rows of several runs, layer by layer, one behind another."""
    return [Rows(torch.cat([rows.keys for rows in layer], dim=1), torch.cat([rows.values for rows in layer], dim=1)) for layer in zip(*parts, strict=True)]


def token_bits(model: Model, ids: list[int], head: torch.Tensor | None = None) -> torch.Tensor:
    """Bits of each id but the first, given those before it [T - 1]; with a head (ids, ascending) among its tokens alone."""
    logits = model.forward(ids, torch.arange(len(ids)), logits_at=slice(0, len(ids) - 1)).logits
    targets = torch.tensor(ids[1:])
    if head is not None:
        logits, targets = logits[:, head], torch.searchsorted(head, targets)
    return F.cross_entropy(logits, targets, reduction="none") / torch.log(torch.tensor(2.0))
