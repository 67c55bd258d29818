"""Writes zoo.json beside this file with real torchvision and timm. It is checked in; run this only to change it.

    python generate_zoo.py             (needs torch, torchvision, timm and numpy; made with torchvision 0.29 and timm 1.0)

For each network with 10 classes: the names and shapes of its state_dict in order, and its softmax for one image of 32 pixels, in
evaluation mode. Weights and image are not stored. Value i of the tensor number n is made of a hash (`values`), which
TorchZooTests makes too. Predictions agree within 1e-4.
"""

import json
import pathlib

import numpy as np
import timm
import torch
import torchvision

CLASSES, SIDE = 10, 32


def values(number, count):
    """From -1 to 1."""
    index = np.arange(count, dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    bits = (index * np.uint64(2654435761) + np.uint64(number * 40503 + 12345)) & mask
    bits = ((bits ^ (bits >> np.uint64(15))) * np.uint64(2246822519)) & mask
    bits = bits ^ (bits >> np.uint64(13))
    return bits.astype("float64") / 2**31 - 1


def tensor(number, name, shape, gain):
    value = values(number, int(np.prod(shape)))
    if len(shape) > 1:
        # The deviation of He's initializer, or less.
        value *= gain * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var"):
        value = 1 + value / 2
    elif name.endswith("weight"):
        value = 1 + value / 4
    else:
        value /= 4
    return torch.from_numpy(value.astype("float32").reshape(shape))


def case(model, source, make, gain=1.0):
    """`gain` keeps the softmax from being that of one class."""
    network = make()
    state = network.state_dict()
    named = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    network.load_state_dict(
        {name: tensor(number, name, tuple(value.shape), gain) for number, (name, value) in enumerate(named.items())}, strict=False)
    network.eval()
    x = torch.from_numpy(values(1000, SIDE * SIDE * 3).astype("float32").reshape(1, SIDE, SIDE, 3))
    with torch.no_grad():
        y = torch.softmax(network(x.permute(0, 3, 1, 2)), 1)[0]
    print(model, source, [f"{v:.3f}" for v in y])
    return {"model": model, "source": source, "gain": gain, "tensors": [[name, list(value.shape)] for name, value in named.items()],
            "output": [float(str(v)) for v in y.numpy()]}


vision = lambda name: lambda: torchvision.models.get_model(name, num_classes=CLASSES)
image_models = lambda name: lambda: timm.create_model(name, num_classes=CLASSES)
cases = [
    case("mobilenet-v2-torch", "torchvision mobilenet_v2", vision("mobilenet_v2")),
    case("mobilenet-v2-torch", "timm mobilenetv2_100", image_models("mobilenetv2_100")),
    case("efficientnet-b0-torch", "torchvision efficientnet_b0", vision("efficientnet_b0")),
    case("efficientnet-b0-torch", "timm efficientnet_b0", image_models("efficientnet_b0")),
    case("efficientnet-b0", "timm tf_efficientnet_b0", image_models("tf_efficientnet_b0")),
    case("densenet121", "torchvision densenet121", vision("densenet121")),
    case("resnext50-32x4d", "torchvision resnext50_32x4d", vision("resnext50_32x4d"), gain=0.5),
    case("convnext-tiny", "torchvision convnext_tiny", vision("convnext_tiny")),
    case("convnext-tiny", "timm convnext_tiny", image_models("convnext_tiny")),
]
with open(pathlib.Path(__file__).parent / "zoo.json", "w") as file:
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    file.write(f'{{"classes": {CLASSES}, "side": {SIDE}, "cases": [\n' + ",\n".join(lines) + "\n]}\n")
