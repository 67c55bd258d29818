"""Writes weights of a model inside a model with real Keras 3. They are checked in; run this only to change them.

    python generate_nested.py

nested-3.weights.h5    model.save_weights() of Keras 3 in its own format
nested-3.h5            the same weights in the legacy HDF5 format, no configuration

Every weight of the n-th variable, in Keras's order, is n.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
from keras import layers
from keras.src.legacy.saving import legacy_h5_format

inner = keras.Sequential(
    [keras.Input((6, 6, 1)), layers.Conv2D(2, 3, name="c1"), layers.BatchNormalization(name="b1")], name="body"
)
model = keras.Sequential(
    [keras.Input((6, 6, 1)), inner, layers.Flatten(name="f"), layers.Dense(3, activation="softmax", name="head")]
)
# c1/kernel, c1/bias, b1/gamma, b1/beta, b1/moving_mean, b1/moving_variance, head/kernel, head/bias
variables = [v for layer in inner.layers + [model.layers[-1]] for v in layer.weights]
for number, variable in enumerate(variables):
    variable.assign(np.full(variable.shape, number, "float32"))
model.save_weights("nested-3.weights.h5")
with h5py.File("nested-3.h5", "w") as file:
    legacy_h5_format.save_weights_to_hdf5_group(file, model)
