# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 1: the set-up
#
# In ten lessons you take a network that reads handwritten digits from more than six million parameters to fewer than 20,000. Before anything can be
# made better, it has to run. In this lesson you write all of it yourself, in plain PyTorch: the data, the network, the loop that trains it and the loop
# that tests it. From lesson 2 on, one function does this for you, and you will know what it does.

# %% [markdown]
# ## Target
#
# - Bring the digits into a form that a network can work with: statistics, transform, dataset, loaders.
# - Build a first network. It is far too large, on purpose: all later ones are compared with it.
# - Write the training loop and the test loop.
# - See the network begin to over-fit, and know what that means.

# %%
import time

import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from course import Graph, iteration, load_data
from course import plot_digits, plot_history
from course.plots import OTHER, TEST, TRAIN, Picture
from course.replay import is_graded_run
from course.submission import Epoch
from graders import lesson_checks

check, hint = lesson_checks(1)
data = load_data()
this = iteration(1)

# %% [markdown]
# Every lesson repeats an experiment that somebody has run before. The course follows a short *document*: ten
# *iterations*, each with a target, results and an analysis. Each has a notebook of its own, and what that
# printed is its *log*. This is what is documented of iteration 1. At the end you will put your own figures
# beside it.

# %%
this.header()

# %% [markdown]
# ## Look
#
# MNIST has 60,000 digits to learn from, and 10,000 others to test with. Each is a grey image of 28×28 pixels
# with a label: the digit that its writer meant. All of them together are a *tensor*: a table of numbers, with
# any number of axes.

# %%
print("training:", tuple(data.train_images.shape), data.train_images.dtype, "with labels", tuple(data.train_labels.shape))
print("test:    ", tuple(data.test_images.shape), data.test_images.dtype, "with labels", tuple(data.test_labels.shape))

# %%
plot_digits(data.train_images[:24], data.train_labels[:24])

# %% [markdown]
# An image is a table of numbers. Here is a piece of the first one: 0 is background, 255 is the darkest ink. The type is `uint8`, whole numbers from 0
# to 255.

# %%
for line in data.train_images[0, 5:14, 8:22].tolist():
    print(" ".join(f"{value:3d}" for value in line))

# %% [markdown]
# How often does each digit occur, and how often does each pixel value?

# %%
per_digit, per_value = data.train_labels.bincount(minlength=10), data.train_images.flatten().bincount(minlength=256)
share = 100 * per_value / per_value.sum()  # percent
overview = Picture(figsize=(10, 3), layout="constrained")
bars, curve = overview.subplots(1, 2)
bars.bar(range(10), per_digit, color=TEST["color"])
bars.set(xlabel="label", ylabel="training digits", xticks=range(10))
curve.plot(share, color=TEST["color"])
curve.set(xlabel="pixel value", ylabel="share of all pixels (%)", yscale="log")
overview.alt = (
    f"Left, bars: training digits by label, from {per_digit.min():,} to {per_digit.max():,}. Right: share of pixels by value; "
    f"{share[0]:.1f}% are 0, {share[255]:.1f}% are 255, no value between has more than {share[1:255].max():.1f}%"
)
overview

# %%
print(f"rarest digit: {per_digit.argmin()}, {per_digit.min():,} times")
print(f"most frequent digit: {per_digit.argmax()}, {per_digit.max():,} times")
print(
    f"always answering {per_digit.argmax()} would be right for "
    f"{100 * per_digit.max() / per_digit.sum():.1f}% of the training digits"
)
print(f"pixels that are 0: {share[0]:.1f}%; between 1 and 254: {share[1:255].sum():.1f}%; 255: {share[255]:.1f}%")

# %% [markdown]
# The ten digits are about equally frequent. So accuracy, the share of right answers, is a fair measure, and a network that knows nothing gets about
# 10%.
#
# Most pixels are background. The mean of all pixels is therefore far from the middle between black and white.

# %% [markdown]
# **Why normalise?** A network starts with random weights around 0. They suit inputs that lie around 0, too, and spread by about 1. Pixels do neither:
# none is negative. Then the weights of a kernel tend to be pushed up or down *together*, which makes learning slow. So from each pixel x, scaled
# to 0..1, take the mean m of all pixels and divide by their standard deviation s:
#
# - (x − m) / s
#
# Now the mean is 0 and the deviation 1. Nothing is lost: it is only another scale.

# %% [markdown]
# **What does a convolution do?** It slides a small window over its input. At each position it multiplies the k×k values in the window by k×k weights, the
# *kernel*, and adds up: one number. All these numbers together are a new image, a *map*. Several maps side by side are *channels*. A layer makes new channels
# from those that it is given.

# %% [markdown]
# **How many parameters has a convolution?** For each *output* channel it has k² weights for each *input* channel, and one number more, the bias, which is
# added at the end:
#
# - parameters = k² · in · out + out
# - 3×3, from 1 channel to 32: 9 · 1 · 32 + 32 = 320
# - 3×3, from 32 channels to 64: 9 · 32 · 64 + 64 = 18,496
#
# The size of the image does not occur in it: the same weights are used everywhere. It does occur in the *work*: each weight is used once for every
# position of the output. On a map of 28×28, the 18,432 weights of the second line are multiplied 784 times each, about 14 million multiply-adds for one
# digit.

# %% [markdown]
# **What is the loss?** The network gives ten scores a digit. *Softmax* turns them into ten probabilities that add up to 1: p = exp(score) / the sum of
# all ten exp(score). *Cross-entropy* looks only at the probability p of the right digit: the loss is −log p. If p is 1, the loss is 0. If p is small,
# the loss is large.

# %%
undecided = torch.zeros(1, 10)  # ten scores, all alike
sure_of_three = torch.zeros(1, 10)
sure_of_three[0, 3] = 5.0
for said, ten in (("undecided", undecided), ("sure of 3", sure_of_three)):
    for meant in (3, 8):
        print(
            f"{said:9}  if the digit is {meant}: probability {ten.softmax(dim=1)[0, meant]:.3f}, "
            f"loss {F.cross_entropy(ten, torch.tensor([meant])):.3f}"
        )

# %% [markdown]
# To be undecided costs −log 0.1 = 2.303. To be sure and wrong costs more than that. Why not simply count the mistakes? Because a count does not change
# when a weight moves a little, so it does not say in which direction to go. The loss does.

# %% [markdown]
# ## Predict
#
# The network of this lesson has seven convolutions, all 3×3 and with biases. The channels go 1 → 32 → 64 → 128 → 256 → 512 → 1024 → 10. Write down your
# answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. Which convolution has the most parameters, and about how many?
# 2. Before any training, what will the loss and the accuracy be, about?
# 3. You will train on a few hundred digits only. Which will be higher in the end, the accuracy on those digits or the one on test digits? Why?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your prediction, in two or three sentences:*

# %% [markdown]
# ## Build
#
# There are seven things to write. Where you find `raise NotImplementedError`, your code belongs; take that line out. First the data, in four steps. A
# mistake in the data spoils everything behind it, so each step is checked at once. A check answers *correct*, *not yet* (with what it saw, what it
# expected, what to try) or *not attempted*. `hint("statistics")` prints a hint, `hint("statistics", 2)` one that says more.
#
# Below the sentence, a check cell ends in a bare number such as `8.0` or `0.0`. It is the marks of this check; nbgrader reads it there. Your prediction
# and your analysis have no such number: they are graded by hand.
#
# **Statistics.** The mean and the standard deviation of all pixels of all digits together, with pixels scaled to 0..1.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "mean_and_std", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_and_std(images):
    # images: whole numbers from 0 to 255, of the shape (N, 28, 28).
    # Return two plain numbers: the mean, then the standard deviation. tensor.item() makes a plain number of a tensor.
    raise NotImplementedError

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "statistics", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
check("statistics", mean_and_std=mean_and_std)

# %% [markdown]
# For MNIST's training digits it should be 0.1307 and 0.3081. These two numbers stand in almost every program that uses MNIST. Now you know where they
# come from.

# %%
print("mean {:.4f}, standard deviation {:.4f}".format(*mean_and_std(data.train_images)))

# %% [markdown]
# The *training* digits alone are used for this. Test digits stand for digits that nobody has seen yet, so nothing may be computed from them in advance.
#
# **Transform.** A function from an image to the tensor that the network gets. torchvision has the pieces:
#
# - `transforms.ToTensor()` makes an image a `float32` tensor of the shape (1, 28, 28), and brings its pixels to 0..1. The 1 in front is the channel:
#   grey has one, colour has three.
# - `transforms.Normalize(means, deviations)` does (x − m) / s. It takes one mean and one deviation a channel, so two tuples of one number each.
# - `transforms.Compose([first, second])` makes one function of two.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "make_transform", "locked": false, "schema_version": 3, "solution": true, "task": false}
def make_transform():
    # Return the two steps as one. Use the mean and the deviation of MNIST's training digits, with four decimals, as numbers.
    raise NotImplementedError

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "transform", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("transform", make_transform=make_transform)

# %% [markdown]
# Background should now be about −0.42, and the darkest ink about 2.82.

# %%
normalised = make_transform()(Image.fromarray(data.train_images[0].numpy()))
print(tuple(normalised.shape), normalised.dtype, f"from {normalised.min():.2f} to {normalised.max():.2f}")

# %% [markdown]
# **Dataset.** PyTorch asks a dataset two questions: *how many items have you?* and *which is number i?* In Python these are the methods `__len__` and
# `__getitem__`; you call them as `len(dataset)` and `dataset[i]`. An item is a pair here: the transformed image, and its label as a whole number.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "DigitDataset", "locked": false, "schema_version": 3, "solution": true, "task": false}
class DigitDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        # images (N, 28, 28), labels (N,), and a transform for one image
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        # How many items are there?
        raise NotImplementedError

    def __getitem__(self, index):
        # 1. Take the image of this index. The transform expects a PIL image: Image.fromarray makes one from a NumPy array,
        #    and tensor.numpy() makes the array.
        # 2. Apply the transform, if there is one.
        # 3. Return the image and int(…) of its label.
        raise NotImplementedError

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "dataset", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("dataset", DigitDataset=DigitDataset)

# %% [markdown]
# **Loaders.** A network does not learn from one digit at a time, nor from all at once, but from small groups, *batches*. A `DataLoader` walks through a
# dataset and puts its items together: images of the shape (1, 28, 28) become one tensor of the shape (batch, 1, 28, 28). One walk through all
# training digits is an *epoch*.
#
# **Why shuffle?** Each batch is a sample from which the network guesses what all digits are like. If the order is always the same, the batches are
# always the same, and so are their accidents. If the digits are sorted, a batch has nothing but zeros in it, and the network forgets the other nine. So
# training digits are dealt in a new order in every epoch. For testing the order does not matter. There it is kept, so that a test can be repeated
# exactly.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "make_loaders", "locked": false, "schema_version": 3, "solution": true, "task": false}
def make_loaders(train_set, test_set, batch_size=128):
    # DataLoader(dataset, batch_size=…, shuffle=…)
    # Return two loaders, training first. Every digit should come up: by default, the last, smaller batch is kept.
    raise NotImplementedError

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "loaders", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("loaders", make_loaders=make_loaders)

# %% [markdown]
# Here all four come together. The cell prints the first eight labels of two epochs: the order should differ.

# %%
look_set = DigitDataset(data.train_images[:1000], data.train_labels[:1000], make_transform())
look_loader, _ = make_loaders(look_set, look_set, batch_size=100)
for walk in (1, 2):
    one_batch, its_labels = next(iter(look_loader))
    print(f"epoch {walk}: {len(look_loader)} batches, the first {tuple(one_batch.shape)}, labels {its_labels[:8].tolist()} …")

# %% [markdown]
# **The network.** It looks at a digit through windows of 3×3, seven times, and halves the map twice in between.
#
# | | layer | behind it | output |
# |---|---|---|---|
# | 1 | 3×3 convolution, 32 channels, padding 1 | ReLU | 32 × 28 × 28 |
# | 2 | 3×3 convolution, 64 channels, padding 1 | ReLU | 64 × 28 × 28 |
# | | **max-pool, 2×2** | | 64 × ? × ? |
# | 3 | 3×3 convolution, 128 channels, padding 1 | ReLU | 128 × ? × ? |
# | 4 | 3×3 convolution, 256 channels, padding 1 | ReLU | 256 × ? × ? |
# | | **max-pool, 2×2** | | 256 × ? × ? |
# | 5 | 3×3 convolution, 512 channels, **no padding** | ReLU | 512 × 5 × 5 |
# | 6 | 3×3 convolution, 1024 channels, no padding | ReLU | 1024 × ? × ? |
# | 7 | 3×3 convolution, 10 channels, no padding | nothing | 10 × 1 × 1 |
#
# - *Padding* 1 puts a rim of zeros around the map, so that it keeps its size. Without, a 3×3 window takes two pixels off.
# - *ReLU* sets what is negative to zero. Without anything between them, two convolutions would be no more than one larger one.
# - *Max-pool* 2×2 keeps the largest of every four values.
# - All convolutions have biases. That is what `nn.Conv2d` does unless it is told otherwise.
#
# The seventh convolution has a kernel as large as its map: each of the nine positions has weights of its own. That makes it a *fully connected layer*
# in disguise. The course's fourth constraint forbids it, so this lesson does not claim that constraint. From lesson 6 on there is no such layer.
# (One exception, for later: on a map that is one position already, a 1×1 convolution is allowed. It turns no axis of positions into one.)

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # What has weights is made here. The first one, to start from:
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3, padding=1)  # (N, 32, 28, 28)
        # Then six more.
        raise NotImplementedError

    def forward(self, x):
        # x: a batch of images, (N, 1, 28, 28)
        x = F.relu(self.conv1(x))
        # … F.max_pool2d(x, 2) halves the map.
        # At the end x has the shape (N, 10, 1, 1). What should be returned has the shape (N, 10):
        # x.flatten(1) drops the last two axes.
        # Return the ten scores as they are, or as the logarithms of probabilities: F.log_softmax(…, dim=1).
        # Cross-entropy is the same for both.
        raise NotImplementedError

# %% [markdown]
# The table is made from the network itself. *Receptive field* is the side, in pixels, of the window that one
# position of the map depends on. It may be larger than 28: then the window reaches over the edge of the
# image. Lesson 2 is about it.

# %%
Graph.trace(Net).table()

# %%
print(f"{Graph.trace(Net).parameters / len(data.train_labels):.0f} parameters for every training digit")

# %% [markdown]
# **The training loop.** One epoch, batch by batch, with five steps for each:
#
# 1. *Forget* the gradients of the last batch: `optimizer.zero_grad()`. PyTorch adds new gradients to old ones, so without this step the old ones would
#    go on pushing.
# 2. *Compute* the scores of this batch: call the network.
# 3. *Compare* them with the labels: cross-entropy, one number.
# 4. *Trace back*: `loss.backward()` finds for each weight in which direction, and how steeply, the loss grows. That is its gradient.
# 5. *Step*: `optimizer.step()` moves every weight a little against its gradient.
#
# **Why `train()` and `eval()`?** Some layers behave differently while training. Dropout is one: it sets some values to zero at random, but not in a
# test. The network has to be told which it is:

# %%
dropping = nn.Dropout(0.5)
print("after train():", dropping.train()(torch.ones(8)).tolist())
print("after eval(): ", dropping.eval()(torch.ones(8)).tolist())

# %% [markdown]
# This lesson's network has no such layer yet. From lesson 4 on, a forgotten `eval()` gives wrong figures without any error. So the loops do it right
# from the start: `network.train()` at the beginning of the one, `network.eval()` at the beginning of the other.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "train_epoch", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_epoch(network, loader, optimizer):
    device = next(network.parameters()).device  # where the weights are: "cpu", or "cuda" on a GPU
    # Which mode should the network be in?
    loss_sum, right, digits = 0.0, 0, 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)  # a batch has to be where the weights are
        # The five steps. F.cross_entropy(scores, labels) is the mean loss of the batch.
        #
        # Then keep count. The last batch may be smaller, so a batch counts by its size: add loss.item() * len(labels) to loss_sum.
        # scores.argmax(dim=1) is the answer to each digit: add to right how many answers are equal to the labels, as a number
        # (.sum().item()). And add len(labels) to digits.
        raise NotImplementedError
    return loss_sum / digits, 100 * right / digits  # mean loss a digit; accuracy in percent

# %% [markdown]
# **The test loop** is shorter. It computes the same two figures, and changes nothing: no gradients, no steps.
#
# **Why `no_grad()`?** For step 4, PyTorch remembers everything that was computed with weights. In a test nobody asks for gradients, so remembering
# costs memory and time for nothing. Inside `with torch.no_grad():` it does not remember:

# %%
weight = torch.ones(3, requires_grad=True)
print("remembered, so that there can be gradients:", (2 * weight).requires_grad)
with torch.no_grad():
    print("under no_grad():", (2 * weight).requires_grad)

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "evaluate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def evaluate(network, loader):
    device = next(network.parameters()).device
    # The mode; no gradients; then, batch by batch, the scores and the same three sums as in train_epoch.
    # F.cross_entropy(scores, labels, reduction="sum") is the sum of a batch's losses instead of their mean.
    # Return the mean loss a digit, and the accuracy in percent.
    raise NotImplementedError

# %% [markdown]
# ## Check
#
# The data have been checked above. What is left is the network and the two loops. What the checks say here is advice; your marks are settled by the
# grader, with the same rules.
#
# Kernels, channels and padding, layer by layer, and ReLUs and max-pools between:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "layers", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
check("layers", Net=Net)

# %% [markdown]
# The parameters, exactly:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "parameters", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("parameters", Net=Net)

# %% [markdown]
# The training loop. It gets a small network and fifty digits of pure noise; the weights afterwards should be those of a correct epoch:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "train_loop", "locked": true, "points": 14, "schema_version": 3, "solution": false, "task": false}
check("train_loop", train_epoch=train_epoch)

# %% [markdown]
# The test loop, which should leave the network as it was:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "test_loop", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("test_loop", evaluate=evaluate)

# %% [markdown]
# ## Train
#
# This network is heavy. Each digit costs it as many multiply-adds as the last line of the table says, and
# training costs about three times that: once forwards, and twice backwards, for the gradients of the weights
# and for those of the maps. On two processor cores, an epoch of 60,000 digits takes about ten minutes. So you
# train on a small budget, and look at the documented run for the rest.
#
# A few hundred digits, then. The documented run has batches of 128. With 500 digits, that would be four steps an epoch, too few to get anywhere.
# Batches of 10 make it fifty steps.
#
# Raise these numbers if you have time. The whole experiment has 60,000 digits, all 10,000 test digits,
# batches of 128, and 20 epochs.

# %%
training_digits, test_digits, batch, epochs = 500, 500, 10, 6
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

if is_graded_run():  # nbgrader runs the notebook once more; that should take seconds
    training_digits, test_digits, epochs = 100, 100, 2
    print("run by nbgrader, on a few digits: the figures below are not those that the learner saw")

few_for_training = DigitDataset(data.train_images[:training_digits], data.train_labels[:training_digits], make_transform())
few_for_testing = DigitDataset(data.test_images[:test_digits], data.test_labels[:test_digits], make_transform())
print(f"{data.name}: {len(few_for_training):,} digits to learn from, {len(few_for_testing):,} to test with; device: {device}")

# %% [markdown]
# **The optimiser** is stochastic gradient descent, `SGD`. *Stochastic* means by chance: each step is taken from the gradient g of one random batch.
# With a learning rate of 0.01, each weight moves by −0.01 · g. With a *momentum* of 0.9, a step also keeps nine tenths of the step before: directions
# that many batches agree on add up, accidents cancel.
#
# This function is the whole experiment: an epoch of training, a test, and again. It uses your two loops.

# %%
def train_and_test(network, train_loader, test_loader, optimizer, epochs, history):
    """Train for so many epochs and test after each; adds an Epoch to the list `history` for each that is finished."""
    for number in range(1, epochs + 1):
        start = time.perf_counter()
        train_loss, train_accuracy = map(float, train_epoch(network, train_loader, optimizer))
        seconds = time.perf_counter() - start
        test_loss, test_accuracy = map(float, evaluate(network, test_loader))
        right = round(test_accuracy / 100 * len(test_loader.dataset))
        rate = optimizer.param_groups[0]["lr"]
        history.append(Epoch(number, train_loss, train_accuracy, test_loss, test_accuracy, right, rate, seconds))
        print(f"epoch {number}: training {train_accuracy:5.1f}%, test {test_accuracy:5.1f}%, {seconds:.0f} s of training")

# %% [markdown]
# Before you train, test. What does a network with random weights know? Compare with your prediction. Loss and accuracy on the test digits:

# %%
torch.manual_seed(1)  # the same random weights and the same order of digits each time
heavy = Net().to(device)
loader_for_training, loader_for_testing = make_loaders(few_for_training, few_for_testing, batch_size=batch)
print("loss {:.3f}, accuracy {:.1f}%".format(*evaluate(heavy, loader_for_testing)))

# %% [markdown]
# Now train. On two cores it takes a minute or two. If you interrupt it (the square button, or the menu *Kernel*), the finished epochs are kept. To
# begin again, run the cell above first: it makes a fresh network.

# %%
history = []
train_and_test(heavy, loader_for_training, loader_for_testing, SGD(heavy.parameters(), lr=0.01, momentum=0.9), epochs, history)

# %%
plot_history(history)

# %% [markdown]
# The training figures are measured *while* training: the first batches of an epoch meet a network that knows
# less than the last ones do. So the training accuracy is a little too low and the training loss a little too
# high, and the more so the faster the network learns.
#
# That is why the test may even be ahead at first. Later the network knows its own training digits better and better, and digits that it has not seen
# not quite as well. The distance between the two is the **gap**. A network with a gap has learned, beside what digits are like, what *these* digits are
# like: it **over-fits**.

# %% [markdown]
# What would the full experiment have cost on this machine, at the speed just measured?

# %%
seconds_a_digit = min(epoch.seconds for epoch in history) / len(few_for_training)
hours = seconds_a_digit * 60_000 * this.epochs / 3600
print(f"{1000 * seconds_a_digit:.1f} ms a digit; {this.epochs} epochs of 60,000 digits: {hours:.1f} hours")

# %% [markdown]
# ## Compare
#
# Somebody has run it, on a GPU: all 60,000 digits, batches of 128, 20 epochs. This is the log of that run.

# %%
log_picture = Picture(figsize=(7, 3.4), layout="constrained")
log_axes = log_picture.subplots()
log_epochs = range(1, len(this.log.test) + 1)
log_axes.plot(log_epochs, this.log.train, label="training, documented log", **TRAIN)
log_axes.plot(log_epochs, this.log.test, label="test, documented log", **TEST)
log_axes.axhline(99.4, label="the course's goal, 99.4%", **OTHER)
log_axes.set(xlabel="epoch", ylabel="accuracy (%)", ylim=(97.9, 100.1), xticks=range(2, len(this.log.test) + 1, 2))
log_axes.grid(alpha=0.3)
log_axes.legend(fontsize=8)
log_picture.alt = (
    f"Accuracy by epoch in the documented log, {len(this.log.test)} epochs: "
    f"training from {this.log.train[0]:.2f}% to {this.log.train[-1]:.2f}%, "
    f"test from {this.log.test[0]:.2f}% to {this.log.test[-1]:.2f}%, best {this.log.best():.2f}% in epoch {this.log.best_epoch}; "
    "the course's goal is 99.4%"
)
log_picture

# %% [markdown]
# Training accuracy climbs until the log says 100%. Test accuracy climbs along for some epochs; then it mostly wavers. What the network still learns
# about its training digits from there on helps little with new ones.
#
# Side by side, with the gap:

# %%
yours = f"yours, {len(few_for_training):,} digits"
print(f"{'':24}training    test     gap")
for said, trained_to, tested_to in (
    ("documented, best", this.documented.train, this.documented.test),
    ("its log, last epoch", this.log.train[-1], this.log.test[-1]),
    (f"{yours}, last", history[-1].train_accuracy, history[-1].test_accuracy),
):
    print(f"{said:24}{trained_to:7.2f}% {tested_to:7.2f}% {trained_to - tested_to:7.2f}")

# %% [markdown]
# Two things to notice.
#
# **More digits, a smaller gap.** Your run and the documented one differ in batch size and in epochs, but above all in the number of digits. It is easy
# to know a few hundred by heart; knowing 60,000 leaves less room for accidents. Your test figure is also less certain: it rests on fewer digits.
#
# **Which epoch?** The documented figure is the best of all epochs, chosen by looking at the test set. Here the last epoch is a little lower. Keep this
# in mind: the documented figures are chosen like this in every lesson.
#
# Is an over-fitting network a bad one, then? Here are the best test accuracies in the logs of the first eight steps:

# %%
for number in range(1, 9):
    item = iteration(number)
    print(f"{item.number}  {item.title:24}{item.documented.parameters:>10,} parameters  {item.log.best():.2f}%")

# %% [markdown]
# The heavy network over-fits, and yet no lighter one beats it before lesson 8. Over-fitting means that a part of what it learned is of no use for new
# digits. It does not mean that the rest is worth little. What is wrong with this network is its price.

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. Does the network over-fit? Say by which two figures you judge, in your own run and in the documented log. Write your own figures down here.
# 2. Which two convolutions hold most of the parameters, and what share? Which three do most of the work (multiply-adds)? Why are they not the same?
# 3. Test accuracy is to go up. More epochs, more digits, or a smaller network: what do you expect of each, and which figure above makes you think so?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 15, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# Data, loops and figures are in place, and they stay as they are. The network does not. In lesson 2 it gets a *skeleton*: two blocks with a transition
# between them, planned by what each position can see. It has a small part of the parameters, and needs less work for each digit.
