"""Prints the numbers of LossTests.swift: Keras's losses of two samples, and their gradients by what comes before the
last activation, both summed over the samples.

    python3 losses.py      (made with keras 3.15.1 and tensorflow, in float64)
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "../../../scripts"))
import dptrain_keras
import keras
import numpy as np
import tensorflow as tf
from keras import losses

keras.config.set_floatx("float64")
X = np.array([[0.3, -1.2, 2.0], [1.5, 0.2, -0.4]])
LABELS = np.array([2, 1])
ONE_HOT = np.eye(3)[LABELS]
# Rows sum to 1: with other sums, the gradient of TensorFlow's cross-entropy of logits is not that of its loss.
VALUES = np.array([[0.2, 0.5, 0.3], [0.0, 0.75, 0.25]])
SIGNS = np.array([[-1.0, 1.0, 1.0], [1.0, -1.0, -1.0]])
CASES = [
    ("sparseCategoricalCrossEntropy", "softmax", losses.SparseCategoricalCrossentropy, {}, LABELS),
    ("sparseCategoricalCrossEntropy", "linear", losses.SparseCategoricalCrossentropy, {"from_logits": True}, LABELS),
    ("sparseCategoricalCrossEntropy", "sigmoid", losses.SparseCategoricalCrossentropy, {}, LABELS),
    ("categoricalCrossEntropy", "softmax", losses.CategoricalCrossentropy, {"label_smoothing": 0.1}, ONE_HOT),
    ("categoricalCrossEntropy", "linear", losses.CategoricalCrossentropy,
     {"label_smoothing": 0.1, "from_logits": True}, VALUES),
    ("categoricalCrossEntropy", "sigmoid", losses.CategoricalCrossentropy, {"label_smoothing": 0.2}, ONE_HOT),
    ("binaryCrossEntropy", "sigmoid", losses.BinaryCrossentropy, {"label_smoothing": 0.1}, VALUES),
    ("binaryCrossEntropy", "linear", losses.BinaryCrossentropy, {"from_logits": True}, ONE_HOT),
    ("binaryCrossEntropy", "softmax", losses.BinaryCrossentropy, {"label_smoothing": 0.1}, ONE_HOT),
    ("categoricalFocalCrossEntropy", "softmax", losses.CategoricalFocalCrossentropy, {}, ONE_HOT),
    ("categoricalFocalCrossEntropy", "linear", losses.CategoricalFocalCrossentropy,
     {"label_smoothing": 0.1, "from_logits": True, "gamma": 1.5, "alpha": 0.75}, VALUES),
    ("categoricalFocalCrossEntropy", "sigmoid", losses.CategoricalFocalCrossentropy, {"gamma": 0.5}, ONE_HOT),
    ("binaryFocalCrossEntropy", "sigmoid", losses.BinaryFocalCrossentropy, {"label_smoothing": 0.1}, VALUES),
    ("binaryFocalCrossEntropy", "linear", losses.BinaryFocalCrossentropy,
     {"from_logits": True, "apply_class_balancing": True, "alpha": 0.3, "gamma": 3.0}, ONE_HOT),
    ("binaryFocalCrossEntropy", "softmax", losses.BinaryFocalCrossentropy, {"gamma": 0.5}, ONE_HOT),
    ("klDivergence", "softmax", losses.KLDivergence, {}, VALUES),
    ("poisson", "sigmoid", losses.Poisson, {}, VALUES),
    ("meanAbsoluteError", "linear", losses.MeanAbsoluteError, {}, VALUES),
    ("meanAbsolutePercentageError", "linear", losses.MeanAbsolutePercentageError, {}, SIGNS),
    ("meanSquaredLogarithmicError", "linear", losses.MeanSquaredLogarithmicError, {}, VALUES),
    ("huber", "linear", losses.Huber, {"delta": 0.5}, VALUES),
    ("logCosh", "linear", losses.LogCosh, {}, VALUES),
    ("cosineSimilarity", "linear", losses.CosineSimilarity, {}, VALUES),
    ("squaredHinge", "linear", losses.SquaredHinge, {}, ONE_HOT),
    ("meanSquaredError", "softmax", losses.MeanSquaredError, {}, ONE_HOT),
    ("hinge", "linear", losses.Hinge, {}, ONE_HOT),
    ("hinge", "tanh", losses.Hinge, {}, SIGNS),
    ("categoricalHinge", "linear", losses.CategoricalHinge, {}, ONE_HOT),
    ("categoricalHinge", "softmax", losses.CategoricalHinge, {}, VALUES),
    ("maximumAPosteriori", "linear", lambda reduction: lambda y, x: tf.reduce_sum(
        dptrain_keras.maximum_a_posteriori(y, x)), {}, LABELS),
]

for name, activation, loss, options, targets in CASES:
    x = tf.Variable(X)
    with tf.GradientTape() as tape:
        # With `_keras_logits`, as in a model: cross-entropies take the values before softmax and sigmoid for logits.
        outputs = keras.activations.get(activation)(x)
        value = loss(reduction="sum", **options)(targets, outputs)
    gradient = tape.gradient(value, x).numpy().sum(axis=0)
    print(name, activation, options, "%.8f" % float(value), "[" + ", ".join("%.8f" % g for g in gradient) + "]")
