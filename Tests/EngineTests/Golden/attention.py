"""Writes attention.h5: small Keras models with MultiHeadAttention, in the form of layers.h5 (KerasLayerTests.swift).

    python3 attention.py      (made with keras 3.15.1 and tensorflow; seed 7)
"""

import os

import keras
import numpy as np
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


def causal(x):
    y = steps(x)
    return top(L.MultiHeadAttention(2, 4)(y, y, use_causal_mask=True))


def causal_to_others(x):
    return top(L.MultiHeadAttention(2, 4)(steps(x, 4), steps(x, 12), steps(x, 12, 3), use_causal_mask=True))


def causal_and_not(x):
    attention = L.MultiHeadAttention(2, 3, dropout=0.2)
    y = steps(x)
    return top(attention(attention(y, y, use_causal_mask=True, training=False), y, training=False))


def constant_mask(x):
    y = steps(x, 4)
    mask = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1]], bool)
    return top(L.MultiHeadAttention(2, 3)(y, y, attention_mask=mask))


def unattended_with_dropout(x):
    y = steps(x, 4)
    mask = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1]], bool)
    return top(L.MultiHeadAttention(2, 3, dropout=0.2)(y, y, attention_mask=mask, training=False))


def constant_row(x):
    y = steps(x, 4)
    return top(L.MultiHeadAttention(2, 3)(y, y, attention_mask=np.array([[[1.0, 0, 1, 1]]]), use_causal_mask=True))


def mask_of_samples(x):
    mask = L.Reshape((6, 12))(L.ReLU()(x))
    return top(L.MultiHeadAttention(2, 3)(steps(x, 6), steps(x), attention_mask=mask))


def row_of_samples(x):
    mask = L.Reshape((1, 12))(L.ReLU()(x[:, :, :, 2:3]))
    y = steps(x)
    return top(L.MultiHeadAttention(2, 3)(y, y, steps(x, 12, 3), attention_mask=mask, use_causal_mask=True))


def without_weights(x):
    return top(L.Attention()([steps(x, 4), steps(x, 12)]))


def causal_without_weights(x):
    return top(L.Attention()([steps(x, 4), steps(x, 12, 5), steps(x, 12)], use_causal_mask=True))


CASES = {
    "itself": itself, "other widths": other_widths, "others": others, "by name": by_name, "of images": of_images,
    "block": block, "called twice": called_twice, "in a model": in_a_model,
    "causal": causal, "causal to others": causal_to_others, "causal and not": causal_and_not,
    "mask of a constant": constant_mask, "mask of one constant row": constant_row, "mask of samples": mask_of_samples,
    "mask that excludes all, with dropout": unattended_with_dropout,
    "mask of one row a sample": row_of_samples, "without weights": without_weights,
    "causal without weights": causal_without_weights,
}

if __name__ == "__main__":
    write_cases(os.path.join(os.path.dirname(__file__), "attention.h5"), CASES)
