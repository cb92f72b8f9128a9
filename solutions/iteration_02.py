"""Iteration 2, the skeleton: two blocks of 3×3 convolutions with a transition between them.

Against iteration 1: no padding and no biases; one max-pool, after which a 1×1 convolution narrows 128 channels to
32; the widest layers are 128 channels, not 1,024. The last kernel is as large as its map, 7×7.
"""

from functools import partial

from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Recipe

recipe = Recipe(epochs=20, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9), seed=1)


def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * jump
        jump *= stride
    return size


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, bias=False)
        self.conv2 = nn.Conv2d(32, 64, 3, bias=False)
        self.conv3 = nn.Conv2d(64, 128, 3, bias=False)
        self.transition = nn.Conv2d(128, 32, 1, bias=False)
        self.conv4 = nn.Conv2d(32, 64, 3, bias=False)
        self.conv5 = nn.Conv2d(64, 128, 3, bias=False)
        self.conv6 = nn.Conv2d(128, 10, 1, bias=False)
        self.conv7 = nn.Conv2d(10, 10, 7, bias=False)

    def forward(self, x):
        x = F.relu(self.conv1(x))  # (N, 32, 26, 26)
        x = F.relu(self.conv2(x))  # (N, 64, 24, 24)
        x = F.relu(self.conv3(x))  # (N, 128, 22, 22)
        x = F.max_pool2d(x, 2)  # (N, 128, 11, 11)
        x = F.relu(self.transition(x))  # (N, 32, 11, 11)
        x = F.relu(self.conv4(x))  # (N, 64, 9, 9)
        x = F.relu(self.conv5(x))  # (N, 128, 7, 7)
        x = F.relu(self.conv6(x))  # (N, 10, 7, 7)
        x = self.conv7(x)  # (N, 10, 1, 1)
        return F.log_softmax(x.flatten(1), dim=1)


prediction = """\
The skeleton has about a thirtieth of the parameters. It should learn more slowly and over-fit less, and lose perhaps
half a point.
"""

analysis = """\
The network works with 3% of the parameters, but the gap between training and test accuracy is still there: some over-
fitting. It is still wide, up to 128 channels. The blocks, the transition and the final receptive field of the whole
image are right, so from here on this skeleton stays and only its widths and what stands between its layers change.
"""
