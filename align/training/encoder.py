"""Trains the static encoder: one vector per token, a sentence being the sum of its tokens.

Symmetric InfoNCE (van den Oord 2018, https://arxiv.org/abs/1807.03748; for translation ranking
Yang 2019, https://arxiv.org/abs/1902.08564) over in-batch negatives with an additive margin. The
gradient is written out: with S = scale * cos, P = exp(S), the loss's derivative by S is
(P / row sums + P / column sums) / 2 - identity, one pass instead of autograd's six over [n, n].
Identical texts in a batch are not each other's negatives.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
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
    scale: float = 20.0  # inverse temperature
    margin: float = 0.4  # taken from the cosine of the true pair
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


def _twins(keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All (i, j), i != j, with equal keys."""
    order = np.argsort(keys, kind="stable")
    left, right = [], []
    step, ranked = 1, keys[order]
    while step < len(keys):
        (at,) = np.nonzero(ranked[step:] == ranked[:-step])
        if not len(at):
            break
        left += [order[at], order[at + step]]
        right += [order[at + step], order[at]]
        step += 1
    empty = np.zeros(0, np.int64)
    return np.concatenate([empty, *left]), np.concatenate([empty, *right])


class _Loss:
    """Symmetric InfoNCE over [n, n] in-batch scores; keeps its large arrays between calls."""

    def __init__(self, torch: Any, device: str, settings: Settings) -> None:
        self.torch, self.scale, self.margin = torch, settings.scale, settings.margin
        self.block = 256 if device == "cpu" else 1 << 30  # rows that stay in the cache
        usable = device == "cpu" or torch.cuda.is_bf16_supported()
        self.half = torch.bfloat16 if usable else torch.float32
        self.p: Any = torch.empty(0, 0)

    def __call__(self, a: Any, b: Any, batch: Batch) -> tuple[float, float, Any]:
        """Loss, accuracy and the gradient by the unit rows a and b, [n, d] each, as [2n, d]."""
        torch, n, scale = self.torch, len(a), self.scale
        if len(self.p) != n:
            self.p = torch.empty(n, n, device=a.device)
            self.g = torch.empty(n, n, device=a.device, dtype=self.half)
            self.rows = torch.empty(min(self.block, n), n, device=a.device)
        p, g = self.p, self.g
        a16, b16 = a.to(self.half), b.to(self.half)
        true = (a16.float() * b16.float()).sum(1).sub_(self.margin).mul_(scale)  # [n]
        across = b16.T.contiguous()
        for at in range(0, n, self.block):  # exp(S - scale): cos <= 1 keeps it in range
            rows = p[at : at + self.block]
            rows.copy_(a16[at : at + self.block] @ across)
            rows.mul_(scale).sub_(scale).exp_()
        diagonal = p.diagonal()
        right = float((p.amax(1) <= diagonal).float().mean())
        hits = torch.exp(true - scale)
        diagonal.copy_(hits)
        for keys in (batch.src_keys, batch.tgt_keys):
            i, j = _twins(keys)
            p[torch.from_numpy(i), torch.from_numpy(j)] = 0.0
        row, column = p.sum(1), p.sum(0)
        loss = float(((row.log() + column.log()) / 2 + scale - true).mean())
        row, column = 0.5 / row, 0.5 / column
        for at in range(0, n, self.block):
            rows = self.rows[: min(self.block, n - at)]
            torch.add(row[at : at + self.block, None], column, out=rows)
            g[at : at + self.block] = rows.mul_(p[at : at + self.block])
        g.diagonal().copy_(hits * (row + column) - 1.0)
        gradient = torch.cat([g @ b16, g.T @ a16]).float().mul_(scale / n)
        return loss, right, gradient


def _step(torch: Any, weight: Any, batch: Batch, criterion: _Loss) -> tuple[float, float]:
    """Puts the gradient of one batch into weight.grad; returns loss and in-batch accuracy."""
    device = weight.device
    tokens = np.concatenate([batch.src, batch.tgt])  # [t]
    starts = np.concatenate([batch.src_starts, batch.tgt_starts + len(batch.src)])  # [2n]
    bag = torch.nn.functional.embedding_bag
    sums = bag(
        torch.from_numpy(tokens).to(device), weight, torch.from_numpy(starts).to(device), mode="sum"
    )
    norms = sums.norm(dim=1, keepdim=True).clamp_min(1e-6)
    units = sums / norms
    n = len(batch.src_starts)
    loss, right, g = criterion(units[:n], units[n:], batch)
    g = (g - (g * units).sum(1, keepdim=True) * units) / norms  # [2n, d], by the sums
    # the transpose of a bag is a bag: for each token, the examples it stands in
    order = np.argsort(tokens, kind="stable")
    example = np.repeat(np.arange(2 * n), np.diff(starts, append=len(tokens)))[order]
    used, first = np.unique(tokens[order], return_index=True)
    rows = bag(
        torch.from_numpy(example).to(device), g, torch.from_numpy(first).to(device), mode="sum"
    )
    weight.grad[torch.from_numpy(used).to(device)] = rows
    return loss, right


def _ahead(stream: Iterator[Batch]) -> Iterator[Batch]:
    """Makes the next batches in a thread while the last one is learned from."""
    waiting: queue.Queue[Batch | BaseException] = queue.Queue(3)
    stop = threading.Event()

    def put(item: Batch | BaseException) -> None:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=0.2)
                return

    def work() -> None:
        try:
            for batch in stream:
                put(batch)
                if stop.is_set():
                    return
        except BaseException as error:  # whoever waits for a batch must hear of it
            put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            item = waiting.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()


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
    where = "the GPU" if device == "cuda" else f"the CPU, threads: {torch.get_num_threads()}"
    log.info("training %d x %d values on %s", tokens, settings.dims, where)
    weight = torch.empty(tokens, settings.dims, device=device)
    if start is not None:
        weight.copy_(torch.from_numpy(np.array(start)))
    else:
        weight.normal_(0.0, settings.init)
    weight.grad = torch.zeros_like(weight)
    adam = torch.optim.AdamW(
        [weight], lr=settings.rate, betas=(0.9, 0.99), weight_decay=settings.decay, fused=True
    )
    criterion = _Loss(torch, device, settings)
    step, spent = 0, 0.0
    if resume and checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        weight.copy_(state["weight"])
        adam.load_state_dict(state["adam"])
        step, spent = int(state["step"]), float(state["spent"])
        log.info("resumed at step %d", step)
    began = time.monotonic() - spent
    stream = _ahead(batches(prepared, recipe, settings.seed + step))
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
        loss, right = _step(torch, weight, next(stream), criterion)
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
