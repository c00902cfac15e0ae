"""One step of the trainer: its gradient, and that everything is made on the device of the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from align.training import encoder
from align.training.batches import Batch

torch = pytest.importorskip("torch", reason="training needs torch")


def batch(examples: int, tokens: int) -> Batch:
    """Random token numbers; examples 4 and 5 have the same source text."""
    rng = np.random.default_rng(0)

    def side() -> tuple[np.ndarray, np.ndarray]:
        lengths = rng.integers(1, 5, examples)
        return rng.integers(0, tokens, lengths.sum()), np.cumsum(lengths) - lengths

    keys = np.arange(examples)
    return Batch("de-en", *side(), *side(), np.where(keys == 5, 4, keys), keys)


def wanted(a: Any, b: Any, made: Batch, settings: encoder.Settings) -> tuple[float, Any]:
    """Loss and gradient by autograd, as the method is told in words."""
    a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
    n = len(a)
    scores = settings.scale * (a @ b.T - settings.margin * torch.eye(n))
    twins = torch.zeros(n, n, dtype=torch.bool)
    for keys in (made.src_keys, made.tgt_keys):
        same = torch.from_numpy(keys)
        twins |= same[:, None] == same
    scores = scores.masked_fill(twins & ~torch.eye(n, dtype=torch.bool), -1e9)
    entropy, own = torch.nn.functional.cross_entropy, torch.arange(n)
    loss = (entropy(scores, own) + entropy(scores.T, own)) / 2
    loss.backward()
    return float(loss.detach()), torch.cat([a.grad, b.grad])


@pytest.mark.parametrize(
    ("device", "tolerance"),
    # a GPU without bfloat16: float32, all rows at once; the CPU: bfloat16, blocks of rows
    [("cuda", 1e-5), ("cpu", 2e-2)],
)
def test_the_gradient_is_that_of_the_loss(
    device: str, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    made, settings = batch(600, 50), encoder.Settings()
    torch.manual_seed(0)
    a = torch.nn.functional.normalize(torch.randn(600, 16))
    b = torch.nn.functional.normalize(a + 0.2 * torch.randn(600, 16))
    loss, right, gradient = encoder._Loss(torch, device, settings)(a, b, made)
    expected, slope = wanted(a, b, made, settings)
    assert loss == pytest.approx(expected, rel=tolerance)
    assert float((gradient - slope).abs().max()) <= tolerance * float(slope.abs().max())
    assert 0 < right < 1


@pytest.mark.parametrize("bfloat16", [True, False])
def test_a_step_stays_on_its_device(bfloat16: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors with a shape and a device but no values: to mix devices is an error, as on a GPU."""
    fake = pytest.importorskip("torch._subclasses.fake_tensor")
    config = pytest.importorskip("torch._functorch.config")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bfloat16)
    monkeypatch.setattr(encoder, "float", lambda value: 0.0, raising=False)  # there is no value
    allowed = config.patch(fake_tensor_allow_meta=True)
    with allowed, fake.FakeTensorMode(allow_non_fake_inputs=True):
        weight = torch.empty(50, 8, device="meta")
        weight.grad = torch.zeros_like(weight)
        loss = encoder._Loss(torch, "cuda", encoder.Settings())
        encoder._step(torch, weight, batch(6, 50), loss)
        assert {t.device.type for t in (weight.grad, loss.p, loss.g, loss.rows)} == {"meta"}
        assert loss.g.dtype == (torch.bfloat16 if bfloat16 else torch.float32)
        with pytest.raises(RuntimeError, match="device"):
            loss.p.add(torch.zeros(6, 6))  # so that a mistake would be seen


def test_an_error_while_making_batches_is_raised_and_not_waited_for() -> None:
    def stream() -> Iterator[Batch]:
        yield batch(3, 9)
        raise OSError("the disk is gone")

    ahead = encoder._ahead(stream())
    assert len(next(ahead).src_keys) == 3
    with pytest.raises(OSError, match="the disk is gone"):
        next(ahead)
