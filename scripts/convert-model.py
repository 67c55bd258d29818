#!/usr/bin/env python3
"""Converts a checkpoint, or a model that `dptrain checkpoint export` wrote, with Keras.

    scripts/convert-model.py CHECKPOINT.h5 --saved-model FOLDER
    scripts/convert-model.py CHECKPOINT.h5 --tflite FILE.tflite

A SavedModel serves with TensorFlow, a TFLite file on small devices. Both take samples as the network does: bytes must be
normalised first, as `dptrain checkpoint inspect` says. The outputs of the converted model are compared with Keras's on noise;
a difference above 1e-5 is an error. Networks whose layers Keras lacks need scripts/dptrain_keras.py beside this script.

Needs Python with keras and tensorflow.
"""

import argparse
import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import keras
import numpy as np
import tensorflow as tf

import dptrain_keras  # noqa: F401, registers dptrain's layers


def predict_tflite(path, samples):
    interpreter = tf.lite.Interpreter(model_path=path)
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, samples.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, samples)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--saved-model", metavar="FOLDER")
    parser.add_argument("--tflite", metavar="FILE")
    options = parser.parse_args()
    model = keras.models.load_model(options.model, compile=False)
    if len(model.outputs) > 1:
        model = keras.Model(model.inputs, model.outputs[0])
    samples = np.random.default_rng(0).random((2, *model.input_shape[1:]), "float32")
    expected = model(samples).numpy()
    found = {}
    if options.saved_model:
        model.export(options.saved_model, verbose=False)
        loaded = tf.saved_model.load(options.saved_model)  # its variables go with it
        found[options.saved_model] = loaded.serve(samples).numpy()
    if options.tflite:
        with tempfile.TemporaryDirectory() as folder:
            model.export(folder, verbose=False)
            content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        with open(options.tflite, "wb") as file:
            file.write(content)
        found[options.tflite] = predict_tflite(options.tflite, samples)
    if not found:
        parser.error("say what to write: --saved-model or --tflite")
    for path, outputs in found.items():
        worst = float(np.abs(outputs - expected).max() / max(1, np.abs(expected).max()))
        print(f"{path}: differs by {worst:.1e} from Keras")
        if worst > 1e-5:
            sys.exit(1)


if __name__ == "__main__":
    main()
