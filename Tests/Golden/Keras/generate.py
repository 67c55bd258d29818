"""Writes the golden files of this folder with real Keras. They are checked in; run this only to change them.

    python generate.py                 Keras 3 (needs keras, tensorflow-cpu, h5py)
    python generate.py --keras2        Keras 2 (needs tf_keras as well)

functional-N.json, sequential-N.json   model.to_json() of the two models below, by Keras N
functional-N.h5                        model.save() after one training step with Adam (legacy HDF5)
weights-N.h5                           model.save_weights() of the same (legacy HDF5, no configuration)
functional-3.weights.h5                model.save_weights() of Keras 3 in its own format
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np

GENERATION = 2 if "--keras2" in sys.argv else 3
if GENERATION == 2:
    import tf_keras as keras
else:
    import keras
layers = keras.layers


def functional():
    """A residual block with every layer that Keras names in a way of its own."""
    image = keras.Input((6, 6, 3), name="image")
    x = layers.Conv2D(4, (3, 1), padding="same", kernel_initializer="he_normal", name="stem")(image)
    y = layers.BatchNormalization(momentum=0.9, epsilon=1.001e-5, name="norm")(x)
    y = layers.Activation("relu", name="relu")(y)
    x = layers.Conv2D(4, 1, name="project")(x)  # made last, but Keras lists it before the activation
    x = layers.Add(name="sum")([x, y])
    x = layers.AveragePooling2D(2, name="pool")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dropout(0.25, name="drop")(x)
    x = layers.Dense(3, activation="softmax", name="classes")(x)
    return keras.Model(image, x, name="small-residual")


def sequential():
    model = keras.Sequential(
        [
            layers.Conv2D(2, 3, strides=2, input_shape=(9, 9, 1), use_bias=False)
            if GENERATION == 2
            else layers.Conv2D(2, 3, strides=2, use_bias=False),
            layers.ReLU(),
            layers.MaxPooling2D(2, strides=1, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02)),
            layers.Softmax(),
        ],
        name="small-chain",
    )
    model.build((None, 9, 9, 1))
    return model


def main():
    keras.utils.set_random_seed(7)
    here = os.path.dirname(os.path.abspath(__file__))
    path = lambda name: os.path.join(here, name)
    for model in (functional(), sequential()):
        kind = "sequential" if isinstance(model, keras.Sequential) else "functional"
        with open(path(f"{kind}-{GENERATION}.json"), "w") as file:
            json.dump(json.loads(model.to_json()), file, indent=1)
            file.write("\n")

    model = functional()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    images = np.sin(np.arange(4 * 6 * 6 * 3, dtype="float32")).reshape(4, 6, 6, 3)
    model.fit(images, np.array([0, 1, 2, 0]), epochs=1, batch_size=4, verbose=0)
    model.save(path(f"functional-{GENERATION}.h5"))
    if GENERATION == 3:
        model.save_weights(path("functional-3.weights.h5"))
        # Keras 3 writes the legacy weights format only inside a model file: its content at the root is the same thing.
        import h5py

        with h5py.File(path("functional-3.h5")) as source, h5py.File(path("weights-3.h5"), "w") as target:
            for name in source["model_weights"]:
                source.copy(f"model_weights/{name}", target)
            for name, value in source["model_weights"].attrs.items():
                target.attrs[name] = value
    else:
        model.save_weights(path("weights-2.h5"))


main()
