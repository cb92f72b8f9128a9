"""Iteration 1, the set-up: data, loaders and both loops in plain PyTorch, around a network far too large.

Nothing came before. Seven convolutions with biases take 28×28 to 1×1; the widest pair alone holds 4.7 million
weights.
"""

from functools import partial

import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from course import Recipe

recipe = Recipe(epochs=20, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9), seed=1)


def mean_and_std(images):
    pixels = images.float() / 255
    return pixels.mean().item(), pixels.std().item()


def make_transform():
    return transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])


class DigitDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = Image.fromarray(self.images[index].numpy())
        if self.transform:
            image = self.transform(image)
        return image, int(self.labels[index])


def make_loaders(train_set, test_set, batch_size=128):
    return DataLoader(train_set, batch_size, shuffle=True), DataLoader(test_set, batch_size)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.conv4 = nn.Conv2d(128, 256, 3, padding=1)
        self.conv5 = nn.Conv2d(256, 512, 3)
        self.conv6 = nn.Conv2d(512, 1024, 3)
        self.conv7 = nn.Conv2d(1024, 10, 3)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))  # (N, 64, 28, 28)
        x = F.max_pool2d(x, 2)  # (N, 64, 14, 14)
        x = F.relu(self.conv4(F.relu(self.conv3(x))))  # (N, 256, 14, 14)
        x = F.max_pool2d(x, 2)  # (N, 256, 7, 7)
        x = F.relu(self.conv6(F.relu(self.conv5(x))))  # (N, 1024, 3, 3)
        x = self.conv7(x)  # (N, 10, 1, 1)
        return F.log_softmax(x.flatten(1), dim=1)


def train_epoch(network, loader, optimizer):
    network.train()
    loss_sum, right, digits = 0.0, 0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        scores = network(images)
        loss = F.cross_entropy(scores, labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        right += (scores.argmax(dim=1) == labels).sum().item()
        digits += len(labels)
    return loss_sum / digits, 100 * right / digits


@torch.no_grad()
def evaluate(network, loader):
    network.eval()
    loss_sum, right, digits = 0.0, 0, 0
    for images, labels in loader:
        scores = network(images)
        loss_sum += F.cross_entropy(scores, labels, reduction="sum").item()
        right += (scores.argmax(dim=1) == labels).sum().item()
        digits += len(labels)
    return loss_sum / digits, 100 * right / digits


prediction = """\
Almost all parameters sit in the convolution 512 → 1024: 512 · 1024 · 9, about 4.7 million. With a hundred parameters
for every training digit I expect training accuracy to reach 100% and test accuracy to stay below it.
"""

analysis = """\
The network learns the training digits by heart: its training accuracy reaches 100% while its test accuracy stops
rising early and then only wavers. That gap is over-fitting. The loops work, so the next step is not more training, it
is a smaller network: most of these parameters are in two layers that see a map of only 5×5 and 3×3 positions.
"""
