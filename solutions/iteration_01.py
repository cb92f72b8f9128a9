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
    device = next(network.parameters()).device
    network.train()
    loss_sum, right, digits = 0.0, 0, 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
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
    device = next(network.parameters()).device
    network.eval()
    loss_sum, right, digits = 0.0, 0, 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        scores = network(images)
        loss_sum += F.cross_entropy(scores, labels, reduction="sum").item()
        right += (scores.argmax(dim=1) == labels).sum().item()
        digits += len(labels)
    return loss_sum / digits, 100 * right / digits


prediction = """\
The convolution 512 → 1024 has the most: 3² · 512 · 1024, about 4.7 million. Untrained, all ten scores are about alike,
so the loss is about log 10 = 2.3 and the accuracy about 10%. With thousands of parameters for each of a few hundred
digits, the network can learn those digits by heart, so I expect the accuracy on them to be higher.
"""

analysis = """\
It over-fits. In my run the training accuracy of the last epoch is far above the test accuracy, and in the documented
log it is 100.00% against 99.27%. The convolutions 256 → 512 and 512 → 1024 hold 5.9 of 6.4 million parameters, 92%.
Numbers 4, 5 and 6 do most of the work, 130 of 159 million multiply-adds: number 4 has few weights, but uses each at 14 · 14
positions. More epochs bring little: the log's test accuracy has hardly risen since epoch 6. More digits bring much: the
gap is far smaller with 60,000 than in my run. A smaller network should narrow the gap, but that alone does not raise
test accuracy: no lighter network's log is better before iteration 8. What it saves for certain is work.
"""
