"""Segments read apart after a sink and composed by rotating their keys say the same as one monolithic run over the same tokens, mask and positions."""

import pytest
import torch

from training.model import Model, Rows, lay_behind

LOG_PROBABILITY_TOLERANCE = 1e-4

SINK = "# repository\n"
SEGMENTS = [
    "# dock.py\nclass Dock:\n    def reserve(self, ship: str) -> int:\n        return self.berths.pop()\n",
    "# crane.py\ndef lift(tonnes: float, slot: int) -> None:\n    print(slot, tonnes)\n",
]
PROMPT = "# main.py\nfrom crane import lift\nfrom dock import Dock\n\nslot = Dock().reserve('Argo')\nlift("


def random_model(seed: int) -> Model:
    """Two layers of random weights: the tests' own shape, so that they run where the real model is absent."""
    from training.model import Layer

    generator = torch.Generator().manual_seed(seed)
    width, heads, kv_heads, head_width, inner, vocabulary = 32, 4, 2, 8, 48, 300
    weight = lambda outputs, inputs: torch.randn(outputs, inputs, generator=generator) / inputs**0.5  # noqa: E731
    biased = lambda outputs: (weight(outputs, width), torch.randn(outputs, generator=generator))  # noqa: E731
    layers = [
        Layer(
            attention_norm=torch.ones(width),
            query=biased(heads * head_width),
            key=biased(kv_heads * head_width),
            value=biased(kv_heads * head_width),
            attention_out=weight(width, heads * head_width),
            feed_forward_norm=torch.ones(width),
            gate=weight(inner, width),
            up=weight(inner, width),
            down=weight(width, inner),
        )
        for _ in range(2)
    ]
    return Model(layers, weight(vocabulary, width) * 5, torch.ones(width), weight(vocabulary, width) * 5, heads, kv_heads, rope_base=10_000.0, norm_eps=1e-6)


def composed(model: Model, sink: list[int], segments: list[list[int]], prompt: list[int]) -> torch.Tensor:
    """Log-probabilities [prompt, V]: each segment is read by itself right behind the sink, then moved behind the one before it."""
    arange = torch.arange
    sink_rows = model.forward(sink, arange(len(sink)), logits_at=[]).rows
    seen_sink = [rows.at(arange(len(sink)), model.rope_base) for rows in sink_rows]
    parts: list[list[Rows]] = [seen_sink]
    place = len(sink)
    for segment in segments:
        rows = model.forward(segment, len(sink) + arange(len(segment)), past=seen_sink, logits_at=[]).rows
        parts.append([layer.at(place + arange(len(segment)), model.rope_base) for layer in rows])
        place += len(segment)
    return model.forward(prompt, place + arange(len(prompt)), past=lay_behind(*parts)).logits.log_softmax(-1)


def monolithic(model: Model, sink: list[int], segments: list[list[int]], prompt: list[int]) -> torch.Tensor:
    """The same in one run. A segment that is moved keeps its distance to the sink that it saw: a copy of the sink stands right before it, which it alone sees."""
    ids, positions, groups = list(sink), list(range(len(sink))), [{"rows": range(len(sink)), "sees": []}]
    place = len(sink)
    for segment in segments:
        copy = range(len(ids), len(ids) + len(sink))
        ids += sink
        positions += range(place - len(sink), place)
        groups.append({"rows": copy, "sees": []})
        groups.append({"rows": range(len(ids), len(ids) + len(segment)), "sees": copy, "composed": True})
        ids += segment
        positions += range(place, place + len(segment))
        place += len(segment)
    prompt_rows = range(len(ids), len(ids) + len(prompt))
    ids += prompt
    positions += range(place, place + len(prompt))
    groups.append({"rows": prompt_rows, "sees": [*range(len(sink)), *(row for group in groups if group.get("composed") for row in group["rows"])]})

    visible = torch.zeros(len(ids), len(ids), dtype=torch.bool)
    for group in groups:
        for row in group["rows"]:
            visible[row, list(group["sees"]) + list(range(group["rows"].start, row + 1))] = True
    return model.forward(ids, torch.tensor(positions), visible=visible, logits_at=slice(prompt_rows.start, None)).logits.log_softmax(-1)


def check(model: Model, sink: list[int], segments: list[list[int]], prompt: list[int]) -> None:
    difference = (composed(model, sink, segments, prompt) - monolithic(model, sink, segments, prompt)).abs().max().item()
    assert difference < LOG_PROBABILITY_TOLERANCE, difference


@pytest.mark.parametrize("seed", range(5))
def test_random_weights(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    tokens = lambda count: torch.randint(300, (count,), generator=generator).tolist()  # noqa: E731
    check(random_model(seed), tokens(3), [tokens(11), tokens(7), tokens(1)], tokens(9))


def test_a_segment_counts() -> None:
    """The check above can fail: leaving a segment out, or not moving it, is no small difference."""
    model = random_model(0)
    sink, segments, prompt = [1, 2, 3], [[4, 5, 6, 7], [8, 9, 10]], [11, 12]
    right = monolithic(model, sink, segments, prompt)
    for wrong in (segments[:1], segments[::-1]):
        assert (composed(model, sink, wrong, prompt) - right).abs().max() > 100 * LOG_PROBABILITY_TOLERANCE


def test_real_model(model: Model, tokenizer) -> None:
    encode = lambda text: tokenizer.encode(text).ids  # noqa: E731
    check(model, encode(SINK), [encode(text) for text in SEGMENTS], encode(PROMPT))
