"""The U-Net: plain double convolutions as published, or with batch norm, residual blocks and bilinear up-sampling."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """Two 3x3 convolutions with ReLU; batch norm and a shortcut on request."""

    def __init__(self, inputs: int, outputs: int, norm: bool = True, residual: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in ((inputs, outputs), (outputs, outputs)):
            layers.append(nn.Conv2d(a, b, 3, padding=1, bias=not norm))
            if norm:
                layers.append(nn.BatchNorm2d(b))
            layers.append(nn.ReLU(inplace=True))
        self.body = nn.Sequential(*layers[:-1])
        self.short = nn.Conv2d(inputs, outputs, 1, bias=False) if residual else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        if self.short is not None:
            y = y + self.short(x)
        return F.relu(y)


class UNet(nn.Module):
    """`poolings` levels down and up again; `base` channels at the top, twice as many a level down, at most `most`.

    Input [batch, channel, row, column] with rows and columns multiples of 2 ** poolings; output one logit a pixel.
    """

    def __init__(
        self,
        inputs: int = 1,
        base: int = 16,
        poolings: int = 4,
        most: int = 256,
        norm: bool = True,
        residual: bool = False,
        bilinear: bool = False,
    ) -> None:
        super().__init__()
        self.settings = dict(
            inputs=inputs, base=base, poolings=poolings, most=most, norm=norm, residual=residual, bilinear=bilinear
        )
        wide = [min(base * 2**i, most) for i in range(poolings + 1)]
        self.down = nn.ModuleList(Block(a, b, norm, residual) for a, b in zip([inputs, *wide], wide))
        self.up = nn.ModuleList()
        self.merge = nn.ModuleList()
        for deep, flat in zip(wide[:0:-1], wide[-2::-1]):
            if bilinear:
                self.up.append(
                    nn.Sequential(nn.Conv2d(deep, flat, 1), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False))
                )
            else:
                self.up.append(nn.ConvTranspose2d(deep, flat, 2, stride=2))
            self.merge.append(Block(2 * flat, flat, norm, residual))
        self.head = nn.Conv2d(wide[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else F.max_pool2d(x, 2))
            kept.append(x)
        kept.pop()
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([kept.pop(), up(x)], dim=1))
        return self.head(x)


def parameters(model: nn.Module) -> int:
    """The count of numbers that the model learns."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
