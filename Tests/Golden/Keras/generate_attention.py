"""Writes small models with MultiHeadAttention and two inputs, as real Keras saves them. They are checked in; run this only to change
them.

    python generate_attention.py                 Keras 3 (made with keras 3.15.1 on tensorflow 2.21)
    python generate_attention.py --keras2        Keras 2 (made with tf_keras 2.21)

attention-N.keras, .h5, .weights.h5    self-attention, and one inside a model beside a layer called `query`; weights are numbers from 0 on,
                                       in the order of Keras's `get_weights`
"""

import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import numpy as np

GENERATION = 2 if "--keras2" in sys.argv else 3
if GENERATION == 2:
    import tf_keras as keras
else:
    import keras
layers = keras.layers
here = pathlib.Path(__file__).parent

words, table = keras.Input((3, 4), name="words"), keras.Input((2,), name="table")
x = layers.MultiHeadAttention(2, 3, value_dim=1, name="attention")(words, words)
y = keras.Input((3, 4))
inner = keras.Model(y, layers.MultiHeadAttention(1, 2, use_bias=False, name="own")(layers.Dense(4, name="query")(y), y), name="inner")
x = layers.Concatenate(name="all")([layers.Flatten(name="flat")(inner(x)), table])
model = keras.Model([words, table], layers.Dense(2, name="top")(x), name="attentive")
count = 0
values = []
for weight in model.get_weights():
    values.append(np.arange(count, count + weight.size, dtype="float32").reshape(weight.shape))
    count += weight.size
model.set_weights(values)
model.save(here / f"attention-{GENERATION}.keras")
model.save(here / f"attention-{GENERATION}.h5")
model.save_weights(here / f"attention-{GENERATION}.weights.h5")
print(count, [(w.name, w.shape) for w in model.weights])
