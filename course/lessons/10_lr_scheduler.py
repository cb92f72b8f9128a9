# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 10: a learning-rate schedule
#
# In lesson 9 the test accuracy still jumped from epoch to epoch, to the very end. The optimiser's steps were as large in the last epoch as in the first. In
# this lesson they become smaller on the way. Network and augmentation stay as they are.

# %% [markdown]
# ## Target
#
# - Lower the learning rate to a tenth after every sixth epoch.
# - Show that the schedule really ran. In the documented notebook it did not.
# - Meet the four constraints again: at least 99.4% of the test digits, fewer than 20,000 parameters, fewer than 20 epochs, no fully connected layer.

# %%
from functools import partial
from math import isclose
from pathlib import Path

import torch
from scipy.stats import binomtest
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.optim.lr_scheduler import StepLR

from course import Graph, RandomRotation, Recipe, fit, iteration, load_data, load_submission
from course import plot_history, plot_learning_rates, plot_mistakes
from course.iterations import iterations
from graders import lesson_checks

check, hint = lesson_checks(10)
data = load_data()
this = iteration(10)

# %% [markdown]
# These are the documented results of this iteration. At the end you will put your own beside them.

# %%
this.header()

# %% [markdown]
# ## Look
#
# In the documented notebook the line `scheduler.step()` is commented out, so that its schedule never ran.
# Such a line leaves no error behind. Does it leave a trace? Had the schedule run, the accuracy would have
# become calm after epoch 6, and more so after epoch 12. Here are the right answers of 10,000 test digits,
# epoch by epoch: iteration 9, which has no schedule, and iteration 10, which was meant to have one.

# %%
def show_logs():
    """Right answers of two logs and their difference, epoch by epoch."""
    print("epoch  iteration 9  iteration 10  difference")
    for epoch, (nine, ten) in enumerate(zip(iteration(9).log.test, this.log.test, strict=True), start=1):
        print(f"{epoch:5}  {100 * nine:11.0f}  {100 * ten:12.0f}  {100 * (ten - nine):+10.0f}")


show_logs()

# %% [markdown]
# And how far apart are the highest and the lowest of some epochs?

# %%
def spread(accuracies):
    """Highest less lowest, in points."""
    return max(accuracies) - min(accuracies)


def show_spreads():
    for name, first, last in (("epochs 1 to 6", 1, 6), ("epochs 7 to 12", 7, 12), ("epochs 13 to 20", 13, 20)):
        nine, ten = (spread(iteration(number).log.test[first - 1 : last]) for number in (9, 10))
        print(f"{name:15}  iteration 9: {nine:.2f} points   iteration 10: {ten:.2f} points")


show_spreads()

# %% [markdown]
# From epoch 13 on, iteration 10 should have taken steps a hundred times smaller than iteration 9, and from
# epoch 19 on a thousand times. It should be much the calmer of the two. It is the less calm one. The log fits
# that.
#
# So both runs had the same network and the same recipe, and even the same seed. They differ all the same. On a GPU that is usual: sums are not always added
# up in the same order, and tiny differences grow. The column *difference* therefore shows something useful: **what chance alone does** between two runs of
# the same thing.

# %% [markdown]
# **Why smaller steps?** A batch of 128 digits gives a gradient that points roughly downhill: the true gradient, and noise on top. Far from the minimum the
# noise hardly matters. Close to it, noise is all that is left, and each step carries the weights a little past the minimum. Here is the smallest example:
# one weight w, the loss w² / 2, its gradient w, and noise of deviation 1 on it.
#
# With the rate r, a step makes (1 − r) · w − r · noise out of w. If the mean square of w stays as it is from step to step, then
#
# mean square = (1 − r)² · mean square + r², so mean square = r / (2 − r).
#
# - r = 0.1: √(0.1 / 1.9) = 0.23 from the minimum, typically
# - r = 0.01: √(0.01 / 1.99) = 0.07
# - r = 0.001: √(0.001 / 1.999) = 0.02
#
# A tenth of the rate leaves about a third of the noise, as √10 is about 3. But it also takes ten times as many steps to get anywhere. Look at both:

# %%
def show_descents():
    """Typical distance of w from the minimum, over the last 100 of each 300 steps."""
    print("rates                 steps 201-300  501-600  801-900")
    for stages in ((0.1, 0.1, 0.1), (0.001, 0.001, 0.001), (0.1, 0.01, 0.001)):
        noise = torch.Generator().manual_seed(1)
        w = torch.full((100,), 3.0)  # 100 walkers, so that the figures are steady
        distances = []
        for r in stages:
            squares = []
            for _ in range(300):
                w = w - r * (w + torch.randn(100, generator=noise))
                squares.append(w.square().mean())
            distances.append(torch.stack(squares[200:]).mean().sqrt().item())
        print(f"{' → '.join(map(str, stages)):20}  {distances[0]:13.2f}  {distances[1]:7.2f}  {distances[2]:7.2f}")


show_descents()

# %% [markdown]
# A large rate arrives soon and never comes to rest. A small one would come to rest and does not arrive. A schedule takes large steps first and small ones
# later. Even so, in its last stage the distance hardly falls: with r = 0.001, three hundred steps are too few to get from 0.07 to 0.02.
#
# When to change, then, and by how much? A good schedule is hard to find, says the document. Change too early, and the network stops learning where it
# happens to be.

# %% [markdown]
# **StepLR.** PyTorch's `StepLR(optimizer, step_size, gamma)` multiplies the rate by `gamma` once every `step_size` epochs. It counts epochs by the calls of
# its method `step()`. With lr=0.1, step_size=2 and gamma=0.5, five epochs are trained with the rates 0.1, 0.1, 0.05, 0.05, 0.025.

# %% [markdown]
# ## Predict
#
# Write down your answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. The rate begins at 0.01 and falls to a tenth after every sixth epoch. With which rates are epochs 6, 7, 13 and 19 trained?
# 2. Sketch in words the test accuracy over 19 epochs. What happens after epoch 6, what after epoch 12?
# 3. Compared with lesson 9: will the best epoch be better? Will the last one be?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your prediction, in two or three sentences:*

# %% [markdown]
# ## Build
#
# Before you train with a schedule, run it without training. It takes no time, and shows what the rates will be. Write a function that gives the rate of
# every epoch: the one that the epoch *is trained with*, first epoch first.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "learning_rates", "locked": false, "schema_version": 3, "solution": true, "task": false}
def learning_rates(epochs, lr=0.01, step_size=6, gamma=0.1):
    """The learning rate of each epoch, as a list of `epochs` numbers."""
    # A schedule changes the rate of an optimiser, so it needs one. A single parameter is enough to build it:
    #     optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    # Then a StepLR on this optimiser, and a loop over the epochs. Three things happen in each epoch. In which order?
    # - the schedule takes its step
    # - optimizer.step(), which stands for an epoch of training; without a gradient it changes nothing
    # - the rate that is in force, optimizer.param_groups[0]["lr"], goes into your list
    raise NotImplementedError

# %% [markdown]
# Look at it: a staircase going down, beside the rate of the documented notebook, where nobody took the steps. The scale is logarithmic, so that a tenth is
# always equally far.

# %%
plot_learning_rates(learning_rates(19), documented=[0.01] * this.epochs)

# %% [markdown]
# What does the schedule cost? Add up all the rates, and compare with the first one:

# %%
print(f"19 epochs of this schedule: as much as {sum(learning_rates(19)) / 0.01:.2f} epochs at 0.01")

# %% [markdown]
# Whatever needs long ways has to be learned in the first six epochs. What comes later is tidying up.
#
# Next, the network: lesson 8's, once more. In case you have not done that lesson, here it is in one line; the table there says more.
#
# 3×3 to 16 channels, 3×3 to 32, **1×1 to 10**, max-pool 2×2, 3×3 to 16, 3×3 to 16, 3×3 to 16, 3×3 to 16 with padding 1, global average pooling, **1×1 to
# 10**.
#
# No convolution has a bias. Behind each 3×3 convolution stand ReLU, BatchNorm and Dropout 0.1, in this order; behind the two 1×1 convolutions nothing.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Put lesson 8's network here, unchanged: all of that answer cell, with whatever functions it uses.
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError

# %%
Graph.trace(Net).table()

# %% [markdown]
# And the recipe: lesson 9's, with a schedule. The digits are turned by up to 7 degrees, in batches of 128; SGD starts with a rate of 0.01 and a momentum of
# 0.9; fewer than 20 epochs. Keep lesson 9's seed, so that you can compare the two runs. Write the schedule like the optimiser: a `partial` of PyTorch's
# class with its settings. The optimiser itself is put in when training starts, and `fit` takes the schedule's steps, one after each epoch.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "recipe", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Recipe(epochs=…, batch_size=…, optimizer=partial(SGD, lr=…, momentum=…), schedule=…, augment=…, seed=1)
recipe = ...
raise NotImplementedError

# %% [markdown]
# ## Check
#
# Each check answers in a moment: *correct*, *not yet* (with what it saw, what it expected, what to try) or *not attempted*. `hint("rates")` prints a hint,
# `hint("rates", 2)` one that says more. The number at the end is the marks; nbgrader reads it there. What the checks say here is advice; your marks are
# settled by the grader, with the same rules.
#
# The rates of every epoch, for this schedule and for some others:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "rates", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
check("rates", learning_rates=learning_rates)

# %% [markdown]
# The schedule in the recipe:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "schedule", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("schedule", recipe=recipe)

# %% [markdown]
# The augmentation, as in lesson 9:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "augmentation", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("augmentation", recipe=recipe)

# %% [markdown]
# The network, all of it: layers, pooling, normalisation, dropout, output.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "network", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("network", Net=Net)

# %% [markdown]
# The parameters, exactly:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "parameters", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
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
# *Constraint:* fewer than 20 epochs.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "epochs", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("epochs", recipe=recipe)

# %% [markdown]
# ## Train
#
# A bar shows the time that is left, and the run is saved in a file beside this notebook. A *finished* run is
# replayed from its file when you run the cell again. If you interrupt the training, the finished epochs are
# kept and saved, but the next time it begins anew. **Hand in both files**, this notebook and
# `10_lr_scheduler.safetensors`: the accuracy is counted with the weights in it.

# %%
print(f"On two processor cores the training takes about {this.minutes_cpu} minutes.")

# %%
run = fit(Net, recipe, data)
run.save("10_lr_scheduler.safetensors")

# %% [markdown]
# First of all: did the schedule run? Each epoch of a run notes the rate that it was trained with. This picture is made from those notes, not from the recipe.

# %%
plot_learning_rates([epoch.learning_rate for epoch in run.history], documented=[0.01] * this.epochs)

# %%
def same_rates(history, wanted):
    """Whether each epoch of a run was trained with the rate that is wanted."""
    return all(isclose(epoch.learning_rate, rate) for epoch, rate in zip(history, wanted, strict=True))


print("your run has the rates of your function:", same_rates(run.history, learning_rates(len(run.history))))

# %% [markdown]
# Then: what did it do? Look for epochs 7 and 13. The dotted line is the documented log, where the rate never changed.

# %%
plot_history(run, documented=this)

# %% [markdown]
# *Constraint:* at least 99.4% of the test digits, 9,940 of 10,000. Just below the line you get a part of the marks.
# As in lesson 9, another seed is another try; if you need more than one, say in your analysis how many.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "accuracy", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("accuracy", Net=Net, recipe=recipe)

# %% [markdown]
# ## Compare
#
# Your results beside the documented ones, and beside what the log of the documented notebook says.

# %%
this.compare(run)

# %% [markdown]
# **Calm or not?** The best epoch, the last one, and how far the highest and the lowest are apart from epoch 13 on:

# %%
def show_calm(columns):
    """Best, last and spread of some lists of accuracies, an entry an epoch."""
    for name, tests in columns.items():
        late = f"epochs 13 to {len(tests)}: {spread(tests[12:]):.2f} points" if len(tests) > 13 else ""
        print(f"{name:20}  best {max(tests):.2f}%  last {tests[-1]:.2f}%  {late}")


show_calm({
    "log of iteration 9": iteration(9).log.test,
    "log of iteration 10": this.log.test,
    "your run": [epoch.test_accuracy for epoch in run.history],
})

# %% [markdown]
# Choosing the best epoch by the test set flatters (lesson 8). Where all late epochs are nearly equal, there is little to choose from, and little flattery.
#
# **What did the schedule change?** If the file of your lesson 9 is beside this notebook, its run is put beside this one. With the same seed, trained on a
# CPU of the same kind, the two runs are the same up to epoch 6. What differs after that began with the schedule.

# %%
def show_beside(path):
    """The test accuracy of a saved run beside this one's, epoch by epoch."""
    if not path.exists():
        print(f"there is no {path.name} beside this notebook")
        return
    print("epoch  lesson 9  lesson 10  rate now")
    for nine, ten in zip(load_submission(path).history, run.history, strict=False):
        print(f"{ten.epoch:5}  {nine.test_accuracy:7.2f}%  {ten.test_accuracy:8.2f}%  {ten.learning_rate:8.2g}")


show_beside(Path("09_image_augmentation.safetensors"))

# %% [markdown]
# **Sooner?** The document says that the schedule helped to get to 99.4% faster. These are the first epochs with at least 9,940 right answers in its logs:

# %%
def first_epoch(tests, wanted=99.4):
    """The first epoch with so many percent, or a dash."""
    return next((number for number, test in enumerate(tests, start=1) if round(test, 2) >= wanted), "–")


print("first epoch at 99.40%")
for number in (8, 9, 10):
    print(f"iteration {number:2}: {first_epoch(iteration(number).log.test):>2}")
print(f"yours:        {first_epoch([epoch.test_accuracy for epoch in run.history]):>2}")

# %% [markdown]
# Iteration 10 is the first to get there, and yet its schedule never ran. It was chance, and a story was told about it. That happens to everyone who compares
# single runs.
#
# Which digits are still wrong?

# %%
plot_mistakes(run.network(), data)

# %% [markdown]
# ## Look back
#
# All ten iterations. *Corrected* is the accuracy that the log supports where the documented one cannot stand: in 4 and 5 a digit was mistyped, and the
# document's best of iteration 8 was its twentieth epoch. The last column is the step from the iteration before, in standard errors of such a difference.

# %%
def show_all(n=10_000):
    """A line an iteration; n test digits."""
    print("iteration                   parameters  epochs  documented  corrected   step")
    before = None
    for item in iterations():
        test = item.corrected_test or item.documented.test
        corrected = f"{item.corrected_test:.2f}%" if item.corrected_test else ""
        step = ""
        if before is not None:  # the variances q · (1 − q) / n of both accuracies add up
            error = ((test * (100 - test) + before * (100 - before)) / n) ** 0.5
            step = f"{(test - before) / error:+.1f}"
        title = f"{item.number} {item.title}"
        print(
            f"{title:26}  {item.documented.parameters:10,}  {item.epochs:6}  "
            f"{item.documented.test:9.2f}%  {corrected:>9}  {step:>5}"
        )
        before = test


show_all()

# %% [markdown]
# A step of less than two standard errors can well be chance: as good as no difference. And the standard errors count only one kind of chance, which digits
# happen to be in the test set. The luck of the seed, and of the best epoch of many, comes on top.
#
# What may one say about a single accuracy? The exact interval again, at 95%, as in lesson 8, for 9,940 of 10,000:

# %%
low, high = binomtest(9_940, 10_000).proportion_ci(confidence_level=0.95)
print(f"measured 99.40%, the true accuracy is between {100 * low:.2f}% and {100 * high:.2f}%")

# %% [markdown]
# The best epochs of iterations 8, 9 and 10 lie within this interval, and so do their last epochs. Nobody can say from these runs which of the three is best.
#
# Some things one *can* say, as the luck of the test digits does not explain them. Iteration 4, with batch normalisation, reads more digits than 3. Iteration
# 6, with pooled scores and fewer parameters, reads fewer than 5. And the final network reads as many as the first one, which is far larger:

# %%
print("parameters: {:,} in iteration 1, {:,} in iteration 10".format(*(iteration(number).documented.parameters for number in (1, 10))))

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. Show that the schedule ran in your run, and that it did not in the documented one. Name the figures and pictures you rely on.
# 2. Compare best and last epoch: yours, and those of both logs. What is a schedule good for, then, and what did it not bring?
# 3. Of the steps in the table, which two would you defend, and on which would you not bet? How would you find out?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 15, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# The ten steps end here. You have a small network that reads as many digits as a huge one, and you know how sure that is.
#
# Some things that one run of each could not tell, and that you can now find out: the same recipe with five seeds; a change at epoch 12 instead of 6; half
# the parameters; a network of your own, which lesson 11 is about. In a terminal, in the folder above `workspace`, the grader gives its verdict on any of them:
#
# `python -m graders check workspace/10_lr_scheduler.safetensors`
