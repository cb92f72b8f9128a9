"""Iteration 4, batch normalisation: every layer's output is brought to mean 0 and deviation 1, channel by channel.

Against iteration 3: BatchNorm stands between convolution and ReLU everywhere but after the last convolution, for
two learned numbers a channel: 180 parameters more.
"""

from functools import partial

from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Recipe

recipe = Recipe(epochs=20, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9), seed=1)


def batch_norm(x, weight, bias, eps=1e-5):
    mean = x.mean(dim=(0, 2, 3), keepdim=True)  # (1, C, 1, 1)
    variance = x.var(dim=(0, 2, 3), keepdim=True, correction=0)
    normalised = (x - mean) / (variance + eps).sqrt()
    return normalised * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)


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
            nn.ReLU(),  # (N, 20, 22, 22)
            nn.MaxPool2d(2),  # (N, 20, 11, 11)
            nn.Conv2d(20, 10, 1, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),  # (N, 10, 11, 11)
            nn.Conv2d(10, 10, 3, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),  # (N, 10, 9, 9)
            nn.Conv2d(10, 20, 3, bias=False),
            nn.BatchNorm2d(20),
            nn.ReLU(),  # (N, 20, 7, 7)
            nn.Conv2d(20, 10, 1, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),  # (N, 10, 7, 7)
            nn.Conv2d(10, 10, 7, bias=False),  # (N, 10, 1, 1)
        )

    def forward(self, x):
        return F.log_softmax(self.layers(x).flatten(1), dim=1)


prediction = """\
All but the last ten: 10 + 10 + 20 + 10 + 10 + 20 + 10 = 90 channels, so 180 parameters more, 10,970. In a fresh network
differences between digits now reach the last layer, so I expect it to learn at once, 9 of 10 digits or more after the
first epoch. Both accuracies should rise. What is used better can also learn more by heart, so the gap may grow.
"""

analysis = """\
1. The test accuracy, 98.34%. The log's best epoch has 9,934 right answers, 99.34%, and no epoch has fewer than 9,809. It
would be below iteration 3's 98.55%, while the training accuracy rose, and "will not reach 99.4%" is what one says at
99.3%. Most likely one digit was mistyped.
2. After the first epoch 9,809 digits are right instead of 974. The best test accuracy rose from 98.55% to 99.34%, 79
digits. The gap of the last epoch grew from 0.49 to 0.72 points.
3. Yes: 99.94% in training and 99.22% in the test, in the log's last epoch. In the table above, both measured alike, my
network shows it as well. Training accuracy has no room left and test accuracy has not risen since epoch 8, so more
epochs would not help.
4. In training mode, among its like and alone: mean and variance then come from one kind of digit, or from one digit,
and are far from those of the training, so what these digits have in common is taken away. In evaluation mode the
running figures are used, and the company does not matter.
"""
