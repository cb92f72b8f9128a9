# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 3: a lighter network
#
# The skeleton of lesson 2 sees what it should, but it has nearly 200,000 parameters. In this lesson every layer stays in its place and gets narrow: ten or twenty
# channels instead of 32 to 128. How much can a network lose and still read?

# %% [markdown]
# ## Target
#
# - Count the parameters of a convolution by hand, and write a function that does it.
# - Build the skeleton again, with about 5% of its parameters.
# - See what became of the test accuracy and of the gap.
# - Read a log closely: it shows something that the summary does not.

# %%
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Graph, Recipe, fit, iteration, load_data, normalize
from course import plot_history, plot_mistakes, plot_receptive_field
from course.data import MNIST_TEST_COUNTS
from graders import lesson_checks

check, hint = lesson_checks(3)
data = load_data()
this = iteration(3)

# %% [markdown]
# These are the documented results of this iteration. At the end you will put your own beside them.

# %%
this.header()

# %% [markdown]
# ## Look
#
# Where are the parameters of lesson 2's network? For each of its convolutions: the kernel, the channels before and after it, the shape of its weights, and how many
# there are.

# %%
wide = [(3, 1, 32), (3, 32, 64), (3, 64, 128), (1, 128, 32), (3, 32, 64), (3, 64, 128), (1, 128, 10), (7, 10, 10)]
weights = [nn.Conv2d(before, after, kernel, bias=False).weight for kernel, before, after in wide]
total = sum(weight.numel() for weight in weights)
for (kernel, before, after), weight in zip(wide, weights):
    print(
        f"{kernel}×{kernel}, {before:3} → {after:3}   {str(tuple(weight.shape)):18} "
        f"{weight.numel():7,}  {100 * weight.numel() / total:4.1f}%"
    )
print(f"{'sum':35} {total:7,}")

# %% [markdown]
# Two layers hold three quarters of all. Both go from 64 channels to 128.

# %% [markdown]
# **Parameters by hand.** The shape says it all. A convolution makes each *output* channel from all *input* channels: it has one kernel of k×k weights for every pair of
# an input and an output channel. If it has a bias, that is one number more for each output channel.
#
# - 3×3, from 64 channels to 128: 9 weights · 64 · 128 = 73,728
# - 3×3, from 1 channel to 32, with a bias: 9 · 1 · 32 + 32 = 320
#
# The size of the map does not occur. It matters for the *work*: each weight is used once for every position.

# %% [markdown]
# **Why does narrow help so much?** Channels count twice, before and after. Take a third of the channels on both sides, and a ninth of the weights is left. With a tenth, a
# hundredth is left. That is true wherever both sides get narrow:
#
# - 3×3, from 10 channels to 20: 9 · 10 · 20 = 1,800, instead of 73,728
#
# But not every layer can get narrow on both sides. The image has one channel, and the answer ten. So the last layer stays what it is, and its share grows.

# %% [markdown]
# ## Predict
#
# Read the table under *Build*. Then write down your answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. Which layer has the most parameters now, and about what share of all?
# 2. Lesson 2's documented test accuracy is 98.80%. What do you expect of a network with a twentieth of its parameters?
# 3. Will the gap between training and test accuracy be smaller than lesson 2's?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your prediction, in two or three sentences:*

# %% [markdown]
# ## Build
#
# There are three things to write. First the function that counts. `kernel` is the side of a square kernel, `before` and `after` are numbers of channels, `bias` is `True` or
# `False`.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "conv_parameters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_parameters(kernel, before, after, bias):
    # How many weights does one output channel have? How many output channels are there?
    # And what does a bias add? (3, 1, 32, True) gives 320.
    raise NotImplementedError

# %% [markdown]
# Each check answers in a moment: *correct*, *not yet* (with what it saw, what it expected, what to try) or *not attempted*. `hint("count_by_hand")` prints a
# hint, `hint("count_by_hand", 2)` one that says more. The number at the end is the marks; nbgrader reads it there. What the checks say here is advice; your
# marks are settled by the grader, with the same rules.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "count_by_hand", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("count_by_hand", conv_parameters=conv_parameters)

# %% [markdown]
# What would biases have cost in lesson 2's network?

# %%
for with_bias in (False, True):
    print(f"bias={with_bias!s:5} {sum(conv_parameters(*layer, with_bias) for layer in wide):8,}")

# %% [markdown]
# Very little. The documented network does well without them, and directly before a batch normalisation, as in
# lesson 4, they are of no use at all.
#
# Now the network. It is the skeleton of lesson 2, layer by layer.
#
# | | layer | behind it | output |
# |---|---|---|---|
# | 1 | 3×3 convolution, 10 channels | ReLU | 10 × 26 × 26 |
# | 2 | 3×3 convolution, 10 channels | ReLU | 10 × ? × ? |
# | 3 | 3×3 convolution, 20 channels | ReLU | 20 × ? × ? |
# | | **max-pool, 2×2** | | 20 × ? × ? |
# | 4 | 1×1 convolution, 10 channels | ReLU | 10 × ? × ? |
# | 5 | 3×3 convolution, 10 channels | ReLU | 10 × ? × ? |
# | 6 | 3×3 convolution, 20 channels | ReLU | 20 × 7 × 7 |
# | 7 | 1×1 convolution, 10 channels | ReLU | 10 × ? × ? |
# | 8 | 7×7 convolution, 10 channels | nothing | 10 × 1 × 1 |
#
# No padding, no biases. The last kernel is still as large as its map: a fully connected layer in effect. So this lesson does not claim the constraint that there is none.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # If you have lesson 2's Net, start from that: only numbers of channels change.
        # If not, the first convolution is
        self.conv1 = nn.Conv2d(1, 10, kernel_size=3, bias=False)  # (N, 10, 26, 26)
        # and seven more follow.
        raise NotImplementedError

    def forward(self, x):
        x = F.relu(self.conv1(x))
        # … F.max_pool2d(x, 2) halves the map.
        # At the end x has the shape (N, 10, 1, 1). What should be returned has the shape (N, 10):
        # ten scores a digit, as they are or as log-probabilities (F.log_softmax(…, dim=1)).
        raise NotImplementedError

# %% [markdown]
# The receptive fields in this table should be those of lesson 2: 7 in front of the max-pool, 28 at the end. A receptive field does not depend on channels.

# %%
Graph.trace(Net).table()

# %%
plot_receptive_field(Graph.trace(Net), data.test_images[0])

# %% [markdown]
# Your own function on your own network:

# %%
convolutions = [part for part in Net().modules() if isinstance(part, nn.Conv2d)]
counts = [
    conv_parameters(part.kernel_size[0], part.in_channels, part.out_channels, part.bias is not None) for part in convolutions
]
for part, count in zip(convolutions, counts):
    side = part.kernel_size[0]
    print(f"{side}×{side}, {part.in_channels:2} → {part.out_channels:2}  {count:6,}  {100 * count / sum(counts):4.1f}%")
print(f"{'sum':12}  {sum(counts):6,}")

# %% [markdown]
# ## Check
#
# Kernels, channels and padding, layer by layer:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "layers", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
check("layers", Net=Net)

# %% [markdown]
# A ReLU behind all convolutions but the last:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "activations", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
check("activations", Net=Net)

# %% [markdown]
# The max-pool, in its place:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "pooling", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
check("pooling", Net=Net)

# %% [markdown]
# The scores, as the last convolution leaves them:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "output", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("output", Net=Net)

# %% [markdown]
# The parameters, exactly:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "parameters", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("parameters", Net=Net)

# %% [markdown]
# ## Train
#
# A *recipe* says how to train, as data: it is saved with the weights, and the grader reads it. It is that of lesson 2: SGD with a learning rate of 0.01 and a momentum of
# 0.9, batches of 128 digits, 20 epochs.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "recipe", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Recipe(epochs=…, batch_size=…, optimizer=partial(SGD, lr=…, momentum=…), seed=1)
recipe = ...
raise NotImplementedError

# %% [markdown]
# Now train. A bar shows the time that is left. Do not give up if the first epochs look bad; you will find out why.
#
# For a try, you may write fewer epochs into the recipe; the check below only asks whether the network has learned to read. And if you interrupt the training, the finished
# epochs are kept.
#
# The run is saved in a file beside this notebook, and if you run the cell again, a finished run is replayed from there. **Hand in both files**, this notebook and
# `03_lighter_model.safetensors`: the accuracy is counted with the weights in it.

# %%
print(f"On two processor cores the training takes about {this.minutes_cpu} minutes.")

# %%
run = fit(Net, recipe, data)
run.save("03_lighter_model.safetensors")

# %%
plot_history(run, documented=this)

# %% [markdown]
# In the left picture the scale begins where most epochs are, so a first epoch far below is cut off. The loss, on the right, shows it.
#
# Has the network learned to read? The check says how much it asks for.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "trained", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("trained", Net=Net, recipe=recipe)

# %% [markdown]
# ## Compare
#
# Your results beside the documented ones, and beside what the log of the documented notebook says. As in lesson 2, *best of the first 19* is for a comparison with later
# lessons, which allow fewer than 20 epochs.

# %%
this.compare(run)

# %% [markdown]
# Beside lesson 2: the figures of each log's *last* epoch, and of yours.

# %%
rows = [(f"lesson {one.number}, log", one.documented.parameters, one.log.train, one.log.test) for one in (iteration(2), this)]
rows.append((f"yours, {run.data['name']}", run.graph.parameters, [run.last.train_accuracy], [run.last.test_accuracy]))
print(f"{'':24}parameters  training     test    gap")
for name, parameters, train, test in rows:
    print(f"{name:24}{parameters:10,}  {train[-1]:7.2f}%  {test[-1]:6.2f}%  {train[-1] - test[-1]:5.2f}")

# %% [markdown]
# **Is the loss in accuracy more than chance?** Each test digit is right or wrong. If a network is right with probability q, the number of right answers of n digits has a
# standard deviation of √(n · q · (1 − q)). For a difference between two networks, the squares of both add up. Here are the best epochs of the two logs:

# %%
digits, pair = 10_000, [one.log.best() for one in (iteration(2), this)]
deviation = sum(digits * q / 100 * (1 - q / 100) for q in pair) ** 0.5
print(
    f"{pair[0]:.2f}% and {pair[1]:.2f}%: {digits * (pair[0] - pair[1]) / 100:.0f} "
    f"digits apart; chance alone makes about {deviation:.0f}"
)

# %% [markdown]
# **How did it begin?** The first epochs of the documented log, and of your run: right answers in the test, and the training accuracy, measured while training.

# %%
for number in range(1, 6):
    print(
        f"epoch {number}: log {round(100 * this.log.test[number - 1]):6,} "
        f"of 10,000, training {this.log.train[number - 1]:5.2f}%"
    )
for one in run.history[:5]:
    print(f"epoch {one.epoch}: yours {one.test_correct:4,} right ({run.data['name']}), training {one.train_accuracy:5.2f}%")

# %% [markdown]
# Look at the first line of the log. And now look at how often each digit occurs in MNIST's test set, from which the log comes. What has the network answered, after its
# first epoch?

# %%
for label, count in enumerate(MNIST_TEST_COUNTS):
    print(f"{label}: {count:5,} of the {sum(MNIST_TEST_COUNTS):,} test digits")

# %% [markdown]
# **Why does it start late?** Take a fresh network, before any training, and send 256 digits through it. How different are the answers of each layer from digit to digit? That is
# the standard deviation over the digits, averaged over the map.

# %%
torch.manual_seed(run.recipe.seed)
fresh, deviations = Net(), []
for part in fresh.modules():
    if isinstance(part, nn.Conv2d):
        part.register_forward_hook(lambda part, inputs, output: deviations.append((part, output.std(dim=0).mean().item())))
with torch.no_grad():
    chances = fresh(normalize(data.train_images[:256])).softmax(dim=1)  # the same from scores and from log-probabilities
for part, deviation in deviations:
    print(
        f"behind the {part.kernel_size[0]}×{part.kernel_size[0]} convolution, "
        f"{part.in_channels:2} → {part.out_channels:2}: {deviation:.4f}"
    )
print("the first digit's ten probabilities:", " ".join(f"{chance:.3f}" for chance in chances[0].tolist()))
print(f"lesson 2's log, training accuracy in epoch 1: {iteration(2).log.train[0]:.2f}%")

# %% [markdown]
# Behind the last layer, hardly anything is left of the difference between one digit and another. Where does it go?
#
# - PyTorch draws a convolution's weights evenly between −1/√n and 1/√n, where n = k² · before is the number of products in each sum. The mean square of such a weight is
#   1/(3n).
# - So a sum of n products has about a *third* of the mean square of its inputs. The n is gone: it is the same for narrow and for wide layers.
# - ReLU sets about half of the values to zero. A *sixth* is left.
# - So values shrink by about √6 = 2.4 a layer. Eight layers make that a factor of hundreds.
#
# Gradients come back the same way, through the same small weights, and shrink as well. So the first steps move the scores of all digits alike, and hardly those of one digit
# against those of another.
#
# Lesson 2's network shrinks its values just as much, and its first epoch was poor, too (the last line above). But there each step moves eighteen times as many weights, each a little,
# and all these little changes add up in the scores. So it got away sooner. When a narrow network gets away is partly luck: with another seed it may take longer, or less. If yours is
# still near 10% after all epochs although the checks above are correct, take another seed in the recipe, and say so in your analysis.

# %% [markdown]
# Which digits does your network get wrong?

# %%
plot_mistakes(run.network(), data)

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. What did the documented network know after its first epoch, and how can you tell? About when did it begin to learn? And yours?
# 2. The document says: "no over-fitting". Look at the gap, beside lesson 2's. Do you agree?
# 3. What did it cost to give up 95% of the parameters? Is that more than chance?
# 4. Which layer holds most of the parameters now? Would you rather spend them elsewhere?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 15, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# A twentieth of the parameters does nearly the same work. So most of them were not needed, and these few may not be used well yet: they spend their first steps getting away from the
# start. In lesson 4 each layer gets values of a healthy size, whatever the layer before it does.
