"""The operations that a graph may hold, by the names that PyTorch's exporter gives them.

A graph is rebuilt from this list alone: a name that is not here is refused, so a graph read from a file can run
nothing but arithmetic on tensors. An operation's name is that of `torch.ops.aten`, with its overload after a point.
"""

import operator
from functools import cache

CONVOLUTIONS = frozenset(
    """conv1d conv2d conv3d conv1d.padding conv2d.padding conv3d.padding
    conv_transpose1d conv_transpose2d.input conv_transpose3d.input""".split()
)

# Operations that mix all entries of an axis with weights of their own: what rule 4 calls fully connected.
MATRIX_PRODUCTS = frozenset(
    """linear matmul mm bmm addmm baddbmm addbmm mv addmv dot vdot inner outer ger addr einsum bilinear tensordot kron
    linalg_multi_dot chain_matmul scaled_dot_product_attention lstm.input gru.input rnn_tanh.input rnn_relu.input
    lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell cdist pairwise_distance cosine_similarity embedding""".split()
)

NORMALISATIONS = frozenset("batch_norm instance_norm group_norm layer_norm rms_norm".split())

DROPOUTS = frozenset("dropout feature_dropout alpha_dropout feature_alpha_dropout".split())

# Where the flag "is this training?" stands among the arguments.
RECURRENT = ("lstm.input", "gru.input", "rnn_tanh.input", "rnn_relu.input")
MODE_ARGUMENT = {
    "batch_norm": 5,
    "instance_norm": 5,
    **dict.fromkeys(DROPOUTS, 2),
    **dict.fromkeys(RECURRENT, 6),
}

POINTWISE = frozenset(
    """relu relu6 leaky_relu elu selu celu gelu silu mish hardtanh hardswish hardsigmoid softplus tanh sigmoid
    log_sigmoid prelu threshold softshrink hardshrink abs neg exp expm1 log log2 log1p sqrt rsqrt square
    pow.Tensor_Scalar pow.Tensor_Tensor sin cos tan atan asinh erf reciprocal sign clamp clamp.Tensor clamp_min
    clamp_max nan_to_num detach to.dtype logical_not isnan floor ceil round trunc frac""".split()
)

ARITHMETIC = frozenset(
    """add.Tensor sub.Tensor rsub.Scalar rsub.Tensor mul.Tensor div.Tensor add.Scalar sub.Scalar mul.Scalar div.Scalar
    maximum minimum max.other min.other addcmul addcdiv lerp.Tensor lerp.Scalar where.self where.ScalarSelf
    where.ScalarOther where.Scalar masked_fill.Scalar atan2 hypot logaddexp floor_divide remainder.Scalar
    gt.Scalar ge.Scalar lt.Scalar le.Scalar eq.Scalar ne.Scalar gt.Tensor ge.Tensor lt.Tensor le.Tensor eq.Tensor
    ne.Tensor""".split()
)

COMPARISONS = frozenset(op for op in ARITHMETIC if op.partition(".")[0] in ("gt", "ge", "lt", "le", "eq", "ne"))

SOFTMAXES = frozenset("softmax.int log_softmax.int".split())

REDUCTIONS = frozenset(
    """mean mean.dim sum sum.dim_IntList amax amin max.dim min.dim max min std.correction var.correction std.dim var.dim
    var_mean.correction std_mean.correction std_mean.dim median.dim topk sort
    logsumexp linalg_vector_norm norm.ScalarOpt_dim norm.Scalar prod.dim_int _weight_norm""".split()
)

POOLINGS = frozenset(
    """max_pool1d max_pool2d max_pool2d_with_indices avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_max_pool1d adaptive_max_pool2d avg_pool3d max_pool3d adaptive_avg_pool3d""".split()
)

RESHAPES = frozenset(
    """reshape flatten.using_ints unflatten.int permute transpose.int squeeze squeeze.dim squeeze.dims unsqueeze
    movedim.int movedim.intlist expand expand_as view_as reshape_as repeat
    pixel_shuffle pixel_unshuffle channel_shuffle t numpy_T mT""".split()
)

PIECES = frozenset(
    """slice.Tensor select.int narrow cat stack hstack vstack chunk split.Tensor split_with_sizes unbind.int getitem unfold im2col
    tensor_split.sections""".split()
)

# Entries chosen by numbers that a graph does not hold: a permutation of channels, a pick of positions, a look-up table.
INDEXINGS = frozenset("index.Tensor index_select".split())

RESAMPLINGS = frozenset(
    """pad constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d flip roll rot90
    upsample_nearest2d.vec upsample_bilinear2d.vec upsample_bicubic2d.vec _upsample_bilinear2d_aa.vec
    _upsample_bicubic2d_aa.vec upsample_nearest1d.vec upsample_linear1d.vec repeat_interleave.self_int""".split()
)

JOINS = frozenset("cat stack hstack vstack".split())
PADS = ("pad", "constant_pad_nd")

GENERATORS = frozenset(
    """zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full scalar_tensor arange arange.start
    arange.start_step linspace eye eye.m""".split()
)

# What takes a number apart: a value that is not the image's gains numbers there that were packed into fewer.
# A wave of a large number, too, tells of its last digits.
DECODERS = frozenset("floor ceil round trunc frac floor_divide remainder.Scalar sin cos tan".split())

LARGEST_SIZE = 2**40  # more than any tensor has entries


def _bounded(function):
    """Arithmetic on sizes that refuses to square, and square again, until memory is full."""

    def calculate(one, other):
        if abs(one) > LARGEST_SIZE or abs(other) > LARGEST_SIZE:
            raise ValueError(f"sizes of more than {LARGEST_SIZE:,} are no sizes of a network")
        return function(one, other)

    return calculate


# Arithmetic on sizes: `x.size(0) * 49` with a batch of any size.
SIZES = {
    "sym_size.int": None,
    "size_mul": _bounded(operator.mul),
    "size_add": _bounded(operator.add),
    "size_sub": _bounded(operator.sub),
    "size_floordiv": _bounded(operator.floordiv),
}

ALLOWED = (
    CONVOLUTIONS | MATRIX_PRODUCTS | NORMALISATIONS | DROPOUTS | POINTWISE | ARITHMETIC | SOFTMAXES | REDUCTIONS
    | POOLINGS | RESHAPES | PIECES | INDEXINGS | RESAMPLINGS | GENERATORS | frozenset({"glu", *SIZES})
)  # fmt: skip

# Other spellings of the same thing, written one way in a graph.
SAME_AS = {
    "view": "reshape",
    "_unsafe_view": "reshape",
    "_softmax": "softmax.int",
    "special_softmax": "softmax.int",
    "special_log_softmax": "log_softmax.int",
    "concat": "cat",
    "concatenate": "cat",
    "divide.Tensor": "div.Tensor",
    "multiply.Tensor": "mul.Tensor",
    "subtract.Tensor": "sub.Tensor",
    "swapaxes": "transpose.int",
    "swapdims": "transpose.int",
    "clip": "clamp",
    "negative": "neg",
    "absolute": "abs",
    "special_erf": "erf",
    "special_expm1": "expm1",
    "special_log1p": "log1p",
    "special_expit": "sigmoid",
    "greater.Scalar": "gt.Scalar",
    "less.Scalar": "lt.Scalar",
}

# These return their input, or say something about it that shapes already say.
IDENTITIES = frozenset(
    """contiguous clone alias lift_fresh_copy lift_fresh lift detach_ identity view.dtype_same dropout.off positive
    _assert_tensor_metadata _assert_scalar _assert_async.msg sym_constrain_range sym_constrain_range_for_size""".split()
)


@cache
def by_name(operation: str) -> frozenset[str]:
    """The arguments that an allowed operation takes by name alone: any other has its place in a graph."""
    schema = getattr(implementation(operation), "_schema", None)
    return frozenset(argument.name for argument in schema.arguments if argument.kwarg_only) if schema else frozenset()


def implementation(name: str):
    """The function that runs an allowed operation; KeyError for a name that is not allowed."""
    import torch

    if name not in ALLOWED:
        raise KeyError(name)
    if name == "getitem":
        return operator.getitem
    if SIZES.get(name):
        return SIZES[name]
    base, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, base), overload or "default")
