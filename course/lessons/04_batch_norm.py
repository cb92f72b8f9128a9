# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 4: batch normalisation
#
# The light network of lesson 3 has few parameters, and a bad start: from layer to layer its values shrink,
# until hardly any difference between two digits is left. In this lesson the values are brought back to a
# healthy size behind every layer but the last. That costs very few parameters.

# %% [markdown]
# ## Target
#
# - Write batch normalisation by hand, and know what it learns and what it keeps.
# - See why the same network gives different answers after `train()` and after `eval()`.
# - Put it into lesson 3's network, so that the same parameters do more.
# - Check the document: one of its figures does not go with the others.

# %%
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from course import Graph, Recipe, accuracy, fit, iteration, load_data, normalize
from course import plot_history
from graders import lesson_checks

check, hint = lesson_checks(4)
data = load_data()
this = iteration(4)

# %% [markdown]
# These are the documented results of this iteration. At the end you will put your own beside them. There is also a note on them. It comes last: you can find
# out by yourself what it says.

# %%
this.header()

# %% [markdown]
# ## Look
#
# Here are two stacks of seven 3×3 convolutions with ten channels each, fresh, with the same random weights. In the second one, batch normalisation stands between each convolution
# and its ReLU. Send 256 digits through both. How different is what comes out of each layer, from digit to digit? That is the standard deviation over the digits, averaged over the
# map.

# %%
def stack(normalised):
    torch.manual_seed(1)
    convolutions = [nn.Conv2d(1 if number == 0 else 10, 10, kernel_size=3, bias=False) for number in range(7)]
    return [nn.Sequential(one, nn.BatchNorm2d(10) if normalised else nn.Identity(), nn.ReLU()) for one in convolutions]


batch = normalize(data.train_images[:256])  # (256, 1, 28, 28)
print("layer   without      with")
with torch.no_grad():
    plain = normal = batch
    for number, (one, other) in enumerate(zip(stack(False), stack(True)), start=1):
        plain, normal = one(plain), other(normal)
        print(f"{number:5}   {plain.std(dim=0).mean():7.4f}   {normal.std(dim=0).mean():7.4f}")

# %% [markdown]
# Without it, the values shrink at every layer. With it, the last layer gets as much as the first.

# %% [markdown]
# **What does it compute?** For each channel by itself, over all digits of the batch and all positions of the map:
#
# - the mean m and the variance v of the channel's values;
# - from each value x, the normalised one: (x − m) / √(v + eps). Now the mean is 0 and the deviation 1. `eps` is a tiny number, so that nothing is divided by zero;
# - at the end, w times that, plus b.
#
# With four values, 1, 3, 5 and 7: the mean is 4. The distances from it are −3, −1, 1 and 3, so the variance is (9 + 1 + 1 + 9) / 4 = 5, and the deviation √5 = 2.24. Normalised, the
# values are −1.34, −0.45, 0.45 and 1.34. Note the divisor: 4, the number of values, and not 3.

# %% [markdown]
# **What does it learn?** The *weight* w and the *bias* b, one of each for every channel. They begin at 1 and 0. Why undo what was just done? Because mean 0 is a good start, but not always
# the best end. A ReLU behind it cuts off half of the values, and a channel may do better if less is cut off, or more. With w and b it can choose.
#
# So it costs two parameters a channel. And directly before it, a bias in the convolution is of no use at all: whatever is added to all values of a channel is in the mean, too, and is
# taken away again.

# %% [markdown]
# **What does it keep?** Mean and variance come from the batch. So the answer to one digit depends on the digits beside it. While training that is fine: it is a bit of noise. But
# whoever hands in one digit wants an answer about that digit. So the layer also keeps a *running* mean and a running variance: after each batch, nine tenths of the old and one tenth of
# the batch's. In evaluation it uses these, and not the batch. They are not learned by gradients, and do not count as parameters.
#
# Watch it. A fresh layer, and one digit: alone, in company of seven others, and in company of 255.

# %%
layer = nn.BatchNorm2d(1)  # one channel: the image itself
for mode in ("train", "eval"):
    layer.train(mode == "train")  # layer.train(False) is layer.eval()
    for company in (1, 8, 256):
        pixel = layer(batch[:company])[0, 0, 13, 13].item()  # the middle of the first digit
        print(
            f"{mode + '():':8} {company:3} digits: {pixel:7.4f}   running mean "
            f"{layer.running_mean.item():7.4f}, running variance {layer.running_var.item():.4f}"
        )

# %% [markdown]
# After `train()` the same pixel of the same digit has three values. Each batch moves the running figures. After `eval()` it has one value, and nothing moves.

# %% [markdown]
# ## Predict
#
# Read the table under *Build*. Then write down your answers *before* you go on. They are not marked for being right, but for their reasons.
#
# 1. How many channels are normalised in this network, and how many parameters come with that?
# 2. Lesson 3's documented network was right for 974 of 10,000 digits after its first epoch. What do you expect here?
# 3. The same few parameters are used better. What will that do to the training accuracy, to the test accuracy, and to the gap between them?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "prediction", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Your prediction, in two or three sentences:*

# %% [markdown]
# ## Build
#
# There are three things to write. First batch normalisation itself, as it works while training. `x` has the shape (N, C, H, W): N digits, C channels, maps of H×W. `weight` and `bias` have
# the shape (C,).

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "batch_norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batch_norm(x, weight, bias, eps=1e-5):
    # 1. One mean and one variance for each channel: over which of the axes 0, 1, 2, 3 do you average?
    #    x.mean(dim=(…), keepdim=True) keeps the axes, so that the result fits x.
    #    x.var(…, correction=0) divides by the number of values.
    # 2. Normalise. Where does eps stand?
    # 3. Weight and bias have one number a channel; .view(1, -1, 1, 1) puts them on the axis of the channels.
    # Write it out; F.batch_norm is what it is compared with.
    raise NotImplementedError

# %% [markdown]
# Each check answers in a moment: *correct*, *not yet* (with what it saw, what it expected, what to try) or *not attempted*. `hint("batch_norm_by_hand")` prints
# a hint, `hint("batch_norm_by_hand", 2)` one that says more. The number at the end is the marks; nbgrader reads it there. What the checks say here is advice;
# your marks are settled by the grader, with the same rules.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "batch_norm_by_hand", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("batch_norm_by_hand", batch_norm=batch_norm)

# %% [markdown]
# The four values from above, with weight 1 and bias 0, then with weight 2 and bias 10. And a digit through your function and through PyTorch's layer:

# %%
four = torch.tensor([1.0, 3.0, 5.0, 7.0]).view(1, 1, 2, 2)
for its_weight, its_bias in ((1.0, 0.0), (2.0, 10.0)):
    values = batch_norm(four, torch.tensor([its_weight]), torch.tensor([its_bias])).flatten().tolist()
    print(f"weight {its_weight:g}, bias {its_bias:2g}:", " ".join(f"{value:.2f}" for value in values))

difference = batch_norm(batch, torch.ones(1), torch.zeros(1)) - nn.BatchNorm2d(1)(batch)
print("largest difference from PyTorch's layer:", f"{difference.abs().max().item():.6f}")

# %% [markdown]
# Now the network. The convolutions are lesson 3's. What is new stands behind them.
#
# | | layer | behind it | output |
# |---|---|---|---|
# | 1 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × 26 × 26 |
# | 2 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 3 | 3×3 convolution, 20 channels | BatchNorm, ReLU | 20 × ? × ? |
# | | **max-pool, 2×2** | | 20 × ? × ? |
# | 4 | 1×1 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 5 | 3×3 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 6 | 3×3 convolution, 20 channels | BatchNorm, ReLU | 20 × 7 × 7 |
# | 7 | 1×1 convolution, 10 channels | BatchNorm, ReLU | 10 × ? × ? |
# | 8 | 7×7 convolution, 10 channels | nothing | 10 × 1 × 1 |
#
# No padding, no biases. The order is convolution, BatchNorm, ReLU. Nothing stands behind the last convolution, because its ten numbers are the scores. Its kernel is still as large as its
# map, so this lesson does not claim the constraint of no fully connected layer.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "Net", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # If you have lesson 3's Net, start from that.
        # A block comes seven times, so it pays to write it once: a function of kernel, before and after
        # that returns nn.Sequential(convolution, BatchNorm, ReLU). nn.BatchNorm2d wants the number of channels it gets.
        #
        # The first convolution, without its block:
        self.conv1 = nn.Conv2d(1, 10, kernel_size=3, bias=False)  # (N, 10, 26, 26)
        raise NotImplementedError

    def forward(self, x):
        # …
        # At the end x has the shape (N, 10, 1, 1). What should be returned has the shape (N, 10):
        # ten scores a digit, as they are or as log-probabilities (F.log_softmax(…, dim=1)).
        raise NotImplementedError

# %%
Graph.trace(Net).table()

# %% [markdown]
# What a fresh network keeps, beside its parameters:

# %%
for name, tensor in list(Net().named_buffers())[:3]:
    print(f"{name}: shape {tuple(tensor.shape)}, {tensor.flatten()[:4].tolist()} …")

# %% [markdown]
# Running mean and running variance, one number a channel; they begin at 0 and 1. The third one counts the batches.

# %% [markdown]
# ## Check
#
# BatchNorm, between each convolution and its ReLU, but not on the scores:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "normalisation", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
check("normalisation", Net=Net)

# %% [markdown]
# Kernels, channels and padding, layer by layer, and ReLUs and the max-pool between:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "layers", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("layers", Net=Net)

# %% [markdown]
# The scores, as the last convolution leaves them:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "output", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
check("output", Net=Net)

# %% [markdown]
# The parameters, exactly:

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "parameters", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("parameters", Net=Net)

# %% [markdown]
# ## Train
#
# A *recipe* says how to train, as data: it is saved with the weights, and the grader reads it. It stays as it was: SGD with a learning rate of 0.01 and a momentum of 0.9, batches of 128
# digits, 20 epochs.

# %% nbgrader={"cell_type": "code", "grade": false, "grade_id": "recipe", "locked": false, "schema_version": 3, "solution": true, "task": false}
# Recipe(epochs=…, batch_size=…, optimizer=partial(SGD, lr=…, momentum=…), seed=1)
recipe = ...
raise NotImplementedError

# %% [markdown]
# Now train. A bar shows the time that is left, and the run is saved in a file beside this notebook. A
# *finished* run is replayed from its file when you run the cell again. If you interrupt the training, the
# finished epochs are kept and saved, but the next time it begins anew. **Hand in both files**, this notebook
# and `04_batch_norm.safetensors`: the accuracy is counted with the weights in it.

# %%
print(f"On two processor cores the training takes about {this.minutes_cpu} minutes.")

# %%
run = fit(Net, recipe, data)
run.save("04_batch_norm.safetensors")

# %%
plot_history(run, documented=this)

# %% [markdown]
# Has the network learned to read? The check says how much it asks for.

# %% nbgrader={"cell_type": "code", "grade": true, "grade_id": "trained", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
check("trained", Net=Net, recipe=recipe)

# %% [markdown]
# ## Compare
#
# First, is the document right? These are its best figures for iterations 2 to 4, and what it says about
# iteration 4.

# %%
for number in (2, 3, 4):
    one = iteration(number)
    print(
        f"iteration {number}: {one.documented.parameters:7,} parameters, "
        f"training {one.documented.train:.2f}%, test {one.documented.test:.2f}%"
    )
print(f"on iteration {this.number}: {this.analysis}")

# %% [markdown]
# Taken at its word, batch normalisation made the test accuracy *worse*. Now the log that these figures were taken from: right answers in the test, of 10,000, epoch by epoch.

# %%
print([round(100 * test) for test in this.log.test])

# %% [markdown]
# Find the best epoch. How many percent is that? Do you find any epoch that fits the document's figure?
#
# Here is the note that was left out above, and your results beside the documented ones and those of the log.

# %%
this.compare(run)

# %% [markdown]
# **The start.** Right answers after the first epochs, here and in lesson 3, by the logs:

# %%
lesson_3 = iteration(3)
for number in range(1, 5):
    print(
        f"epoch {number}: lesson 3 {round(100 * lesson_3.log.test[number - 1]):5,}, "
        f"lesson 4 {round(100 * this.log.test[number - 1]):5,}"
    )

# %% [markdown]
# **The gap.** The figures of each log's *last* epoch, and of yours:

# %%
rows = [(f"lesson {one.number}, log", one.log.train[-1], one.log.test[-1]) for one in (lesson_3, this)]
rows.append((f"yours, {run.data['name']}", run.last.train_accuracy, run.last.test_accuracy))
print(f"{'':24}training     test    gap")
for name, train, test in rows:
    print(f"{name:24}{train:7.2f}%  {test:6.2f}%  {train - test:5.2f}")

# %% [markdown]
# **Alone or in company.** Your trained network reads the same 1,000 test digits five times. In evaluation mode it does not matter who is beside whom. In training mode it does. *Sorted*
# means that a batch holds digits of one kind, as far as possible.

# %%
def right(mode, order, size):
    """Percent of these test digits that the trained network reads, in batches of this size."""
    network = run.network()  # anew each time: in training mode, each batch would move the running figures
    network.train(mode == "train")
    with torch.no_grad():
        answers = [network(normalize(data.test_images[part])).argmax(dim=1) for part in order.split(size)]
    return 100 * (torch.cat(answers) == data.test_labels[order]).float().mean().item()


mixed = torch.arange(min(1000, len(data.test_labels)))
by_label = mixed[data.test_labels[mixed].argsort(stable=True)]
for mode, name, order, at_once in (
    ("eval", "mixed", mixed, 100),
    ("eval", "sorted", by_label, 100),
    ("train", "mixed", mixed, 100),
    ("train", "sorted", by_label, 100),
    ("train", "alone", mixed, 1),
):
    print(f"{mode + '()':8} {name:7} batches of {at_once:3}: {right(mode, order, at_once):6.2f}% right")

# %% [markdown]
# Among a hundred digits of all kinds, the batch's mean and variance are about those that the network was trained with, and it reads about as well. In a batch of nothing but zeros,
# the mean *is* what a zero looks like; it is taken away, and with it much of what tells a zero from other digits. A digit alone has only itself to be compared with. No error message
# says any of this. That is why the test loop calls `network.eval()`, and why lesson 1 said that forgetting it gives wrong figures.

# %% [markdown]
# **Over-fitting, measured alike.** Training accuracy is measured while the weights move. Here both accuracies come from the same trained network, in evaluation mode. To save time, the
# first line takes 10,000 training digits only.

# %%
network = run.network()
print(f"training digits: {accuracy(network, data.train_images[:10_000], data.train_labels[:10_000]):.2f}%")
print(f"test digits:     {accuracy(network, data.test_images, data.test_labels):.2f}%")

# %% [markdown]
# ## Analyse
#
# In your own words, from what you see above:
#
# 1. Which documented figure does not fit, and what should it be? Say how you can tell, from the log and from what the document says.
# 2. What did batch normalisation change: at the start, in the test accuracy, in the gap? Which figures say so?
# 3. Does the network over-fit? Would more epochs help?
# 4. In which of the five readings above was the network wrong more often than in the others, and why?

# %% [markdown] nbgrader={"cell_type": "markdown", "grade": true, "grade_id": "analysis", "locked": false, "points": 15, "schema_version": 3, "solution": true, "task": false}
# *Your analysis:*

# %% [markdown]
# ## What next
#
# The same few parameters now do so much that they learn some of the training digits by heart. In lesson 5 that is made harder for them: a quarter of the values is set to zero at random,
# at two places.
