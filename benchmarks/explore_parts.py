"""The parts of `benchmarks/explore.py` that the trainer has no setting for.

Other ways to cut text, two other losses, two other optimisers. Experiments only: what pays would
have to be built into `align/training`. The losses leave the gradient to autograd, which costs time.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from align.encoders.pieces import HAN, _simplified, find_pieces, has_han, normalise
from align.training.batches import Batch
from align.training.encoder import _Loss

Floats = npt.NDArray[np.float32]
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}(?:([.,'\u2019 \u00a0\u202f])\d{3})(?:\1\d{3})*(?![\d])")
_MYRIADS = re.compile(r"(\d+(?:\.\d+)?) ?([万亿])")
_BETWEEN_HAN = re.compile(f"(?<=[{HAN}])(?=[{HAN}])")


# how text is folded before it is cut


def _case_kept(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    return text.translate(_simplified()) if has_han(text) else text


def _accents_folded(text: str) -> str:
    parts = unicodedata.normalize("NFD", normalise(text))
    bare = "".join(c for c in parts if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", bare)


def _numbers_alike(text: str) -> str:
    """1,000 and 1.000 and 1 000 become 1000; 3万 and 1.5亿 become 30000 and 150000000."""
    text = _MYRIADS.sub(
        lambda m: str(round(float(m[1]) * (10_000 if m[2] == "万" else 100_000_000))),
        normalise(text),
    )
    return _THOUSANDS.sub(lambda m: re.sub(r"\D", "", m[0]), text)


FOLDS: dict[str, Callable[[str], str]] = {
    "": normalise,
    "case kept": _case_kept,
    "accents folded": _accents_folded,
    "numbers alike": _numbers_alike,
    "digits apart": lambda text: re.sub(r"(?<=\d)(?=\d)", " ", normalise(text)),
    "characters apart": lambda text: _BETWEEN_HAN.sub(" ", normalise(text)),
    "traditional as it is": lambda text: unicodedata.normalize("NFKC", text).lower(),
}


class Cutter:
    """Texts to token numbers, piece by piece; what is unknown is left out."""

    def __init__(self, tokenizer: Any, fold: Callable[[str], str], grams: int = 0) -> None:
        """`grams`: so many rows behind the vocabulary are for hashed 3-grams of split words."""
        self._tokenizer, self._fold = tokenizer, fold
        self._unknown = tokenizer.token_to_id("[UNK]")
        self._known: dict[str, list[int]] = {}
        self._tokens, self._grams = tokenizer.get_vocab_size(), grams
        self.count = self._tokens + grams

    def folded(self, fold: str) -> Cutter:
        """The same vocabulary for text folded in another way."""
        return Cutter(self._tokenizer, FOLDS[fold], self._grams)

    def _numbers(self, piece: str, ids: list[int]) -> list[int]:
        known = [i for i in ids if i != self._unknown]
        if self._grams and len(ids) > 1 and not has_han(piece):
            framed = f"<{piece}>"
            for at in range(len(framed) - 2):
                gram = zlib.crc32(framed[at : at + 3].encode())
                known.append(self._tokens + gram % self._grams)
        return known

    def unknown_share(self, texts: Sequence[str]) -> float:
        """Percent of the tokens of these texts that are unknown."""
        found = self._tokenizer.encode_batch_fast(
            [piece for text in texts for piece in find_pieces(self._fold(text))],
            add_special_tokens=False,
        )
        ids = np.concatenate([np.array(one.ids) for one in found])
        return 100 * float((ids == self._unknown).mean())

    def __call__(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Token numbers end to end, and how many each text has, [n]."""
        cut = [find_pieces(self._fold(text)) for text in texts]
        new = list(dict.fromkeys(p for pieces in cut for p in pieces if p not in self._known))
        found = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
        for piece, one in zip(new, found, strict=True):
            self._known[piece] = self._numbers(piece, one.ids)
        rows = [[i for piece in pieces for i in self._known[piece]] for pieces in cut]
        counts = np.array([len(row) for row in rows], np.int64)
        return np.array([i for row in rows for i in row], np.int32), counts


# losses


class Cached(_Loss):
    """... with half of the vectors of the last batch of the same languages as further negatives."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.kept: dict[str, tuple[Any, Any]] = {}

    def _exp(self, a: Any, b: Any) -> Any:
        found = (a.bfloat16() @ b.bfloat16().T).float()
        return found.mul_(self.scale).sub_(self.scale).exp_()

    def __call__(self, a: Any, b: Any, batch: Batch) -> tuple[float, float, Any]:
        """As the trainer's own, with more in the sums."""
        keys = [torch.from_numpy(k) for k in (batch.src_keys, batch.tgt_keys)]
        old, old_keys = self.kept.get(batch.langs, (a[:0], keys[0][:0]))
        self.kept[batch.langs] = torch.cat([a[::2], b[::2]]), torch.cat([k[::2] for k in keys])
        same = (keys[0][:, None] == old_keys) | (keys[1][:, None] == old_keys)
        true = self.scale * ((a * b).sum(1) - self.margin)
        p = self._exp(a, b)
        right = float((p.amax(1) <= p.diagonal()).float().mean())
        p[_same(keys)] = 0.0
        p.diagonal().copy_(torch.exp(true - self.scale))
        further = [self._exp(x, old).masked_fill_(same, 0.0) for x in (a, b)]
        sums = [p.sum(1) + further[0].sum(1), p.sum(0) + further[1].sum(1)]
        loss = float((sum(x.log() for x in sums) / 2 + self.scale - true).mean())
        row, column = (0.5 / x for x in sums)
        p.mul_(row[:, None] + column)
        p.diagonal().sub_(1.0)
        slopes = [x.mul_(w[:, None]) @ old for x, w in zip(further, (row, column), strict=True)]
        gradient = torch.cat([p @ b + slopes[0], p.T @ a + slopes[1]])
        return loss, right, gradient.mul_(self.scale / len(a))


class Distilled(_Loss):
    """... half of whose target is how near a teacher finds the sentences of the batch."""

    teacher: Any = None  # [tokens, dims] of the same vocabulary

    @classmethod
    def teach(cls, vectors: Floats) -> None:
        """Sets the teacher."""
        cls.teacher = torch.from_numpy(vectors)

    def __call__(self, a: Any, b: Any, batch: Batch) -> tuple[float, float, Any]:
        """As the trainer's own."""
        keys = [torch.from_numpy(k) for k in (batch.src_keys, batch.tgt_keys)]
        sides = [(batch.src, batch.src_starts), (batch.tgt, batch.tgt_starts)]
        c, d = (
            torch.nn.functional.normalize(
                torch.nn.functional.embedding_bag(
                    torch.from_numpy(tokens), self.teacher, torch.from_numpy(starts), mode="sum"
                )
            )
            for tokens, starts in sides
        )
        taught = (self.scale * (c @ d.T)).masked_fill(_same(keys), -1e4)
        whole = torch.eye(len(a))
        rows, columns = (whole + taught.softmax(1)) / 2, (whole + taught.T.softmax(1)) / 2

        def loss(scores: Any) -> Any:
            entropy = torch.nn.functional.cross_entropy
            return (entropy(scores, rows) + entropy(scores.T, columns)) / 2

        return _by_autograd(self, a, b, keys, loss)


def _same(keys: Sequence[Any]) -> Any:
    """Where two texts are the same on either side, bool [n, n]; not the diagonal."""
    same = (keys[0][:, None] == keys[0]) | (keys[1][:, None] == keys[1])
    return same.fill_diagonal_(False)


def _by_autograd(
    own: _Loss, a: Any, b: Any, keys: Sequence[Any], loss: Callable[[Any], Any]
) -> tuple[float, float, Any]:
    a, b = a.detach().requires_grad_(), b.detach().requires_grad_()
    scores = a @ b.T
    right = float((scores.argmax(1) == torch.arange(len(a))).float().mean())
    margin = own.margin * torch.eye(len(a))
    found = loss((own.scale * (scores - margin)).masked_fill(_same(keys), -1e4))
    found.backward()
    return float(found.detach()), right, torch.cat([a.grad, b.grad])


# optimisers


class Lazy:
    """Adam that touches only the rows of the batch's tokens, as torch's SparseAdam does."""

    def __init__(self, parameters: Any, lr: float, betas: tuple[float, float], **_: Any) -> None:
        (self.weight,), self.betas, self.steps = parameters, betas, 0
        self.param_groups = [{"lr": lr}]
        self.m, self.v = torch.zeros_like(self.weight), torch.zeros_like(self.weight)

    def step(self) -> None:
        """One step."""
        self.steps += 1
        (rows,) = self.weight.grad.any(1).nonzero(as_tuple=True)
        g, (b1, b2) = self.weight.grad[rows], self.betas
        m = self.m[rows].lerp_(g, 1 - b1)
        v = self.v[rows].lerp_(g * g, 1 - b2)
        self.m[rows], self.v[rows] = m, v
        m = m / (1 - b1**self.steps)
        v = (v / (1 - b2**self.steps)).sqrt_().add_(1e-8)
        self.weight[rows] -= self.param_groups[0]["lr"] * m / v

    def zero_grad(self, **_: Any) -> None:
        """As torch's."""
        self.weight.grad.zero_()


class Averaged(torch.optim.AdamW):
    """Adam whose steps are averaged: the weights are the mean of about the last 100."""

    decay, constant = 0.99, False  # the rate does not fall
    last: Any = None

    def __init__(self, parameters: Any, **given: Any) -> None:
        super().__init__(parameters, **given)
        self.rate, self.steps = given["lr"], 0
        self.mean = parameters[0].detach().clone()
        Averaged.last = self

    def step(self, closure: Any = None) -> Any:
        """One step."""
        self.steps += 1
        if self.constant:
            self.param_groups[0]["lr"] = self.rate * min(1.0, self.steps / 100)
        super().step(closure)
        weight = self.param_groups[0]["params"][0].detach()
        self.mean.lerp_(weight, 1 - min(self.decay, self.steps / (self.steps + 9)))
