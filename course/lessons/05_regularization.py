# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 5: regularisation with dropout
#
# With batch normalisation, the network of lesson 4 knows nearly all of its training digits in the end. Of the test digits it reads a smaller share. Anything
# that keeps a network from learning its training digits by heart is called *regularisation*. In this lesson it is dropout: some numbers are switched off, at
# random.

# %% [markdown]
# ## Target
#
# - Close the gap between training and test accuracy, with dropout at two places.
# - Add no parameter.
# - Find out what "training accuracy" means once there is dropout.
#
# Three of the course's four constraints wait. *Accuracy:* the documented run stays below 99.4%. *Epochs:* it
# had 25. *No fully connected layer:* its last kernel is as large as its map, which is such a layer in
# disguise. Only "fewer than 20,000 parameters" holds already. It is asked for from lesson 6 on.
#
# (The document gives another target for this iteration, "Add Batch-norm to increase model efficiency". That is iteration 4's, word for word. The documented
# network has dropout, and dropout is the subject here.)

# %%
from dataclasses import replace
from functools import partial
from textwrap import fill

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Graph, Recipe, accuracy, fit, iteration, load_data, normalize
from course import plot_history, plot_mistakes
from course.pictures import TEST, TRAIN, as_pictures, by_epoch, grid_of, new_figure
from graders import lesson_checks
from graders.constraints import judge_fully_connected

check, hint = lesson_checks(5)
data = load_data()
this = iteration(5)

# %% [markdown]
# These are the documented results of this iteration. At the end you will put your own beside them. There is also a note on them. It comes last: you can find
# out by yourself what it says.

# %%
this.header()

# %% [markdown]
# ## Look
#
# First the gap. Here are two documented logs, epoch by epoch: iteration 3, the light network, and iteration 4, the same with batch normalisation.

# %%
def show_logs(*numbers):
    """Training and test accuracy of documented logs, side by side."""
    figure = new_figure(10, 3.4, "Training and test accuracy by epoch in the logs of iterations " + " and ".join(map(str, numbers)))
    for axes, number in zip(figure.subplots(1, len(numbers)), numbers, strict=True):
        log = iteration(number).log
        epochs = range(1, len(log.test) + 1)
        axes.plot(epochs, log.train, label="training", **TRAIN)
        axes.plot(epochs, log.test, label="test", **TEST)
        axes.set(title=f"iteration {number}", ylabel="accuracy (%)", ylim=(97, 100.05))
        by_epoch(axes)
        figure.alt += f"; {number} ends at {log.train[-1]:.2f}% in training and {log.test[-1]:.2f}% in the test"
    return figure


show_logs(3, 4)

# %% [markdown]
# In iteration 4 the test accuracy never gets higher than in epoch 8. The training accuracy goes on rising. What the network learns from then on helps it with
# these 60,000 digits, and with no others. That is **over-fitting**. In iteration 3 the two curves part later, and less.
#
# Now dropout. We need the values of a map behind its ReLU, its *activations*; any map will do. This kernel
# answers where ink begins, going down the picture:

# %%
digit = normalize(data.train_images[:1])  # (1, 1, 28, 28)
kernel = torch.tensor([[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]).view(1, 1, 3, 3)
seen = F.relu(F.conv2d(digit, kernel))  # (1, 1, 26, 26)

dropout = nn.Dropout(0.25)
torch.manual_seed(1)
dropout.train()
once, again = dropout(seen), dropout(seen)
dropout.eval()
evaluated = dropout(seen)

titles = ["before dropout", "training", "training, again", "evaluation"]
grid_of(as_pictures(torch.cat([seen, once, again, evaluated])), titles, 4, "A map of activations: " + ", ".join(titles))

# %% [markdown]
# While training, one activation in four is gone, and each time it is another one. In evaluation nothing happens at all.
#
# The others got darker: they were divided by 0.75. Here is why.

# %% [markdown]
# **The mean stays.** Dropout with rate p sets an activation a to zero with probability p, and makes a / (1 − p) of it otherwise. On average, with p = 0.25:
#
# 0.25 · 0 + 0.75 · a / 0.75 = a
#
# So the layer behind sees, on average, the same numbers in training as in evaluation. Without the division it would see a third more in evaluation than
# it was trained on. Try it:

# %%
dropout.train()
means = torch.stack([dropout(seen).mean() for _ in range(1000)])
print(f"mean of the map                   {seen.mean():.3f}")
print("after dropout, five times         " + "  ".join(f"{mean:.3f}" for mean in means[:5]))
print(f"after dropout, mean of 1000 times {means.mean():.3f}")
print(f"in evaluation                     {evaluated.mean():.3f}")

# %% [markdown]
# Single maps have other means, above and below. That is the noise which dropout brings.
#
# **Why does noise help?** To know a training digit by heart, a network can use a few activations that happen to go together in just this digit. With dropout
# it can't count on them: each is missing one time in four. What pays is what many activations say, each by itself. That tends to hold for other digits, too.
#
# How much is switched off in this network? The map before the max-pool has 20 · 22 · 22 numbers, the one behind the sixth convolution 20 · 7 · 7:

# %%
for channels, side in ((20, 22), (20, 7)):
    count = channels * side * side
    print(
        f"{channels} × {side} × {side} = {count:5,} activations, about "
        f"{count // 4:,} of them switched off, for each digit anew"
    )

# %% [markdown]
# **What does not stay.** Dropout keeps the mean of what comes out of *it*. In this network, a max-pool stands behind it. It keeps the largest of four. What
# survives dropout is a third larger, so the largest of four mostly is, too:

# %%
pooled = torch.stack([F.max_pool2d(dropout(seen), 2).mean() for _ in range(1000)])
print(f"mean behind the max-pool: {F.max_pool2d(seen, 2).mean():.3f} without dropout, {pooled.mean():.3f} with it")

# %% [markdown]
# So from there on, the network sees larger numbers in training than in evaluation, after all. Keep that in mind: it matters where a dropout stands.

# %% [markdown]
# ## Predict
#
# Write down your answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. Lesson 4's network has 10,970 parameters. How many has this one?
# 2. In iteration 4 the training accuracy ends at 99.94%. Will it end higher or lower now? And the test accuracy, which ended at 99.22%?
# 3. In the first epochs, will the training accuracy, measured while training, be above or below the test accuracy?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your prediction, in two or three sentences:*

# %% [markdown]
# ## Build
#
# Lesson 4's network, with dropout at two places.
#
# | | layer | behind it | output |
# |---|---|---|---|
# | 1 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × 26 × 26 |
# | 2 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 3 | 3×3 convolution, 20 channels | BatchNorm, ReLU, **Dropout 0.25** | 20 × 22 × 22 |
# | | max-pool, 2×2 | | 20 × ? × ? |
# | 4 | 1×1 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 5 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 6 | 3×3 convolution, 20 channels | BatchNorm, ReLU, **Dropout 0.25** | 20 × 7 × 7 |
# | 7 | 1×1 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 8 | 7×7 convolution, 10 channels | nothing | 10 × 1 × 1 |
#
# No convolution has a bias or padding.
#
# `nn.Dropout(0.25)` knows by itself whether the network is training. The function does not: `F.dropout(x, 0.25)` always drops, in evaluation, too. It has to be
# told: `F.dropout(x, 0.25, training=self.training)`.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # Start from your network of lesson 4, if you have it. Or from its first block:
        self.block1 = nn.Sequential(
            nn.Conv2d(1, 10, kernel_size=3, bias=False),
            nn.BatchNorm2d(10),
            nn.ReLU(),
        )  # (N, 10, 26, 26)
        # Then blocks 2 and 3, the max-pool, blocks 4 to 7, and the last convolution, which stands alone.
        # Two of the blocks get a dropout as their last part. Which two?
        raise NotImplementedError

    def forward(self, x):
        x = self.block1(x)
        # …
        # At the end x has the shape (N, 10, 1, 1). What should be returned has the shape (N, 10):
        # ten scores a digit, as they are or as log-probabilities (F.log_softmax(…, dim=1)).
        raise NotImplementedError

# %% [markdown]
# Look at what you built. The table is made from the network itself: shapes, receptive fields, parameters and multiply-adds, operation by operation.

# %%
Graph.trace(Net).table()

# %% [markdown]
# ## Check
#
# Each check answers in a moment: *correct*, *not yet* (with what it saw, what it expected, what to try) or *not attempted*. `hint("dropout")` prints a hint,
# `hint("dropout", 2)` one that says more. The number at the end is the marks; nbgrader reads it there. What the checks say here is advice; your marks are
# settled by the grader, with the same rules.
#
# Dropout, where and how much:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "dropout", "locked": true, "points": 25, "schema_version": 3, "solution": false, "task": false}
check("dropout", Net=Net)

# %% [markdown]
# Kernels, channels and padding, layer by layer, and ReLUs and the max-pool between:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "layers", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("layers", Net=Net)

# %% [markdown]
# BatchNorm between convolution and ReLU:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "normalisation", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("normalisation", Net=Net)

# %% [markdown]
# The parameters, exactly. Does a dropout have any?

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "parameters", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("parameters", Net=Net)

# %% [markdown]
# And the constraint that this network does *not* meet. There are no marks for it here. This is what the grader would say:

# %%
print(fill(judge_fully_connected(Graph.trace(Net)).message, 110))

# %% [markdown]
# ## Train
#
# The recipe is lesson 4's, but for one number. SGD with a learning rate of 0.01 and a momentum of 0.9, batches of 128 digits; and 25 epochs, as in the
# documented run.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "recipe", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Recipe(epochs=…, batch_size=…, optimizer=partial(SGD, lr=…, momentum=…), seed=1)
recipe = ...
raise NotImplementedError

# %% [markdown]
# Now train. A bar shows the time that is left, and the run is saved in a file beside this notebook. A
# *finished* run is replayed from its file when you run the cell again. If you interrupt the training, the
# finished epochs are kept and saved, but the next time it begins anew. **Hand in both files**, this notebook
# and `05_regularization.safetensors`: the accuracy is counted with the weights in it.

# %%
print(f"On two processor cores the training takes about {this.minutes_cpu} minutes.")

# %%
run = fit(Net, recipe, data)
run.save("05_regularization.safetensors")

# %%
plot_history(run, documented=this)

# %% [markdown]
# Is it trained? The check says how much it asks for.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "trained", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
check("trained", Net=Net, recipe=recipe)

# %% [markdown]
# ## Compare
#
# Your results beside the documented ones, and beside what the log of the documented notebook says. Read the columns *documented* and *its log* line by line.

# %%
replace(this, note="").compare(run)

# %% [markdown]
# Do the two agree? A log is a list of counts. Here is what the notebooks of iterations 4 and 5 counted, epoch by epoch: right answers, of 10,000 test digits.

# %%
for number in (4, 5):
    item = iteration(number)
    print(f"iteration {number}, documented {item.documented.test:.2f}%:", *(round(100 * test) for test in item.log.test))

# %% [markdown]
# **What is training accuracy?** In the picture above, the training curve begins below the test curve. In how many epochs is that so in the logs?

# %%
for number in (4, 5):
    log = iteration(number).log
    below = [epoch for epoch, (train, test) in enumerate(zip(log.train, log.test), start=1) if train < test]
    print(f"iteration {number}: training below test in {len(below)} of {len(log.test)} epochs:", *below)

# %% [markdown]
# A network can hardly be worse at the digits it learns from than at others. But the two accuracies are not measured alike. The one from training
#
# - is counted with dropout on, so by a network of which parts are missing,
# - and with weights that change from batch to batch: its first batches meet the network as it was an epoch ago.
#
# Take the trained network and measure again. `accuracy` uses evaluation mode. For training mode we count ourselves, with weights that stay as they are. To
# save time, we take the first 10,000 training digits only.

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
print(f"training digits, while training:             {run.best.train_accuracy:.2f}%")
print(f"training digits, dropout on, weights fixed:  {accuracy_in_training_mode(run.network(), images, labels):.2f}%")
print(f"training digits, evaluation mode:            {accuracy(run.network(), images, labels):.2f}%")
print(f"test digits, evaluation mode:                {accuracy(run.network(), data.test_images, data.test_labels):.2f}%")

# %% [markdown]
# From the first line to the second, the weights stopped moving. From the second to the third, dropout was switched off. Did that bring less than you expected,
# or even cost something? The max-pool gives smaller numbers now, and BatchNorm still uses the means that it noted while training. Lesson 7 goes into that.
#
# Only the last two lines measure the same thing on two sets of digits. *Their* difference is the gap.
#
# **Is it better than iteration 4?** Its log and this one:

# %%
for number in (4, 5):
    log = iteration(number).log
    print(
        f"iteration {number}: best {log.best():.2f}% in epoch {log.best_epoch} "
        f"of {len(log.test)}, best of 20 {log.best(20):.2f}%, last {log.last:.2f}%"
    )

# %% [markdown]
# A difference of 0.01 percentage points is one digit. And iteration 5 had five epochs more.
#
# **And the large kernel?** It turns a map of 7×7 into a single position, so it has 49 weights for each pair of channels: 10 · 10 · 7 · 7 = 4,900. How much of the
# network is that?

# %%
graph = Graph.trace(Net)
largest = max(graph.rows, key=lambda row: row.parameters)
print(
    f"{largest.parameters:,} of {graph.parameters:,} parameters, "
    f"{100 * largest.parameters / graph.parameters:.0f}%, in {largest.name}"
)

# %% [markdown]
# Which digits are still wrong?

# %%
plot_mistakes(run.network(), data)

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. Why may the training accuracy lie below the test accuracy? How much of the difference does dropout make, how much do the moving weights?
# 2. Did dropout close the gap? Say by which two figures you judge, and why not by the curves.
# 3. Is the documented test accuracy of this iteration true? Say what you found, and what it makes of the comparison with iteration 4.

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 20, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# Here is the note that was left out. Does it say what you found?

# %%
print(fill(this.note, 110))

# %% [markdown]
# Regularisation does what it should, and it does not bring 99.4%. The document sees two reasons. The network
# has too little *capacity* (how much it can learn, which grows with its parameters) to be pushed further. And
# it still ends in a large kernel, which holds nearly half of its parameters, as you saw. In lesson 6 this
# kernel goes.
