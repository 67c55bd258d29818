"""Writes operations.h5: small models around one operation each, of operators or keras.ops, and around layers that only networks of
keras.applications have, as layers.py writes layers.

    python3 operations.py      (made with keras 3.15.1 and tensorflow; seed 7)
"""

import os

from keras import layers as L
from keras import ops
from keras.src.applications.convnext import LayerScale

from layers import around, write_cases

CHANNELS = [0.5, -1.0, 2.0, 0.25, 1.5, -0.75]


def of_two(operation, squeeze=False):
    def build(x):
        a, b = L.Conv2D(6, 1)(x), L.Conv2D(6, 1)(x)
        if squeeze:
            b = ops.mean(b, axis=(1, 2), keepdims=True)
        return L.Dense(2)(L.Flatten()(operation(a, b)))

    return build


def colors(x):
    """As keras.applications' mode caffe turns them."""
    return ops.stack([x[..., 2], x[..., 1], x[..., 0]], axis=-1)


def one(operation):
    return around(lambda: operation)


def of_steps(product):
    """What `product` makes of queries, keys and values of twelve steps."""

    def build(x):
        x = L.Reshape((12, 6))(L.Conv2D(6, 1)(x))
        return L.Dense(2)(L.Flatten()(product(L.Dense(4)(x), L.Dense(4)(x), L.Dense(5)(x))))

    return build


def of_rows(x):
    y = L.Dense(4)(L.Flatten()(x))
    rows = L.Embedding(5, 3, embeddings_initializer="glorot_normal")(ops.clip(ops.abs(y) * 3, 0, 4.5))
    # Numbers of rows take no gradient.
    return L.Dense(2)(L.Concatenate()([L.Flatten()(rows), y]))


CASES = {
    "x times 2 plus 1": one(lambda x: x * 2 + 1),
    "3 minus 2 x": one(lambda x: 3 - 2 * x),
    "x minus 1 over 4": one(lambda x: (x - 1) / 4),
    "minus x": one(lambda x: -x),
    "constants of channels": one(lambda x: (x + ops.convert_to_tensor(CHANNELS)) * ops.convert_to_tensor(CHANNELS)),
    "1 over x squared plus 1": one(lambda x: 1 / (x**2 + 1)),
    "x cubed": one(lambda x: x**3),
    "absolute": one(lambda x: abs(x)),
    "sqrt": one(lambda x: ops.sqrt(ops.square(x) + 1)),
    "rsqrt": one(lambda x: ops.rsqrt(ops.square(x) + 1)),
    "log": one(lambda x: ops.log(ops.square(x) + 1)),
    "exp": one(lambda x: ops.exp(-x)),
    "sin and cos": one(lambda x: ops.sin(x) + ops.cos(2 * x)),
    "clip": one(lambda x: ops.clip(x, -0.5, 0.25)),
    "maximum and minimum of a number": one(lambda x: ops.maximum(ops.minimum(x, 0.3), -0.4)),
    "relu": one(lambda x: ops.relu(x)),
    "relu6": one(lambda x: ops.relu6(x)),
    "sigmoid": one(lambda x: ops.sigmoid(x)),
    "softmax": one(lambda x: ops.softmax(x)),
    "silu": one(lambda x: ops.silu(x)),
    "gelu approximate": one(lambda x: ops.gelu(x)),
    "gelu": one(lambda x: ops.gelu(x, approximate=False)),
    "leaky relu": one(lambda x: ops.leaky_relu(x, 0.1)),
    "elu": one(lambda x: ops.elu(x, 0.7)),
    "hard swish": one(lambda x: ops.hard_silu(x)),
    "add": of_two(lambda a, b: a + b),
    "add of a squeeze": of_two(lambda a, b: a + b, squeeze=True),
    "subtract": of_two(lambda a, b: a - b, squeeze=True),
    "multiply": of_two(lambda a, b: a * b),
    "divide": of_two(lambda a, b: a / (b * b + 1)),
    "divide by a squeeze": of_two(lambda a, b: a / (b * b + 1), squeeze=True),
    "maximum": of_two(lambda a, b: ops.maximum(a, b)),
    "concatenate": of_two(lambda a, b: ops.concatenate([a, b], axis=-1)),
    "mean of pixels": one(lambda x: ops.mean(x, axis=(1, 2))),
    "mean of channels": one(lambda x: ops.mean(x, axis=-1, keepdims=True)),
    "sum of rows": one(lambda x: ops.sum(x, axis=1)),
    "max of columns": one(lambda x: ops.max(x, axis=2)),
    "min of all but channels": one(lambda x: ops.min(x, axis=[1, 2], keepdims=True)),
    "standardised": one(lambda x: (x - ops.mean(x, axis=-1, keepdims=True)) / ops.sqrt(
        ops.mean(ops.square(x - ops.mean(x, axis=-1, keepdims=True)), axis=-1, keepdims=True) + 1e-3)),
    "reshape": one(lambda x: ops.reshape(x, (-1, 2, 6, 6))),
    "reshape to vectors": one(lambda x: ops.reshape(x, (-1, 72))),
    "transpose": one(lambda x: ops.transpose(x, (0, 3, 1, 2))),
    "swapaxes": one(lambda x: ops.swapaxes(x, 1, 2)),
    "flip": one(lambda x: ops.flip(x, axis=2)),
    "expand and squeeze": one(lambda x: ops.squeeze(ops.expand_dims(ops.mean(x, axis=1), 1), 1)),
    "colors turned": one(colors),
    "stack first": one(lambda x: ops.stack([x[:, 0], 2 * x[:, 1]], axis=1)),
    "slices": one(lambda x: x[:, 1:, ::2, -4:-1]),
    "slice backwards": one(lambda x: x[..., ::-1] * x[:, :, :, 5:0:-5][:, :, :, :1]),
    "pad": one(lambda x: ops.pad(x, [[0, 0], [1, 0], [2, 1], [0, 0]])),
    "average pool": one(lambda x: ops.average_pool(x, 2, 1)),
    "LayerScale": around(lambda: LayerScale(0.5, 6)),
    "max pool": one(lambda x: ops.max_pool(x, 2, 1, "same")),
    "attention": of_steps(
        lambda q, k, v: ops.matmul(ops.softmax(ops.matmul(q, ops.transpose(k, (0, 2, 1))) * 0.5), v)),
    "attention by einsum": of_steps(
        lambda q, k, v: ops.einsum("bnm,bmc->bnc", ops.softmax(ops.einsum("bnc,bmc->bnm", q, k)), v)),
    "einsum of a transposed matrix": of_steps(lambda q, k, v: ops.einsum("bnk,bnm->bkm", q, v)),
    "Dot of sequences": of_steps(lambda q, k, v: L.Dot((2, 1))([L.Dot(2)([q, k]), v])),
    "Dot along steps": of_steps(lambda q, k, v: L.Dot(axes=(1, 1))([q, v])),
    "matmul of images": of_two(lambda a, b: ops.matmul(a, ops.swapaxes(b, 2, 3))),
    "matmul of a matrix with itself": of_steps(lambda q, k, v: ops.matmul(q, ops.transpose(q, (0, 2, 1)))),
    "matmul of one row of an image": of_two(lambda a, b: ops.matmul(a[:, :1], ops.swapaxes(b, 2, 3))),
    "matmul by one row of an image": of_two(lambda a, b: ops.matmul(a, ops.swapaxes(b[:, 1:2], 2, 3))),
    "variance of pixels": one(lambda x: ops.var(x, axis=(1, 2))),
    "deviation of channels": one(lambda x: ops.std(x, axis=-1, keepdims=True)),
    "roll along an axis": one(lambda x: ops.roll(x, 2, axis=-1)),
    "roll along two axes": one(lambda x: ops.roll(x, (-1, 6), axis=(1, 2))),
    "split in equal parts": one(lambda x: ops.multiply(*ops.split(x, 2, axis=-1))),
    "split at places": one(lambda x: ops.concatenate(ops.split(x, [1, 4], axis=3)[:0:-1], axis=-1)),
    "Embedding": of_rows,
    "roll along steps": of_steps(
        lambda q, k, v: ops.concatenate([ops.roll(q, 1, axis=1), k, ops.roll(v, (-1, 2), axis=(1, 2))], axis=-1)),
}

if __name__ == "__main__":
    write_cases(os.path.join(os.path.dirname(__file__), "operations.h5"), CASES)
