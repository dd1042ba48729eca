"""Losses on logits, and the two scores."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Tensor, Tensor], Tensor]


def bce(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy with logits, as published."""
    return F.binary_cross_entropy_with_logits(logits, target)


def soft_dice(logits: Tensor, target: Tensor, smooth: float = 50.0) -> Tensor:
    """1 - Dice of the probabilities over the whole batch, so that slices without tumour do not dominate."""
    p = torch.sigmoid(logits)
    return 1 - (2 * (p * target).sum() + smooth) / (p.sum() + target.sum() + smooth)


def bce_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy and Dice together; none where the target is less than 0, which stands for unknown."""
    if bool((target < 0).any()):
        known = target >= 0
        logits, target = logits[known], target[known]
    return bce(logits, target) + soft_dice(logits, target)


LOSSES: dict[str, Loss] = {"bce": bce, "bce+dice": bce_dice}


class Score:
    """Adds up overlaps over batches; Dice and IoU of everything seen."""

    def __init__(self) -> None:
        self.both = self.ours = self.theirs = 0

    def add(self, found: Tensor, target: Tensor) -> None:
        found, target = found.bool(), target.bool()
        self.both += int((found & target).sum())
        self.ours += int(found.sum())
        self.theirs += int(target.sum())

    @property
    def dice(self) -> float:
        total = self.ours + self.theirs
        return 2 * self.both / total if total else 1.0

    @property
    def iou(self) -> float:
        union = self.ours + self.theirs - self.both
        return self.both / union if union else 1.0
