# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 11: your own network
#
# Ten lessons told you what to build. Now you decide. The four constraints stay as they are; how far you go inside them is up to you.

# %% [markdown]
# ## Target
#
# - Design a network of your own, and a recipe for it, within the four constraints: at least 99.4% of the test digits, fewer than 20,000 parameters, fewer than 20 epochs, no fully
#   connected layer.
# - Go further in one direction: **fewest parameters** at 99.4%, **fewest epochs** at 99.4%, or **highest accuracy**.
# - Choose between designs *without* looking at the test digits.

# %%
from dataclasses import replace
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

from course import Graph, RandomRotation, RandomScale, RandomShift, Recipe, fit, hold_out, lesson, load_data
from course import plot_history, plot_learning_rates, plot_mistakes, plot_receptive_field
from course.iterations import iterations
from graders import lesson_checks

check, hint = lesson_checks(11)
data = load_data()
this = lesson(11)

# %% [markdown]
# ## Look
#
# **Where you stand.** The ten networks of the course, and the best epoch in the log of each:

# %%
print("            parameters   epochs   best test accuracy")
for item in iterations():
    print(f"lesson {item.number:2}   {item.documented.parameters:11,}   {item.epochs:6}   {item.log.best():17.2f}%")

# %% [markdown]
# **What costs parameters?** A k×k convolution from a to b channels has k · k · a · b weights, wherever it stands. So it is the *wide* layers that cost, and the deep ones are wide.

# %%
print("3×3 convolution   weights")
for a, b in ((1, 8), (8, 8), (8, 16), (16, 16), (16, 32), (32, 32), (32, 64)):
    print(f"{a:4} → {b:2}         {9 * a * b:7,}")

# %% [markdown]
# Half the channels everywhere, a quarter of the weights. And what does each halving lose? That is the question of the first direction.
#
# **What costs time?** Not the weights, but how often each is used: once for every position of the map. The same convolution costs four times as much before a pooling as after it. So
# time is spent in the *early* layers, and it is won by making the maps small soon: a pooling, or a stride of 2.

# %%
print("16 → 16 channels   multiply-adds")
for size in (26, 24, 12, 6, 3):
    print(f"a map of {size:2}×{size:<2}     {9 * 16 * 16 * size * size:10,}")

# %% [markdown]
# **What costs epochs?** The steps. A small rate needs many of them. A large one gets far in few, and then
# jumps about: lesson 10 showed what lowering it does. *One cycle* does both. The rate begins low, so that the
# first steps do no harm. It rises far above what a constant rate could be. Then it falls to nearly nothing.
# It changes with every batch. Here are the rates of 8 epochs of 469 batches:

# %%
optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
schedule = OneCycleLR(optimizer, max_lr=0.1, total_steps=8 * 469)
rates = []
for _ in range(8 * 469):
    rates.append(optimizer.param_groups[0]["lr"])
    optimizer.step()
    schedule.step()
plot_learning_rates(rates, every="batch")

# %% [markdown]
# In a recipe it is one entry, and `fit` knows the number of steps: `schedule=partial(OneCycleLR,
# max_lr=0.1)`. It begins at a twenty-fifth of `max_lr`, whatever the optimiser's `lr` is, and moves the
# momentum as well, from 0.95 to 0.85 and back: `cycle_momentum=False` leaves yours as it is.
#
# **What costs nothing?** Augmentation, in parameters. You know `RandomRotation(degrees)`; there are `RandomShift(pixels)` and `RandomScale(fraction)`, and a tuple of several is applied
# one after the other. With a large rate, a little *weight decay* helps, too: `SGD(…, weight_decay=1e-4)` draws all weights towards zero.

# %% [markdown]
# **How to choose fairly.** You will try several designs and keep the best. If you judge them by the test digits, the winner is partly the one that was lucky *on these digits*, and its
# test accuracy says more than it should: it is no longer a test. So take the last 10,000 of the training digits away, train on the rest, and judge by those you took. The real test
# digits are asked once, when the design stands.

# %%
trial = hold_out(data)
for name, digits in (("to train on", trial.train_labels), ("to choose by", trial.test_labels)):
    print(f"{name:13} {len(digits):6,} digits")

# %% [markdown]
# And one run is one run: another seed gives another figure. At 99.4% of 10,000 digits one standard error is 0.08 points (lesson 8), so a difference of that size between two designs says
# nothing yet. Try each with two or three seeds before you believe it.

# %% [markdown]
# ## Predict
#
# Write down your answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. Which direction do you take, and how far do you think one can get?
# 2. Which of the ten lessons' ideas will you keep, which will you leave out, and why?
# 3. How will you find out whether you were right? Which figure decides?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your plan, in a few sentences:*

# %% [markdown]
# ## Build
#
# Anything goes that the four constraints allow: other kernels, strides, poolings, activations, shortcuts, several branches. Begin small. A network that trains in a minute can be tried
# ten times.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # Your own. It takes digits (N, 1, 28, 28) and gives ten scores a digit, (N, 10).
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError

# %% [markdown]
# Look at it before you train it. Where are the parameters, where is the work? And does a position before the last pooling see enough of a digit?

# %%
Graph.trace(Net).table()

# %%
plot_receptive_field(Graph.trace(Net), data.test_images[0])

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "recipe", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Recipe(epochs=…, batch_size=…, optimizer=partial(SGD, lr=…, momentum=…), schedule=…, augment=…, seed=1)
recipe = ...
raise NotImplementedError

# %% [markdown]
# ## Check
#
# Three of the constraints can be checked at once. Each check answers *correct*, *not yet* (with what it saw, what it expected, what to try) or *not attempted*. What the checks say here
# is advice; your marks are settled by the grader, with the same rules.
#
# *Constraint:* fewer than 20,000 parameters.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "constraint_parameters", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("constraint_parameters", Net=Net)

# %% [markdown]
# *Constraint:* no fully connected layer, and none in disguise.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "fully_connected", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
check("fully_connected", Net=Net)

# %% [markdown]
# *Constraint:* fewer than 20 epochs.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "epochs", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("epochs", recipe=recipe)

# %% [markdown]
# ## Train
#
# First the trial, judged by the digits that you held back. Come back here as often as you change your mind, and note what you tried: your analysis asks how many designs there were.

# %%
first = fit(Net, recipe, trial)
first.save("11_trial.safetensors")

# %%
plot_history(first)

# %% [markdown]
# The design stands? Then train it on all training digits, and ask the test digits. **Hand in** this notebook with the files beside it: your marks rest on `11_capstone.safetensors`; the
# trials' files are for the pictures in your feedback.

# %%
run = fit(Net, recipe, data)
run.save("11_capstone.safetensors", epoch="last")  # the best epoch would be one more choice by the test digits

# %% [markdown]
# *Constraint:* at least 99.4% of the test digits, 9,940 of 10,000.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "accuracy", "locked": true, "points": 25, "schema_version": 3, "solution": false, "task": false}
check("accuracy", Net=Net, recipe=recipe)

# %% [markdown]
# ## Compare
#
# Your results, beside those of one possible answer, where they are recorded. It was made for the second direction: few epochs.

# %%
this.compare(run)

# %% [markdown]
# **Chosen by which digits?** The trial's accuracy and the final one, each in its last epoch:

# %%
print(f"trial, on digits held back: {first.last.test_accuracy:.2f}% of {len(trial.test_labels):,}")
print(f"final, on test digits:      {run.last.test_accuracy:.2f}% of {len(data.test_labels):,}")

# %% [markdown]
# One standard error of such a difference is 0.11 points: that of one figure, times √2. And MNIST's test digits were written by other people than its training digits, so the two need not be equally
# hard.
#
# **Is it the design or the seed?** Train your design once more with another seed, and look at the last epoch:

# %%
other = fit(Net, replace(recipe, seed=recipe.seed + 1), trial)
other.save("11_other_seed.safetensors")
print(f"seed {recipe.seed}: {first.last.test_accuracy:.2f}%, seed {recipe.seed + 1}: {other.last.test_accuracy:.2f}%")

# %% [markdown]
# Which digits does it still get wrong?

# %%
plot_mistakes(run.network(), data)

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. What did you try, in which order, and by which figure did you choose? How many designs were there?
# 2. How far did you get in your direction, and how sure are you of it? Use two seeds, or a standard error.
# 3. Which single change brought most? What would you try next, and what do you expect of it?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 20, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# Hand in the notebook with its files, and see where your network stands on the leaderboard of your class: parameters against accuracy, and which of the others are beaten in both.
