"""Names compared by meaning: WordLlama's static word vectors, read from its package, offline and without a hub.

A text is the mean of the vectors of its tokens, at length one. The model (16 MB) is read on first use only; where
its files are missing, names are compared by the lexicon alone, and the log says so once.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mapping.proposing.concepts import concepts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

logger = logging.getLogger(__name__)

PACKAGE = "wordllama"
WEIGHTS = "weights/l2_supercat_256.safetensors"
TOKENS = "tokenizers/l2_supercat_tokenizer_config.json"


@dataclass(frozen=True, slots=True)
class Model:
    """The table of vectors (tokens × 256, float16) and the tokenizer that goes with it."""

    table: Any
    tokenizer: Any

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector of length one for each text (texts × 256, float32); all zeros for a text without tokens."""
        import numpy as np

        made = np.zeros((len(texts), self.table.shape[1]), dtype=np.float32)
        encoded = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        for row, encoding in enumerate(encoded):
            if encoding.ids:
                made[row] = self.table[encoding.ids].astype(np.float32).mean(axis=0)
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        np.divide(made, lengths, out=made, where=lengths > 0)
        return made


def _files() -> tuple[Path, Path] | None:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(next(iter(found.submodule_search_locations)))
    files = (folder / WEIGHTS, folder / TOKENS)
    return files if all(file.is_file() for file in files) else None


@cache
def model() -> Model | None:
    """The model, or None where its files are missing."""
    files = _files()
    if files is None:
        logger.warning("The word vectors of %s are not installed: fields are proposed by the lexicon alone.", PACKAGE)
        return None
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    weights, tokens = files
    return Model(load_file(weights)["embedding.weight"], Tokenizer.from_file(str(tokens)))


@cache
def _descriptions() -> tuple[tuple[str, ...], Any]:
    """The concept of each description, and their vectors: what it is about, and its English names."""
    texts, keys = [], []
    for concept in concepts().values():
        for text in (concept.about, *concept.names["en"]):
            keys.append(concept.key)
            texts.append(text)
    loaded = model()
    return tuple(keys), loaded.embed(texts) if loaded else None


def likenesses(names: Sequence[str]) -> list[Mapping[str, float]]:
    """For each name, in plain words, how near it is in meaning to each concept (-1 to 1); empty without a model."""
    loaded = model()
    if loaded is None or not names:
        return [{} for _ in names]
    keys, table = _descriptions()
    near = loaded.embed(names) @ table.T
    made: list[Mapping[str, float]] = []
    for row in near:
        best: dict[str, float] = {}
        for key, value in zip(keys, row.tolist(), strict=True):
            if value > best.get(key, -1.0):
                best[key] = value
        made.append(best)
    return made


def between(text: str, others: Sequence[str]) -> list[float]:
    """How near a text is in meaning to each of the others; zeros without a model."""
    loaded = model()
    if loaded is None or not others:
        return [0.0 for _ in others]
    vectors = loaded.embed([text, *others])
    near: list[float] = (vectors[1:] @ vectors[0]).tolist()
    return near
