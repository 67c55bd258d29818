"""Writes attention.h5: small Keras models with MultiHeadAttention, in the form of layers.h5 (KerasLayerTests.swift).

    python3 attention.py      (made with keras 3.15.1 and tensorflow; seed 7)
"""

import os

import keras
from keras import layers as L
from layers import IMAGE, write_cases


def steps(x, count=12, channels=6):
    return L.Reshape((count, channels))(L.Conv2D(channels * count // 12, 1)(x))


def top(y):
    return L.Dense(2, name="top")(L.Flatten()(y))


def itself(x):
    y = steps(x)
    return top(L.MultiHeadAttention(2, 4)(y, y))


def other_widths(x):
    y = steps(x)
    return top(L.MultiHeadAttention(3, 5, value_dim=2, output_shape=4, use_bias=False)(y, y))


def others(x):
    query, value, key = steps(x, 4), steps(x, 12, 5), steps(x, 12, 3)
    return top(L.MultiHeadAttention(2, 3, value_dim=4)(query, value, key))


def by_name(x):
    query, value = steps(x, 4), steps(x, 12)
    return top(L.MultiHeadAttention(1, 3)(query=query, value=value))


def of_images(x):
    y = L.Conv2D(5, 1)(x)
    return top(L.MultiHeadAttention(2, 3)(y, L.MaxPooling2D((2, 1))(y)))


def block(x):
    y = steps(x)
    z = L.LayerNormalization()(y)
    y = L.Add()([y, L.MultiHeadAttention(2, 3)(z, z)])
    z = L.Dense(6)(L.Dense(8, activation="gelu")(L.LayerNormalization()(y)))
    return L.Dense(2, name="top")(L.GlobalAveragePooling1D()(L.Add()([y, z])))


def called_twice(x):
    attention = L.MultiHeadAttention(2, 3)
    y = steps(x)
    return top(attention(attention(y, y), y))


def in_a_model(x):
    y = keras.Input((12, 6))
    inner = keras.Model(y, L.MultiHeadAttention(2, 3, name="own", dropout=0.5)(y, L.Dense(4, name="query")(y)), name="inner")
    return top(inner(steps(x), training=False))


CASES = {
    "itself": itself, "other widths": other_widths, "others": others, "by name": by_name, "of images": of_images,
    "block": block, "called twice": called_twice, "in a model": in_a_model,
}

if __name__ == "__main__":
    write_cases(os.path.join(os.path.dirname(__file__), "attention.h5"), CASES)
