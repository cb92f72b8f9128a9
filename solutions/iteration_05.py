"""Iteration 5, regularisation: dropout at two places.

Against iteration 4: a quarter of the activations is switched off before the max-pool, and again after the sixth
convolution. No parameters more. The documented run has 25 epochs.
"""

from functools import partial

from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Recipe

recipe = Recipe(epochs=25, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9), seed=1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 10, 3, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),  # (N, 10, 26, 26)
            nn.Conv2d(10, 10, 3, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),  # (N, 10, 24, 24)
            nn.Conv2d(10, 20, 3, bias=False),
            nn.BatchNorm2d(20),
            nn.ReLU(),
            nn.Dropout(0.25),  # (N, 20, 22, 22)
            nn.MaxPool2d(2),  # (N, 20, 11, 11)
            nn.Conv2d(20, 10, 1, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),  # (N, 10, 11, 11)
            nn.Conv2d(10, 10, 3, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),  # (N, 10, 9, 9)
            nn.Conv2d(10, 20, 3, bias=False),
            nn.BatchNorm2d(20),
            nn.ReLU(),
            nn.Dropout(0.25),  # (N, 20, 7, 7)
            nn.Conv2d(20, 10, 1, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),  # (N, 10, 7, 7)
            nn.Conv2d(10, 10, 7, bias=False),  # (N, 10, 1, 1)
        )

    def forward(self, x):
        return F.log_softmax(self.layers(x).flatten(1), dim=1)


prediction = """\
Dropout makes training harder and leaves evaluation alone: training accuracy should fall, test accuracy stay or rise a
little.
"""

analysis = """\
Training accuracy falls by half a point and test accuracy stays at about 99.3%: the gap has closed, so regularisation
works. With this capacity it does not go further. The last kernel, 7×7, holds 4,900 of 10,970 parameters, which is a
fully connected layer in disguise: global average pooling can do its work without any. The document's 98.35% is 99.35%
in its log.
"""
