# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 6: global average pooling
#
# The network of lesson 5 ends in a 7×7 convolution on a map of 7×7. It holds 4,900 of 10,970 parameters. In this lesson it goes. What takes its place has no
# parameters at all: the average.

# %% [markdown]
# ## Target
#
# - Replace the last, large kernel by *global average pooling*, GAP for short. (It has nothing to do with the gap between training and test accuracy.)
# - Find out what that costs, and what it brings.
# - Meet two of the course's four constraints, from here to the end: fewer than 20,000 parameters, and no fully connected layer.
#
# The other two wait for lesson 8: the documented accuracy is far from 99.4%, and its run had 20 epochs, not fewer.

# %%
from dataclasses import replace
from functools import partial
from math import log
from pathlib import Path
from textwrap import fill

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Graph, Recipe, accuracy, fit, iteration, load_data, load_submission, normalize
from course import plot_history
from course.pictures import as_pictures, grid_of
from graders import lesson_checks

check, hint = lesson_checks(6)
data = load_data()
this = iteration(6)

# %% [markdown]
# These are the documented results of this iteration. At the end you will put your own beside them. There is also a note on them. It comes last: you can find
# out by yourself what it says.

# %%
this.header()

# %% [markdown]
# ## Look
#
# Is a 7×7 convolution on a map of 7×7 a convolution at all? A convolution slides its kernel over the map. This one has nowhere to go. Compare it with a fully
# connected layer that has the same weights:

# %%
torch.manual_seed(1)
maps, weight = torch.randn(1, 10, 7, 7), torch.randn(10, 10, 7, 7)

convolved = F.conv2d(maps, weight).flatten(1)  # (1, 10)
connected = F.linear(maps.flatten(1), weight.flatten(1))  # (1, 10), with 490 · 10 weights
print(f"weights: {weight.numel():,}; scores differ by at most {(convolved - connected).abs().max():.0e}")

# %% [markdown]
# They are the same, but for rounding. Every position of every map has its own weight for every score. That is what *fully connected* means, whatever the layer
# is called.
#
# **Why is that a problem?** Say a map finds its pattern at one single position. The 7×7 kernel then adds its weight for this position. For the position beside
# it, it has another weight. What it learned of a pattern here says nothing about the same pattern there.
#
# **Global average pooling** takes the mean of each map. It turns 7×7 numbers into one:
#
# score = (sum of the map's 49 numbers) / 49
#
# Now the pattern adds 1/49 of its strength, wherever it is. All positions are treated alike, there is nothing to learn, and each map speaks for one score only:
# ten maps, ten scores. So it is no fully connected layer. The work that the kernel did has to be done before the pooling: the map of the 3 must find threes.

# %%
pooled = F.avg_pool2d(maps, 7).flatten(1)
print(f"AvgPool2d(7) and the mean over height and width differ by at most {(pooled - maps.mean((2, 3))).abs().max():.0e}")

# %% [markdown]
# **What it costs.** First, *where* a pattern is no longer counts, only how much of it there is.
#
# Second, large scores are hard to reach. The softmax makes probabilities of scores. Say that the right score is s, and the nine others are 0:
#
# probability = eˢ / (eˢ + 9)
#
# For 99% it takes eˢ = 99 · 9. How large must s be? What must the map's 49 numbers add up to, then? And if the digit shows at ten positions only, how large must
# the map be at each of them?

# %%
s = log(99 * 9)
print(f"score {s:.1f}, sum over the map {49 * s:.0f}, at each of ten positions {49 * s / 10:.0f}")

# %% [markdown]
# BatchNorm makes numbers of mean 0 and deviation 1, before its learned weight w grows. From there it is a
# long way.
#
# And in this network a ReLU stands in front of the pooling, so no score can be negative. A map can say "this is a 3", and never "this is no 3".

# %% [markdown]
# ## Predict
#
# Write down your answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. How many parameters has the network without its 7×7 convolution?
# 2. Will the test accuracy rise or fall? Give one reason that has to do with parameters, and one that has to do with the pooling.
# 3. After training you will shift test digits by up to 6 pixels. Which network will read more of them, this one or lesson 5's? Why?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your prediction, in two or three sentences:*

# %% [markdown]
# ## Build
#
# Lesson 5's network up to the 1×1 convolution with ten channels. Its ten maps are averaged.
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
# | 7 | 1×1 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | | **global average pooling** | nothing | 10 × 1 × 1 |
#
# No convolution has a bias or padding.
#
# There are three ways to write the pooling. `nn.AvgPool2d` takes the side of the map. `nn.AdaptiveAvgPool2d` takes the side that you want to get. And
# `x.mean(…)` takes the axes to be averaged, and leaves them out.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # Start from your network of lesson 5, if you have it. Or from its first block:
        self.block1 = nn.Sequential(
            nn.Conv2d(1, 10, kernel_size=3, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),
        )  # (N, 10, 26, 26)
        # Then blocks 2 and 3, the max-pool, blocks 4 to 7, and the pooling.
        raise NotImplementedError

    def forward(self, x):
        x = self.block1(x)
        # …
        # After the pooling, x has the shape (N, 10, 1, 1), or (N, 10) if you took the mean.
        # What should be returned has the shape (N, 10): ten scores a digit, as they are or as
        # log-probabilities (F.log_softmax(…, dim=1)).
        raise NotImplementedError

# %% [markdown]
# Look at what you built. How many pixels does a position in front of the pooling see? And what does the pooling cost?

# %%
Graph.trace(Net).table()

# %% [markdown]
# In front of the pooling, each position sees 16×16 pixels. MNIST's digits were scaled to fit into 20×20. So "a loop above a stem" can still be seen, within one
# such window.

# %% [markdown]
# ## Check
#
# Each check answers in a moment: *correct*, *not yet* (with what it saw, what it expected, what to try) or *not attempted*. `hint("gap")` prints a hint,
# `hint("gap", 2)` one that says more. The number at the end is the marks; nbgrader reads it there. What the checks say here is advice; your marks are settled
# by the grader, with the same rules.
#
# Global average pooling, at the end:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "gap", "locked": true, "points": 25, "schema_version": 3, "solution": false, "task": false}
check("gap", Net=Net)

# %% [markdown]
# Kernels, channels and padding, layer by layer, and ReLUs and the max-pool between:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "layers", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("layers", Net=Net)

# %% [markdown]
# Dropout, where and how much:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "dropout", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
check("dropout", Net=Net)

# %% [markdown]
# BatchNorm between convolution and ReLU:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "normalisation", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
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
# *Constraint:* no fully connected layer, and none in disguise. Lesson 5's network fails here.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "fully_connected", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("fully_connected", Net=Net)

# %% [markdown]
# ## Train
#
# SGD with a learning rate of 0.01 and a momentum of 0.9, batches of 128 digits, 20 epochs.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "recipe", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Recipe(epochs=…, batch_size=…, optimizer=partial(SGD, lr=…, momentum=…), seed=1)
recipe = ...
raise NotImplementedError

# %% [markdown]
# Now train. A bar shows the time that is left, and the run is saved in a file beside this notebook. A
# *finished* run is replayed from its file when you run the cell again. If you interrupt the training, the
# finished epochs are kept and saved, but the next time it begins anew. **Hand in both files**, this notebook
# and `06_global_average_pooling.safetensors`: the accuracy is counted with the weights in it.

# %%
print(f"On two processor cores the training takes about {this.minutes_cpu} minutes.")

# %%
run = fit(Net, recipe, data)
run.save("06_global_average_pooling.safetensors")

# %%
plot_history(run, documented=this)

# %% [markdown]
# Is it trained? The check says how much it asks for: less than in lesson 5, as this network learns more slowly.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "trained", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("trained", Net=Net, recipe=recipe)

# %% [markdown]
# ## Compare
#
# Your results beside the documented ones, and beside what the log of the documented notebook says.

# %%
replace(this, note="").compare(run)

# %% [markdown]
# **What do the maps find?** Here are four test digits. Beside each are the ten maps that go into the pooling, with the score that comes out: the map's mean.

# %%
@torch.inference_mode()
def maps_before_pooling(network, images):
    """The maps that are averaged, (N, 10, 7, 7)."""
    kept = []

    def watch(name, value):
        if isinstance(value, torch.Tensor) and value.shape[1:] == (10, 7, 7):
            kept.append(value)

    network(normalize(images), watch=watch)
    return kept[-1]  # the last of that shape


def show_maps(network, images):
    """A line a digit: the digit, then its ten maps, four times as large, each under its score."""
    maps = maps_before_pooling(network, images)
    pictures, titles = [], []
    for image, ten in zip(images, maps, strict=True):
        large = F.interpolate(ten.unsqueeze(0), scale_factor=4)[0]  # (10, 28, 28)
        pictures += [image.float() / 255 * maps.max(), *large]
        titles += ["the digit", *(f"{label}: {one.mean():.1f}" for label, one in enumerate(ten))]
    return grid_of(as_pictures(torch.stack(pictures)), titles, 11, f"{len(images)} digits with their ten maps; {', '.join(titles)}")


network = run.network()
show_maps(network, data.test_images[:4])

# %% [markdown]
# Each map belongs to one digit. It has to: the score is the map's mean, so the map must find what the score is to tell.
#
# How large are the scores? Above, 99% took a right score of 6.8 and zeros.

# %%
labels = data.test_labels[:200]
pooled = maps_before_pooling(network, data.test_images[:200]).mean((2, 3))  # (200, 10)
right = pooled.gather(1, labels.unsqueeze(1))
print(
    f"smallest score {pooled.min():.2f}; mean of the right one {right.mean():.2f}, "
    f"mean of the others {(pooled.sum() - right.sum()) / (9 * len(labels)):.2f}"
)

# %% [markdown]
# **What does it bring?** Shift the test digits to the right, by 0 to 6 pixels. If the file of your lesson 5 is beside this notebook, its network is asked, too.
# It has a weight for each position, and was shown digits in the middle only.

# %%
def shifted(images, pixels):
    """Images moved to the right; paper comes in from the left."""
    return F.pad(images, (pixels, 0))[:, :, :28]


networks = {"this lesson": network}
beside = Path("05_regularization.safetensors")
if beside.exists():
    saved = load_submission(beside)
    networks["lesson 5"] = saved.graph.build(saved.weights)

images, labels = data.test_images[:2000], data.test_labels[:2000]
print("pixels  " + "  ".join(f"{name:>11}" for name in networks))
for pixels in range(7):
    moved = shifted(images, pixels)
    print(f"{pixels:6}  " + "  ".join(f"{accuracy(each, moved, labels):10.1f}%" for each in networks.values()))

# %% [markdown]
# Two pixels are one position of these maps, as the max-pool has halved them. A shift moves a pattern to other positions. The average does not mind, as long as
# no part of the pattern leaves the map, and nothing new comes in. Near the rim, both happen, so there is some loss with pooling, too.
#
# **What does it cost?** The documented runs of the two iterations:

# %%
for number in (5, 6):
    item = iteration(number)
    tests = item.log.test
    print(
        f"iteration {number}: {item.documented.parameters:6,} parameters, {len(tests)} epochs, "
        f"best {max(tests):.2f}%, last {tests[-1]:.2f}%, "
        f"last eight epochs from {min(tests[-8:]):.2f}% to {max(tests[-8:]):.2f}%"
    )
parameters_before, parameters_after = iteration(5).documented.parameters, this.documented.parameters
print(f"{100 * (parameters_before - parameters_after) / parameters_before:.0f}% fewer parameters")

# %% [markdown]
# The accuracy fell. Why? **Several things changed at once:** the scores are pooled now, the network has lost
# nearly half of its parameters, and it was trained for another number of epochs. Each may be the reason. From
# these two runs nobody can tell.
#
# And there is something else in iteration 6's line: the test accuracy jumps from epoch to epoch, far more than in iteration 5. Lesson 7 looks into that.
#
# The document's analysis of this iteration has two sentences:
#
# - "Since we have reduced model capacity, reduction in performance is expected"
# - "We are also not using Global Average Pooling(GAP), but still using big sized kernel"

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. What did the pooling bring? Use the maps and the shifted digits, and name your figures.
# 2. Accuracy fell. Why can one run not say whether pooling or fewer parameters is the reason? Which network would you train to find out, and what must it have
#    in common with this one, or with lesson 5's?
# 3. Hold both sentences of the document against your table and your figures. What do you think of each?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 15, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# Here is the note that was left out. Does it say what you found?

# %%
print(fill(this.note, 110))

# %% [markdown]
# The network is small, and has room for three times as many parameters. In lesson 7 it gets some of them, at its end, where patterns are put together.
