"""The notebook that the tutorial begins with: LeNet-5 in Keras. Writes lenet.json.

    python lenet.py
"""
from keras import layers, models

model = models.Sequential([
    layers.Input((28, 28, 1)),
    layers.Conv2D(6, 5, padding="same", activation="relu", name="conv1"),
    layers.MaxPooling2D(2),
    layers.Conv2D(16, 5, activation="relu", name="conv2"),
    layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.Dense(120, activation="relu", name="dense1"),
    layers.Dense(84, activation="relu", name="dense2"),
    layers.Dense(10, activation="softmax", name="classes"),
], name="lenet")

with open("lenet.json", "w") as file:
    file.write(model.to_json())
