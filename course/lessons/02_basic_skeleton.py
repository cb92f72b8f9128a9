# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 2: the skeleton
#
# The network of lesson 1 works, but it grew by doubling channels until the map was gone. In this lesson you plan a network before you build it, by what each
# of its positions can see. The plan is called the *skeleton*. It stays nearly as it is until lesson 7; what changes is the flesh on it.

# %% [markdown]
# ## Target
#
# - Compute a receptive field by hand, and write a function that does it.
# - Build the skeleton: two blocks with a transition between them.
# - Know why a 1×1 convolution stands behind the pooling, and what is special about the last layer.
# - Compare the size and the gap with lesson 1's.

# %%
from functools import partial
from textwrap import fill

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Graph, Recipe, fit, iteration, load_data
from course import plot_digits, plot_history, plot_mistakes, plot_receptive_field
from graders import lesson_checks
from graders.constraints import judge_fully_connected
from graders.lessons import checks

check, hint = lesson_checks(2)
data = load_data()
this = iteration(2)

# %% [markdown]
# These are the documented results of this iteration. At the end you will put your own beside them.

# %%
this.header()

# %% [markdown]
# ## Look
#
# A convolution computes each position of its map from a small window of the map before it, and that one from windows of the map before. So each position
# depends on a window of the image: its **receptive field**. How large is it? It can be measured. The gradient of one position is zero for every pixel that has
# no influence on it.

# %%
def seen(*layers):
    """The pixels that the middle position of the last map depends on: (28, 28), true or false."""
    image = torch.ones(1, 1, 28, 28, requires_grad=True)
    maps = nn.Sequential(*layers)(image)
    middle = maps.shape[-1] // 2
    maps[0, 0, middle, middle].backward()
    return image.grad[0, 0] != 0


def conv(kernel, stride=1):
    """A convolution from one channel to one, with random weights."""
    return nn.Conv2d(1, 1, kernel, stride)


stacks = {
    "3×3": [conv(3)],
    "3×3, 3×3": [conv(3), conv(3)],
    "3×3, 3×3, 3×3": [conv(3), conv(3), conv(3)],
    "2×2 with stride 2": [conv(2, stride=2)],
    "2×2 with stride 2, 3×3": [conv(2, stride=2), conv(3)],
    "2×2 with stride 2, 3×3, 3×3": [conv(2, stride=2), conv(3), conv(3)],
}
windows = torch.stack([seen(*layers) for layers in stacks.values()])  # (6, 28, 28)
sizes = windows.any(dim=1).sum(dim=1)  # how many columns of pixels each window has
for name, size in zip(stacks, sizes):
    print(f"{name:28} {size:2} × {size} pixels")

# %% [markdown]
# The same six windows on a digit, the size above each:

# %%
plot_digits(0.6 * data.test_images[0] + 100 * windows, sizes)

# %% [markdown]
# Each 3×3 convolution makes the window larger by 2 pixels, as long as nothing has a stride. Behind a stride of 2, the same convolution makes it larger by 4. Why?
# *Stride* 2 means that a window moves on by two pixels each time. So two neighbouring positions are two pixels apart, and a kernel reaches twice as far in the image.

# %% [markdown]
# **The rule.** Two numbers are enough. The *size* of the receptive field begins at 1 pixel. The *jump*, the distance in pixels between two neighbouring positions,
# begins at 1, too. Each layer with kernel k and stride s changes them:
#
# - size becomes size + (k − 1) · jump, because a kernel of k covers its own position and k − 1 more, each a jump away;
# - then jump becomes jump · s.
#
# The last window above, step by step:
#
# - 2×2 with stride 2: size 1 + 1 · 1 = 2, jump 1 · 2 = 2
# - 3×3: size 2 + 2 · 2 = 6, jump 2
# - 3×3: size 6 + 2 · 2 = 10, jump 2
#
# A max-pool counts like a convolution: 2×2 pooling has kernel 2 and stride 2. A ReLU looks at one value at a time, so it counts for nothing.

# %% [markdown]
# **The skeleton** has two blocks.
#
# - The *first block* finds small patterns: edges, then strokes and bends. Three 3×3 convolutions, with more channels each time, since there are more kinds of bends
#   than of edges.
# - The *transition* makes room. A max-pool keeps the largest of every four values, so the map is half as high and half as wide. A 1×1 convolution then makes fewer
#   channels.
# - The *second block* finds patterns of patterns, on a map where each step is two pixels.
# - At the end a 1×1 convolution makes ten maps, and the last layer makes ten scores of them.

# %% [markdown]
# **What does a 1×1 convolution do?** It has no neighbours to look at. At each position it computes weighted sums of the channels, with the same weights at
# every position. Here is one, from 128 channels to 32, at one position, done by hand:

# %%
narrow = nn.Conv2d(128, 32, kernel_size=1, bias=False)
maps = torch.randn(1, 128, 11, 11)
by_hand = narrow.weight[:, :, 0, 0] @ maps[0, :, 4, 7]  # 32 sums of 128 products
print("largest difference:", f"{(narrow(maps)[0, :, 4, 7] - by_hand).abs().max():.6f}")

# %% [markdown]
# It mixes 128 patterns into 32. It costs 128 · 32 = 4,096 weights, and what does it save? The next convolution is 3×3 and has 64 channels:
#
# - straight from 128 channels: 3² · 128 · 64 = 73,728 weights
# - from 32 channels: 3² · 32 · 64 = 18,432 weights, together with the 1×1 convolution 22,528
#
# **Why behind the pooling, not before it?** The number of weights is the same. But each weight is used once for every position: 22 · 22 = 484 before the
# pooling, 11 · 11 = 121 behind it. That is a quarter of the work. And the pooling gets to choose from all 128 patterns, before they are mixed.

# %% [markdown]
# **What is special about the last layer?** Its kernel is 7×7, and its map is 7×7. So it fits in just one place, and no weight is ever used twice: each position of
# each channel has weights of its own. A fully connected layer is the same thing. To see it, give the same weights to both:

# %%
large_kernel = nn.Conv2d(10, 10, kernel_size=7, bias=False)
fully_connected = nn.Linear(10 * 7 * 7, 10, bias=False)
with torch.no_grad():
    fully_connected.weight.copy_(large_kernel.weight.flatten(1))

maps = torch.randn(5, 10, 7, 7)
difference = large_kernel(maps).flatten(1) - fully_connected(maps.flatten(1))
print("weights:", large_kernel.weight.numel(), "and", fully_connected.weight.numel())
print("largest difference:", f"{difference.abs().max():.6f}")

# %% [markdown]
# One of the four constraints of the course is *no fully connected layer, and none in disguise*. **This network does not meet it, and this lesson does not claim
# it.** Lessons 1 to 5 end in such a kernel, as the documented networks do. Lesson 6 replaces it.

# %% [markdown]
# ## Predict
#
# Read the table under *Build*. Then write down your answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. How large is the receptive field in front of the max-pool, and at the very end? Count by hand.
# 2. Two convolutions have the most parameters, and both have equally many. Which of the two does more work, and how many times more?
# 3. This network has about 3% of lesson 1's parameters. Will the gap between training and test accuracy be smaller, too?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your prediction, in two or three sentences:*

# %% [markdown]
# ## Build
#
# There are three things to write. Where you find `raise NotImplementedError`, your code belongs; take that line out.
#
# **The receptive field.** The function gets a list of layers, each a pair of kernel and stride, and returns the size in pixels.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "receptive_field", "locked": false, "schema_version": 3, "solution": true, "task": false}
def receptive_field(layers):
    # layers: [(kernel, stride), …], in order. [(3, 1), (3, 1)] gives 5.
    size, jump = 1, 1
    # Walk through the layers. Each changes both numbers, and the order matters: the new jump is for the *next* layer.
    raise NotImplementedError

# %% [markdown]
# Each check answers in a moment: *correct*, *not yet* (with what it saw, what it expected, what to try) or *not attempted*. `hint("field_by_hand")` prints a
# hint, `hint("field_by_hand", 2)` one that says more. The number at the end is the marks; nbgrader reads it there. What the checks say here is advice; your
# marks are settled by the grader, with the same rules.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "field_by_hand", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("field_by_hand", receptive_field=receptive_field)

# %% [markdown]
# Does your function agree with what was measured? Here are two stacks that were not among the six.

# %%
for tried in ([(5, 1), (3, 2), (3, 1)], [(3, 2), (2, 2), (3, 1)]):
    measured = seen(*(conv(kernel, stride) for kernel, stride in tried)).any(dim=0).sum().item()
    print(f"{tried}: computed {receptive_field(tried)}, measured {measured}")

# %% [markdown]
# **The network.**
#
# | | layer | behind it | output | receptive field |
# |---|---|---|---|---|
# | 1 | 3×3 convolution, 32 channels | ReLU | 32 × 26 × 26 | 3 |
# | 2 | 3×3 convolution, 64 channels | ReLU | 64 × ? × ? | ? |
# | 3 | 3×3 convolution, 128 channels | ReLU | 128 × ? × ? | ? |
# | | **max-pool, 2×2** | | 128 × 11 × 11 | ? |
# | 4 | **1×1 convolution**, 32 channels | ReLU | 32 × ? × ? | ? |
# | 5 | 3×3 convolution, 64 channels | ReLU | 64 × ? × ? | ? |
# | 6 | 3×3 convolution, 128 channels | ReLU | 128 × 7 × 7 | ? |
# | 7 | **1×1 convolution**, 10 channels | ReLU | 10 × ? × ? | ? |
# | 8 | 7×7 convolution, 10 channels | nothing | 10 × 1 × 1 | ? |
#
# - There is no padding anywhere. A 3×3 convolution then takes one pixel off at each side, so the map gets smaller by two.
# - No convolution has a bias: `bias=False`. The documented network does well without, and so do all that follow.
# - Nothing stands behind the last convolution. Its ten numbers are the scores, and a score must be free to be negative.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # The first convolution, to start from:
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3, bias=False)  # (N, 32, 26, 26)
        # Then seven more. Max-pool and ReLU have no weights; they can be called in forward: F.max_pool2d, F.relu.
        raise NotImplementedError

    def forward(self, x):
        # x: a batch of digits, (N, 1, 28, 28)
        x = F.relu(self.conv1(x))
        # …
        # At the end x has the shape (N, 10, 1, 1). What should be returned has the shape (N, 10):
        # ten scores a digit, as they are or as log-probabilities (F.log_softmax(…, dim=1)).
        raise NotImplementedError

# %% [markdown]
# Look at what you built. The table is made from the network itself: shapes, receptive fields, parameters and multiply-adds, operation by operation. Compare it with
# what you predicted.

# %%
Graph.trace(Net).table()

# %% [markdown]
# In the picture, each frame is the receptive field of one position in the middle of the map.

# %%
plot_receptive_field(Graph.trace(Net), data.test_images[0])

# %% [markdown]
# The first block ends where a window holds a stroke or a bend. The second ends where it holds a good part of the digit. The last layer sees all 28×28 pixels. If it
# did not, a part of the digit could not matter for the answer.

# %% [markdown]
# ## Check
#
# Kernels, channels and padding, layer by layer:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "layers", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("layers", Net=Net)

# %% [markdown]
# A ReLU behind all convolutions but the last:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "activations", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
check("activations", Net=Net)

# %% [markdown]
# The max-pool, in its place:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "pooling", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("pooling", Net=Net)

# %% [markdown]
# The scores, as the last convolution leaves them:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "output", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("output", Net=Net)

# %% [markdown]
# The parameters, exactly:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "parameters", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false}
check("parameters", Net=Net)

# %% [markdown]
# And this is what the grader would say if the lesson claimed that there is no fully connected layer. No marks hang on it here.

# %%
print(fill(judge_fully_connected(Graph.trace(Net)).message, 110))

# %% [markdown]
# ## Train
#
# A *recipe* says how to train, as data: it is saved with the weights, and the grader reads it. `fit` does
# what lesson 1's loops did: it trains for one epoch, tests, and goes on. The documented run used SGD with a
# learning rate of 0.01 and a momentum of 0.9, batches of 128 digits, and 20 epochs. `partial(SGD, lr=…)` is
# SGD with its settings filled in; `fit` adds the weights that it is to train. `seed` fixes all that is drawn
# by chance: the first weights, the order of the digits.
#
# How long will that take? This network has few parameters, but it does much work with them:

# %%
enough = checks(2)["trained"].floor  # percent
epoch = next(number for number, accuracy in enumerate(this.log.test, start=1) if accuracy >= enough)
print(
    f"On two processor cores {this.epochs} epochs take about "
    f"{this.minutes_cpu} minutes, {this.minutes_cpu / this.epochs:.0f} an epoch."
)
print(f"The check asks for {enough:.0f}% of the test digits. In the documented log that was reached in epoch {epoch}.")

# %% [markdown]
# So you need not train to the end. There are two ways, and both earn all marks (on a graphics card, write
# `fit(Net, recipe, data, device="cuda")`, and train all 20):
#
# - Write fewer epochs into the recipe, 3 for example.
# - Write 20, and interrupt when you have had enough (the square button, or the menu *Kernel*). The finished epochs are kept and saved.
#
# There is one difference. A finished training is replayed from its file when you run the cell again. An interrupted one begins anew.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "recipe", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Recipe(epochs=…, batch_size=…, optimizer=partial(SGD, lr=…, momentum=…), seed=1)
recipe = ...
raise NotImplementedError

# %% [markdown]
# Now train. A bar shows the time that is left. The run is saved in a file beside this notebook. **Hand in both files**, this notebook and
# `02_basic_skeleton.safetensors`: the accuracy is counted with the weights in it.

# %%
run = fit(Net, recipe, data)
run.save("02_basic_skeleton.safetensors")

# %%
plot_history(run, documented=this)

# %% [markdown]
# The curve for training is measured *while* training, with weights that change from batch to batch. In the first epochs they change fast, so the first points are too low.
#
# Has the network learned to read?

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "trained", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("trained", Net=Net, recipe=recipe)

# %% [markdown]
# ## Compare
#
# Your results beside the documented ones, and beside what the log of the documented notebook says. A column *recorded*, where there is one, holds what the course's own
# solution gave when it was trained as documented.
#
# *Best of the first 19* counts the first 19 epochs only. From lesson 8 on, no network may have more. This line compares all lessons alike.

# %%
this.compare(run)

# %% [markdown]
# Beside lesson 1: how much smaller is the network, and what became of the gap? These are the figures of each log's *last* epoch, and of yours.

# %%
rows = [(f"lesson {one.number}, log", one.documented.parameters, one.log.train, one.log.test) for one in (iteration(1), this)]
rows.append((f"yours, {run.data['name']}", run.graph.parameters, [run.last.train_accuracy], [run.last.test_accuracy]))
print(f"{'':24}parameters  training     test    gap")
for name, parameters, train, test in rows:
    print(f"{name:24}{parameters:10,}  {train[-1]:7.2f}%  {test[-1]:6.2f}%  {train[-1] - test[-1]:5.2f}")

# %% [markdown]
# If you trained for a few epochs only, your gap says little: a gap opens late. How it opened in the documented log:

# %%
for number in (1, 2, 3, 5, 10, 15, 20):
    train, test = this.log.train[number - 1], this.log.test[number - 1]
    print(f"epoch {number:2}: training {train:.2f}%, test {test:.2f}%, gap {train - test:6.2f}")

# %% [markdown]
# Which digits does your network still get wrong?

# %%
plot_mistakes(run.network(), data)

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. The document says of this network: "still large, but working", and "some over-fitting". Which figures support that? Is the gap smaller than in lesson 1, as one might
#    expect of a smaller network? And the test accuracy?
# 2. When did the gap open in the documented log, and what does it mean that the test figures still wavered while the training figures rose?
# 3. The last layer has 4,900 weights, the last but one 1,280. Why is the last one called a fully connected layer in effect, and the other one not?
# 4. Where would you save parameters first, and why there?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 20, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# The skeleton is right: it sees what it should, where it should. But it still has nearly ten times as many parameters as the course allows. In lesson 3 you keep every
# layer of it and make them all narrow.
