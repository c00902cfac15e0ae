"""Trains the static encoder: one vector per token, a sentence being the sum of its tokens.

Symmetric InfoNCE (van den Oord 2018, https://arxiv.org/abs/1807.03748; for translation ranking
Yang 2019, https://arxiv.org/abs/1902.08564) over in-batch negatives with an additive margin. The gradient
is written out: with S = scale * cos, P = exp(S), the loss's derivative by S is
(P / row sums + P / column sums) / 2 - identity, one pass instead of autograd's six over [n, n].
Identical texts in a batch are not each other's negatives.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.training.batches import Batch, Recipe, batches
from align.training.prepare import Prepared

log = logging.getLogger("align")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the vectors are trained."""

    dims: int = 512
    steps: int | None = None  # stop after so many batches ...
    minutes: float | None = 30.0  # ... or after so much time, whatever comes first
    rate: float = 3e-3  # peak learning rate
    scale: float = 25.0  # inverse temperature
    margin: float = 0.1  # taken from the cosine of the true pair
    init: float = 0.01  # standard deviation of fresh vectors
    decay: float = 0.0  # weight decay (decoupled), per unit of learning rate
    seed: int = 0
    threads: int = 0  # 0: all; 1 is deterministic
    report: int = 50  # steps between progress reports
    checkpoint: int = 500  # steps between checkpoints


@dataclass(frozen=True, slots=True)
class Progress:
    """What the progress bar shows."""

    step: int
    share: float  # of the budget, 0..1
    loss: float
    accuracy: float  # in-batch, of the last batch
    seconds: float


def _loss_and_gradient(
    torch: Any, a: Any, b: Any, same: Any, scale: float, margin: float
) -> tuple[float, float, Any, Any]:
    """Loss, accuracy and the gradients by the unit rows a and b, [n, d] each."""
    n = len(a)
    half = torch.bfloat16 if a.device.type == "cpu" or torch.cuda.is_bf16_supported() else a.dtype
    a16, b16 = a.to(half), b.to(half)
    scores = (a16 @ b16.T).float().mul_(scale)  # [n, n]
    diagonal = torch.arange(n, device=a.device)
    best = scores.argmax(1)
    right = float((best == diagonal).float().mean())
    scores[diagonal, diagonal] -= scale * margin
    scores.masked_fill_(same, -1e4)
    true = scores[diagonal, diagonal].clone()
    p = scores.sub_(scale).exp_()  # [n, n]; cos <= 1 keeps it in range
    rows, columns = p.sum(1), p.sum(0)
    loss = float(((rows.log() + columns.log()) / 2 + scale - true).mean())
    p.mul_((0.5 / rows)[:, None] + (0.5 / columns)[None, :])
    p[diagonal, diagonal] -= 1.0
    g = p.to(half)
    return loss, right, (g @ b16).float() * (scale / n), (g.T @ a16).float() * (scale / n)


def _step(torch: Any, weight: Any, batch: Batch, settings: Settings) -> tuple[float, float]:
    """Adds the gradient of one batch to weight.grad; returns loss and in-batch accuracy."""
    device = weight.device
    bags = []
    for tokens, starts in ((batch.src, batch.src_starts), (batch.tgt, batch.tgt_starts)):
        ids, offsets = torch.from_numpy(tokens).to(device), torch.from_numpy(starts).to(device)
        bags.append(torch.nn.functional.embedding_bag(ids, weight, offsets, mode="sum"))
    with torch.no_grad():
        norms = [bag.norm(dim=1, keepdim=True).clamp_min(1e-6) for bag in bags]
        units = [bag / norm for bag, norm in zip(bags, norms, strict=True)]
        src_key, tgt_key = (
            torch.from_numpy(keys).to(device) for keys in (batch.src_keys, batch.tgt_keys)
        )
        same = (src_key[:, None] == src_key[None, :]) | (tgt_key[:, None] == tgt_key[None, :])
        same.fill_diagonal_(False)
        loss, right, *grads = _loss_and_gradient(
            torch, *units, same, settings.scale, settings.margin
        )
        through = [
            (g - (g * u).sum(1, keepdim=True) * u) / norm
            for g, u, norm in zip(grads, units, norms, strict=True)
        ]
    torch.autograd.backward(bags, through)
    return loss, right


def train(
    prepared: Prepared,
    tokens: int,
    recipe: Recipe,
    settings: Settings,
    *,
    start: npt.NDArray[np.float32] | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Trains and returns the vectors, float32 [tokens, dims].

    `start` continues from existing vectors. With `checkpoint` (a file) the state is saved there
    every `settings.checkpoint` steps and, with `resume`, taken up again.
    """
    import torch

    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    weight = torch.empty(tokens, settings.dims, device=device)
    if start is not None:
        weight.copy_(torch.from_numpy(np.array(start)))
    else:
        weight.normal_(0.0, settings.init)
    weight.requires_grad_(True)
    adam = torch.optim.AdamW(
        [weight], lr=settings.rate, betas=(0.9, 0.99), weight_decay=settings.decay, fused=True
    )
    step, spent = 0, 0.0
    if resume and checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        with torch.no_grad():
            weight.copy_(state["weight"])
        adam.load_state_dict(state["adam"])
        step, spent = int(state["step"]), float(state["spent"])
        log.info("resumed at step %d", step)
    began = time.monotonic() - spent
    stream = batches(prepared, recipe, settings.seed + step)
    while True:
        spent = time.monotonic() - began
        share = max(
            step / settings.steps if settings.steps else 0.0,
            spent / 60 / settings.minutes if settings.minutes else 0.0,
        )
        if share >= 1.0:
            break
        rate = settings.rate * min(1.0, (step + 1) / 100) * (1.0 - share)
        adam.param_groups[0]["lr"] = rate
        loss, right = _step(torch, weight, next(stream), settings)
        adam.step()
        adam.zero_grad(set_to_none=False)
        step += 1
        if progress is not None and step % settings.report == 0:
            progress(Progress(step, share, loss, right, spent))
        if checkpoint is not None and step % settings.checkpoint == 0:
            state = {"weight": weight.detach(), "adam": adam.state_dict()}
            state |= {"step": step, "spent": spent}
            temporary = checkpoint.with_suffix(".part")
            torch.save(state, temporary)
            temporary.replace(checkpoint)
    vectors: npt.NDArray[np.float32] = weight.detach().cpu().numpy()
    return vectors
