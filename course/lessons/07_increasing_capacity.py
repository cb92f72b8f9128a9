# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 7: more capacity, at the end
#
# With global average pooling, the network of lesson 6 lost nearly half of its parameters, and its accuracy fell. There is room for more. In this lesson they are
# added at the end, where patterns are put together to digits. And you learn when a difference between two accuracies means something.

# %% [markdown]
# ## Target
#
# - Give the network more capacity at its end: a 3×3 convolution with 32 channels, and a bare 1×1 convolution before the pooling.
# - Judge differences: when may they be chance?
# - Find out whether this network over-fits, as the document says.
# - Meet two of the course's four constraints: fewer than 20,000 parameters, and no fully connected layer. Accuracy and epochs wait for lesson 8.

# %%
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Graph, Recipe, accuracy, fit, iteration, load_data, load_submission, normalize
from course import plot_digits, plot_history, plot_receptive_field
from course.evaluation import scores
from graders import lesson_checks

check, hint = lesson_checks(7)
data = load_data()
this = iteration(7)

# %% [markdown]
# These are the documented results of this iteration. At the end you will put your own beside them.

# %%
this.header()

# %% [markdown]
# ## Look
#
# **Where should capacity go?** A convolution with kernel k has k · k · in · out weights, wherever it stands. But each weight is used once at every position of
# the output. So the same weights are much more work on a large map. Compare three convolutions: two that were there before, one that comes now.

# %%
for name, kernel, before, after, side in (
    ("the third one", 3, 10, 20, 22),
    ("the sixth one", 3, 10, 20, 7),
    ("the new one", 3, 20, 32, 5),
):
    weights = kernel * kernel * before * after
    print(
        f"{name:14} {before} → {after} on {side:2}×{side:2}: {weights:5,} weights "
        f"· {side * side:3} positions = {weights * side * side:7,} multiply-adds"
    )

# %% [markdown]
# At the end of the network, a layer costs parameters and hardly any time. The new layer has more than three
# times the weights of the third one, and a sixth of its work.
#
# **The parameters, from 6,070 to 11,994.** BatchNorm has two numbers a channel, and no convolution has a bias.
#
# - The 1×1 convolution 20 → 10 goes, with its BatchNorm: 20 · 10 + 2 · 10 = 220.
# - A 3×3 convolution 20 → 32 comes, with BatchNorm: 9 · 20 · 32 + 2 · 32 = 5,760 + 64.
# - A 1×1 convolution 32 → 10 comes, with nothing behind it: 32 · 10 = 320.
# - 6,070 − 220 + 5,760 + 64 + 320 = 11,994.
#
# The last convolution is *bare*: neither BatchNorm nor ReLU. In lesson 6, the maps had passed a ReLU before they were averaged, so no score could be negative.
# Now a map can also say "this is no 3".

# %% [markdown]
# **Where does the max-pool stand?** A position's receptive field is the part of the image that it depends on. It begins at 1 pixel. Each 3×3 convolution adds 2,
# as long as nothing has been pooled. The max-pool of this network comes behind three of them:
#
# 1 + 2 + 2 + 2 = 7
#
# So the pool chooses among patterns of 7×7 pixels. Here are the 7×7 pixels in the middle of eight digits, and below them the inner 5×5:

# %%
plot_digits(data.train_images[:8, 9:16, 9:16], data.train_labels[:8])

# %%
plot_digits(data.train_images[:8, 10:15, 10:15], data.train_labels[:8])

# %% [markdown]
# Is there anything in the upper line that one could not tell from the lower one? The document says that patterns begin to form at 5×5 already. If so, the third
# convolution works on a map that might have been halved before it. Keep that for lesson 8.

# %% [markdown]
# **How sure is an accuracy?** Imagine a network that is right with probability q, on any digit. Test it on ten different test sets of 10,000 digits each. Nothing
# about the network changes. For q, take the documented test accuracy:

# %%
n, q = 10_000, this.documented.test / 100
torch.manual_seed(1)
right = (torch.rand(10, n) < q).sum(dim=1)  # right answers in each of ten test sets
print(f"q is {100 * q:.2f}%; measured:", *(f"{100 * int(count) / n:.2f}%" for count in right))

# %% [markdown]
# The same network, and ten accuracies. Each digit is right or wrong, with a variance of q · (1 − q). So the mean of n digits has a standard deviation of
# √(q · (1 − q) / n). It is called the **standard error** of the accuracy. About two thirds of all measurements lie within one standard error of q, and about 95%
# within two.
#
# If *two* accuracies are compared, both are uncertain, and their variances add up:

# %%
def standard_error(q, n=10_000):
    """Of an accuracy q between 0 and 1, measured on n digits; in percentage points."""
    return 100 * (q * (1 - q) / n) ** 0.5


def standard_error_of_difference(q, r, n=10_000):
    """Of the difference of two accuracies, each on n digits of its own; in points."""
    return (standard_error(q, n) ** 2 + standard_error(r, n) ** 2) ** 0.5


print(f"one accuracy:    {standard_error(q):.2f} points")
print(f"two, difference: {standard_error_of_difference(q, q):.2f} points")

# %% [markdown]
# So 0.1 points between two runs are less than one standard error of a difference. They may well be chance. Half a point is another matter.

# %% [markdown]
# ## Predict
#
# Write down your answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. Which layer of the new network will have the most parameters, and which the most multiply-adds?
# 2. The network has more parameters than lesson 5's (10,970), and yet its documented accuracy is lower than the 99.35% in iteration 5's log. What may be the reason?
# 3. If you trained this network twice, with two seeds: by how many points would the two accuracies differ? Is the standard error all there is to it?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your prediction, in two or three sentences:*

# %% [markdown]
# ## Build
#
# Lesson 6's network up to the sixth convolution; then the new end.
#
# | | layer | behind it | output |
# |---|---|---|---|
# | 1 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × 26 × 26 |
# | 2 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 3 | 3×3 convolution, 20 channels | BatchNorm, ReLU, Dropout 0.25 | 20 × 22 × 22 |
# | | max-pool, 2×2 | | 20 × ? × ? |
# | 4 | 1×1 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 5 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 6 | 3×3 convolution, 20 channels | BatchNorm, ReLU, Dropout 0.25 | 20 × 7 × 7 |
# | 7 | **3×3 convolution, 32 channels** | BatchNorm, ReLU | 32 × ? × ? |
# | 8 | **1×1 convolution, 10 channels** | **nothing** | 10 × ? × ? |
# | | global average pooling | nothing | 10 × 1 × 1 |
#
# No convolution has a bias or padding.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # Start from your network of lesson 6, if you have it. Or from its first block:
        self.block1 = nn.Sequential(
            nn.Conv2d(1, 10, kernel_size=3, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),
        )  # (N, 10, 26, 26)
        # Then blocks 2 and 3, the max-pool, blocks 4 to 6, and the new end: block 7, the bare 1×1 convolution,
        # the pooling. How large is the map in front of the pooling now?
        raise NotImplementedError

    def forward(self, x):
        x = self.block1(x)
        # …
        # What should be returned has the shape (N, 10): ten scores a digit, as they are or as
        # log-probabilities (F.log_softmax(…, dim=1)).
        raise NotImplementedError

# %% [markdown]
# Look at what you built. Compare the columns of parameters and multiply-adds.

# %%
Graph.trace(Net).table()

# %%
plot_receptive_field(Graph.trace(Net), data.test_images[0])

# %% [markdown]
# ## Check
#
# Each check answers in a moment: *correct*, *not yet* (with what it saw, what it expected, what to try) or *not attempted*. `hint("layers")` prints a hint,
# `hint("layers", 2)` one that says more. The number at the end is the marks; nbgrader reads it there. What the checks say here is advice; your marks are
# settled by the grader, with the same rules.
#
# Kernels, channels and padding, layer by layer, and ReLUs and the max-pool between:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "layers", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
check("layers", Net=Net)

# %% [markdown]
# Global average pooling, at the end:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "gap", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("gap", Net=Net)

# %% [markdown]
# The scores, as the last convolution leaves them, but for the averaging:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "output", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("output", Net=Net)

# %% [markdown]
# Dropout, where and how much:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "dropout", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("dropout", Net=Net)

# %% [markdown]
# BatchNorm between convolution and ReLU:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "normalisation", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("normalisation", Net=Net)

# %% [markdown]
# The parameters, exactly:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "parameters", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("parameters", Net=Net)

# %% [markdown]
# *Constraint:* fewer than 20,000 parameters.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "constraint_parameters", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("constraint_parameters", Net=Net)

# %% [markdown]
# *Constraint:* no fully connected layer, and none in disguise.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "fully_connected", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("fully_connected", Net=Net)

# %% [markdown]
# ## Train
#
# SGD with a learning rate of 0.01 and a momentum of 0.9, batches of 128 digits, 20 epochs: as in lesson 6.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "recipe", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Recipe(epochs=…, batch_size=…, optimizer=partial(SGD, lr=…, momentum=…), seed=1)
recipe = ...
raise NotImplementedError

# %% [markdown]
# Now train. A bar shows the time that is left, and the run is saved in a file beside this notebook. A
# *finished* run is replayed from its file when you run the cell again. If you interrupt the training, the
# finished epochs are kept and saved, but the next time it begins anew. **Hand in both files**, this notebook
# and `07_increasing_capacity.safetensors`: the accuracy is counted with the weights in it.

# %%
print(f"On two processor cores the training takes about {this.minutes_cpu} minutes.")

# %%
run = fit(Net, recipe, data)
run.save("07_increasing_capacity.safetensors")

# %%
plot_history(run, documented=this)

# %% [markdown]
# Is it trained? The check says how much it asks for.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "trained", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("trained", Net=Net, recipe=recipe)

# %% [markdown]
# ## Compare
#
# Your results beside the documented ones, and beside what the log of the documented notebook says.

# %%
this.compare(run)

# %% [markdown]
# **What did the capacity bring?** The best and the last epoch in the logs of iterations 5 to 7, and mean and deviation of the last ten epochs:

# %%
def show_late(name, tests):
    """Best, last, and the mean and standard deviation of the last ten epochs; accuracies in percent."""
    late = torch.tensor(tests[-10:])
    print(
        f"{name:20} best {max(tests):.2f}%, last {tests[-1]:.2f}%, last ten "
        f"{late.mean():.2f}% on average, deviation {late.std(correction=0):.2f} points"
    )


for number in (5, 6, 7):
    show_late(f"log of iteration {number}", iteration(number).log.test)
show_late("your run", [epoch.test_accuracy for epoch in run.history])

# %% [markdown]
# From 6 to 7, the documented best epochs are this far apart:

# %%
six, seven = iteration(6).documented.test, this.documented.test
error = standard_error_of_difference(six / 100, seven / 100)
print(f"{seven - six:.2f} points, {(seven - six) / error:.1f} standard errors of {error:.2f} points")

# %% [markdown]
# That is more than the luck of the test digits explains. But look at the deviations above. In iterations 6 and 7 the accuracy jumps from epoch to epoch by more
# than a standard error, and all epochs are tested on the *same* digits. So it is not the luck of the digits: it is the network that changes. The best of twenty
# such epochs is a lucky one, and the standard error knows nothing about that.

# %% [markdown]
# **On the same digits** there is a sharper way to compare two networks. Digits that both read, or neither, say nothing about the difference. Only those count that
# one network reads and the other does not. If the one reads b digits that the other does not (gained), and the other c that the one does not (lost), the difference
# is b − c digits, with a standard error of about √(b + c) digits. If the file of your lesson 6 is beside this notebook:

# %%
def readable(network):
    """For each test digit, whether the network reads it."""
    return scores(network, data.test_images).argmax(dim=1) == data.test_labels


beside = Path("06_global_average_pooling.safetensors")
if beside.exists():
    saved = load_submission(beside)
    read_before, read_now = readable(saved.graph.build(saved.weights)), readable(run.network())
    gained, lost = int((read_now & ~read_before).sum()), int((read_before & ~read_now).sum())
    error = (gained + lost) ** 0.5
    print(f"only this lesson's network reads {gained}, only lesson 6's {lost}: {gained - lost:+} digits, standard error {error:.0f}")
else:
    print(f"there is no {beside.name} beside this notebook")

# %% [markdown]
# **Does it over-fit?** The document says that it still does, and that dropout may not work as expected. It compares two accuracies: that of training digits, from
# training mode, and that of test digits, from evaluation mode. Let us measure training digits in *both* modes. To save time, we take the first 10,000 only.

# %%
@torch.inference_mode()
def accuracy_in_training_mode(network, images, labels):
    """Right answers in percent, with dropout on, in batches of 100; the weights stay."""
    network.train()
    right = sum(
        (network(normalize(part)).argmax(dim=1) == truth).sum().item()
        for part, truth in zip(images.split(100), labels.split(100), strict=True)
    )
    return 100 * right / len(labels)


images, labels = data.train_images[:10_000], data.train_labels[:10_000]
print(f"training digits, training mode, dropout on: {accuracy_in_training_mode(run.network(), images, labels):.2f}%")
print(f"training digits, evaluation mode:           {accuracy(run.network(), images, labels):.2f}%")
print(f"test digits, evaluation mode:               {accuracy(run.network(), data.test_images, data.test_labels):.2f}%")

# %% [markdown]
# In evaluation nothing is dropped, so the second line should be *above* the first. Is it, in your run?
#
# Here is what may go wrong. While training, each BatchNorm notes the mean and the variance of what passes through it, and uses them in evaluation. In this network
# a max-pool stands behind the first dropout. Dropout enlarges what survives (divided by 0.75, it is a third larger), and the max-pool keeps the largest. So what
# comes out is larger in training than in evaluation, and the means that BatchNorm noted behind it do not fit. Dropout makes the variance larger, too. (That
# dropout and BatchNorm can disagree has been studied: Li, Chen, Hu and Yang, "Understanding the Disharmony between Dropout and Batch Normalization by Variance
# Shift", CVPR 2019.)
#
# It can be put to the test. Take the same weights and switch dropout off. Show the network training digits once more, so that its BatchNorms note means and
# variances *without* dropout. Then measure again. No weight is trained.

# %%
def without_dropout(graph):
    """The same network, with every dropout's rate set to 0."""
    nodes = [replace(node, args=(node.args[0], 0.0, *node.args[2:])) if node.op == "dropout" else node for node in graph.nodes]
    return replace(graph, nodes=tuple(nodes))


network = without_dropout(run.graph).build(run.network().weights())
accuracy_in_training_mode(network, images, labels)  # for its side effect: BatchNorm notes new means and variances
print(f"training digits, evaluation mode, noted without dropout: {accuracy(network, images, labels):.2f}%")
print(f"test digits, evaluation mode, noted without dropout:     {accuracy(network, data.test_images, data.test_labels):.2f}%")

# %% [markdown]
# If both accuracies went up, some of what looked like over-fitting was none: the weights knew more than the evaluation showed. Over-fitting makes a network good
# at its training digits and worse at others. It does not make it worse at both.
#
# Two things stay open. These are the weights of the best epoch, so of one that this trouble has spared most. And iteration 5 has the same dropouts before the
# same max-pool, but its log is calm. Why pooled scores should suffer more, these runs do not say.

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. What did the capacity bring? Which figures do you compare, and how large is chance? Is the best epoch a fair figure here?
# 2. Does this network over-fit? Say which accuracies you compare, and what you think of the document's "possibly DropOut is not working as expected".
# 3. At which receptive field does the max-pool stand, and what would be won by pooling earlier? Name the figure in the table that you rely on.

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 15, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# The document draws three conclusions, and lesson 8 follows all of them.
#
# - Patterns begin to show at a receptive field of 5. So pool there, not at 7.
# - A quarter dropped at two places was no good idea. So drop a little, a tenth, everywhere.
# - The maps that are averaged have to be digits already. So add a layer *after* the pooling; then they may be parts of digits.
