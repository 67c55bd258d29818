"""Writes functions-2.keras and functions-2.h5: a model of tf_keras with a function that is another one in Keras 3
(KerasFileTests.swift).

    python3 generate_functions.py      (made with tf_keras 2.21 and tensorflow)
"""

import os

import tf_keras as keras

folder = os.path.dirname(os.path.abspath(__file__))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="hard_sigmoid", name="gate")])
for ending in ["keras", "h5"]:
    model.save(os.path.join(folder, f"functions-2.{ending}"))
