"""Trains one of dptrain's networks with PyTorch on random samples in memory, on one thread a process; prints JSON with the
median and the best time of a step.

    torch_train.py lenet5-keras|resnet-cifar-20-v1|resnet50-v1.5 --batch-size 128 --steps 20
                   [--channels-last] [--compile] [--precision bf16]

The batch size is that of all processes. Several ones, started with RANK and WORLD_SIZE as PyTorch's launchers do, train
with DistributedDataParallel over gloo.
"""

import argparse
import json
import os
import resource
import time

import torch
import torch.distributed as distributed
import torchvision
from torch import nn


class Residual(nn.Module):
    """As Keras's cifar10_resnet example: convolutions with biases, 1x1 projections without normalisation."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride) if inputs != outputs else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        return self.relu(y + self.shortcut(x))


def resnet_cifar_20_v1():
    layers = [nn.Conv2d(3, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    inputs = 16
    for outputs in (16, 32, 64):
        for _ in range(3):
            layers.append(Residual(inputs, outputs, 1 if inputs == outputs else 2))
            inputs = outputs
    return nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10))


def lenet5_keras():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(inplace=True), nn.Linear(120, 84), nn.ReLU(inplace=True), nn.Linear(84, 10))


# Network, shape of a sample, classes.
MODELS = {
    "lenet5-keras": (lenet5_keras, (1, 28, 28), 10),
    "resnet-cifar-20-v1": (resnet_cifar_20_v1, (3, 32, 32), 10),
    "resnet50-v1.5": (torchvision.models.resnet50, (3, 224, 224), 1000),
}
WARM_UP = 5


def seconds_since_start():
    """Of this process, its imports included."""
    with open("/proc/self/stat") as stat:
        ticks = int(stat.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ranks, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))

    make, shape, classes = MODELS[options.model]
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    network = make().train().to(memory_format=layout)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()
    forward = network
    if ranks > 1:
        distributed.init_process_group("gloo")
        forward = nn.parallel.DistributedDataParallel(network, gradient_as_bucket_view=True)
    if options.compile:
        forward = torch.compile(forward)
    samples_of_rank = options.batch_size // ranks
    batches = [
        (torch.rand(samples_of_rank, *shape).contiguous(memory_format=layout),
         torch.randint(0, classes, (samples_of_rank,)))
        for _ in range(4)]

    times = []
    for step in range(WARM_UP + options.steps):
        samples, labels = batches[step % len(batches)]
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            loss = loss_of(forward(samples), labels)
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
        if step == 0:
            first = seconds_since_start()
    times = sorted(times[WARM_UP:])
    if rank == 0:
        print(json.dumps({
            "step_ms": times[len(times) // 2] * 1000, "best_ms": times[0] * 1000,
            "time_to_first_step_ms": first * 1000,
            "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "version": f"PyTorch {torch.__version__}"}))
    if ranks > 1:
        distributed.destroy_process_group()


main()
