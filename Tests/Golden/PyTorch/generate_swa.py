"""Makes swa.h5 and swa_weights.h5: stochastic weight averaging by PyTorch, of which dptrain's is compared.

    python generate_swa.py        (torch 2.x, h5py; seed 3)

swa.h5 is a data file of 32 images. swa_weights.h5 has, in Keras's older form, the weights with which a small network with batch
normalisation begins. It trains for four epochs of two batches: the first two and the last two of each four images,
which are a shard's part. `torch.optim.swa_utils.AveragedModel` averages it after the third and the fourth, and `update_bn` then measures the statistics of the average. /expected in
swa_weights.h5 has both, kernels as Keras has them. PyTorch divides squares by one less than their number: the variances here are
those of Keras, which does not. Tolerance: 1e-5 and 1e-4 of the value.
"""

import h5py
import numpy as np
import torch

torch.manual_seed(3)
random = np.random.default_rng(3)
images = random.integers(0, 256, (32, 9, 9, 3), dtype=np.uint8)
labels = random.integers(0, 4, 32).astype(np.int32)

model = torch.nn.Sequential(
    torch.nn.Conv2d(3, 6, 3, stride=2, bias=False), torch.nn.BatchNorm2d(6, eps=1e-3), torch.nn.ReLU(),
    torch.nn.Conv2d(6, 5, 2), torch.nn.BatchNorm2d(5, eps=1e-3), torch.nn.ReLU(),
    torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(5, 4),
)


def weights(model):
    """Of each layer by name, in Keras's order and shapes. Of n values a channel, n - 1 becomes n."""
    first, norm, _, second, other, *_, dense = model
    kernel = lambda layer: layer.weight.detach().numpy().transpose(2, 3, 1, 0)
    plain = lambda tensor: tensor.detach().numpy()

    def normalization(layer, n):
        return {"gamma": plain(layer.weight), "beta": plain(layer.bias), "moving_mean": plain(layer.running_mean),
                "moving_variance": plain(layer.running_var) * ((n - 1) / n)}

    return {
        "first": {"kernel": kernel(first)}, "norm": normalization(norm, 16 * 16),
        "second": {"kernel": kernel(second), "bias": plain(second.bias)}, "other": normalization(other, 16 * 9),
        "dense": {"kernel": plain(dense.weight).T, "bias": plain(dense.bias)},
    }


def write(group, layers):
    group.attrs["layer_names"] = [name.encode() for name in layers]
    for layer, arrays in layers.items():
        part = group.create_group(layer)
        part.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in arrays]
        for name, values in arrays.items():
            part.create_dataset(f"{layer}/{name}:0", data=values.astype(np.float32))


with h5py.File("swa.h5", "w") as file:
    file["train/images"], file["train/labels"] = images, labels

rows = [np.flatnonzero(np.arange(32) % 4 // 2 == batch) for batch in (0, 1)]
batches = [(torch.from_numpy(images[i]).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(labels[i]).long()) for i in rows]
with h5py.File("swa_weights.h5", "w") as file:
    start = weights(model)
    for layer in ("norm", "other"):
        start[layer]["moving_variance"] = np.ones_like(start[layer]["moving_variance"])
    write(file, start)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    average = torch.optim.swa_utils.AveragedModel(model)
    for epoch in range(4):
        for inputs, targets in batches:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        if epoch >= 2:
            average.update_parameters(model)
    torch.optim.swa_utils.update_bn(batches, average)
    write(file.create_group("expected"), weights(average.module))
