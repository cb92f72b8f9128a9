"""The capstone's answer, in the direction of few epochs: all four constraints in about a minute of training on two CPU cores.

Against iteration 10: the first convolution has a stride of 2, so every later map has a quarter of the positions; no dropout,
whose work weight decay, a pixel of shift and few epochs do; the rate rises and falls once (one cycle), stepping every
batch. `python -m solutions bench --parts recipe` measures it over five seeds; results/bench.json has the last measurement.
"""

from functools import partial

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

from course import RandomRotation, RandomShift, Recipe

goal = "the fewest epochs"

recipe = Recipe(
    epochs=8,
    batch_size=128,
    optimizer=partial(SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
    schedule=partial(OneCycleLR, max_lr=0.1),
    augment=(RandomRotation(7), RandomShift(1)),
    seed=1,
)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),  # (N, 16, 12, 12)
            nn.Conv2d(16, 16, 3, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),  # (N, 16, 10, 10)
            nn.Conv2d(16, 32, 3, bias=False),
            nn.MaxPool2d(2),  # before the normalisation: a quarter of the numbers to normalise
            nn.BatchNorm2d(32),
            nn.ReLU(),  # (N, 32, 4, 4)
            nn.Conv2d(32, 32, 3, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),  # (N, 32, 2, 2)
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(32, 10, 1),  # (N, 10, 1, 1)
        )

    def forward(self, x):
        return self.layers(x).flatten(1)


prediction = """\
Few epochs. I keep the 3×3 layers, the average pooling and the 1×1 convolution behind it, since they cost few parameters, and
BatchNorm, since it bears a large rate. I leave dropout out: it slows learning down, and in a few epochs little is learned by
heart. A stride of 2 in the first layer makes an epoch cheap. One cycle up to 0.1 should do in eight epochs what a constant 0.01
does in nineteen. The mean of the last epochs over several seeds decides.
"""

analysis = """\
Eight epochs instead of nineteen; what the last epochs of five seeds gave stands in docs/speed.md, and their mean decides, not the
best. One standard error at 99.4% is 0.08 points: I claim that the line is reached, and not that the network is better than lesson
8's. Which change brought most I cannot tell from these runs: the rate, dropout and the stride were changed together. One run with
dropout put back, and one with a constant rate, would separate them. I expect the rate to matter most.
"""
