"""The trimmed output head: its list, and texts said with its tokens alone, as engine/head.ts does. Refuses other vocabularies than the list's own."""

import gzip
import json

import torch
from tokenizers import Tokenizer

from training.model_file import REPOSITORY


def head_ids(tokenizer: Tokenizer) -> torch.Tensor:
    """Ids of the listed tokens, ascending (marks left out: they are no text)."""
    tokens = json.loads(gzip.decompress((REPOSITORY / "models" / "head-tokens.json.gz").read_bytes()))["tokens"]
    vocab = tokenizer.get_vocab()
    return torch.tensor(sorted(vocab[token] for token in tokens))


def retokenise(text: str, tokenizer: Tokenizer, head: torch.Tensor) -> list[int]:
    """Natural tokens where the head has them, the others' bytes as the longest tokens that it has, from the left."""
    within = set(head.tolist())
    ids = []
    for id, spelling in zip((encoding := tokenizer.encode(text)).ids, encoding.tokens, strict=True):
        if id in within:
            ids.append(id)
            continue
        while spelling:
            end = next(end for end in range(len(spelling), 0, -1) if tokenizer.token_to_id(spelling[:end]) in within)
            ids.append(tokenizer.token_to_id(spelling[:end]))
            spelling = spelling[end:]
    return ids
