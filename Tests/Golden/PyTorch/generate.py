"""Writes the golden files of this folder with real PyTorch. They are checked in; run this only to change them.

    python generate.py                 (needs torch and numpy; seed 0)

resnet.safetensors     state_dict of a residual network with the names of torchvision's ResNet, but few channels
resnet.json            an input of it [1, 20, 20, 3] and its softmax, in evaluation mode
vgg.safetensors        state_dict of a network with the names of torchvision's VGG with batch normalisation
vgg.json               the same for it, [1, 8, 8, 3]

Predictions agree within 1e-5. The safetensors format is written here by hand: a length, a JSON header, and the values.
"""

import json
import struct

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)


def save(path, state):
    """What safetensors.torch.save_file writes."""
    header, values = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in state.items():
        raw = tensor.numpy().astype({"torch.float32": "<f4", "torch.int64": "<i8"}[str(tensor.dtype)]).tobytes()
        header[name] = {
            "dtype": {"torch.float32": "F32", "torch.int64": "I64"}[str(tensor.dtype)],
            "shape": list(tensor.shape), "data_offsets": [len(values), len(values) + len(raw)],
        }
        values += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + values)


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = nn.Sequential(
            nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet(nn.Module):
    """Stages of one block each."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Bottleneck(4, 2, 1))
        self.layer2 = nn.Sequential(Bottleneck(8, 3, 2))
        self.fc = nn.Linear(12, 5)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        return self.fc(self.layer2(self.layer1(x)).mean((2, 3)))


class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        block = lambda a, b: [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]
        self.features = nn.Sequential(
            *block(3, 4), nn.MaxPool2d(2), *block(4, 5), *block(5, 6), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(
            nn.Linear(6 * 2 * 2, 7), nn.ReLU(), nn.Dropout(), nn.Linear(7, 7), nn.ReLU(), nn.Dropout(), nn.Linear(7, 5))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


for name, model, side in (("resnet", ResNet(), 20), ("vgg", VGG(), 8)):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    model.eval()
    x = torch.rand(1, 3, side, side)
    with torch.no_grad():
        y = torch.softmax(model(x), 1)
    save(f"{name}.safetensors", model.state_dict())
    with open(f"{name}.json", "w") as file:
        pixels = x.permute(0, 2, 3, 1).flatten().numpy()
        json.dump({"input": [float(str(v)) for v in pixels], "output": [float(str(v)) for v in y[0].numpy()]}, file)
