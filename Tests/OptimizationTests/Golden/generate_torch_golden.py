"""Writes torch_optimization.json beside this file: what PyTorch's one-cycle schedule and stochastic
weight averaging, and timm's LARS and Lookahead do.

    python3 generate_torch_golden.py            (made with torch 2.13.0 and timm 1.0.31)

Seed 20261128. Rates are compared to 1e-5 of themselves, weights to 1e-5 of the larger of the value and 0.1.
"""

import json
import pathlib

import torch
from timm.optim import Lars, Lookahead

torch.manual_seed(20261128)
here = pathlib.Path(__file__).parent
COUNT, STEPS = 19, 7


def floats(tensor):
    return [float(value) for value in tensor.detach()]


def one_cycle_cases():
    """Rates of 40 steps, at a base rate of 0.1."""
    for text, arguments in {
        "one-cycle:steps=40": {},
        "one-cycle:steps=40,rise=0.4,div-factor=10,final-div-factor=100,shape=linear": dict(
            pct_start=0.4, div_factor=10, final_div_factor=100, anneal_strategy="linear"),
        "one-cycle:steps=40,rise=0.25,div-factor=1,final-div-factor=50": dict(
            pct_start=0.25, div_factor=1, final_div_factor=50),
    }.items():
        optimizer = torch.optim.SGD([torch.zeros(1)], 0.1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=40, cycle_momentum=False, **arguments)
        rates = []
        for step in range(40):
            rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            if step < 39:
                schedule.step()
        yield dict(schedule=text, rates=rates)


def trace(make):
    weights = torch.nn.Parameter(torch.randn(COUNT))
    initial, optimizer, gradients, seen = floats(weights), make([weights]), [], []
    for step in range(STEPS):
        gradient = torch.randn(COUNT) * 10.0 ** torch.randint(-3, 1, (COUNT,))
        gradient[step] = 0
        weights.grad = gradient.clone()
        optimizer.step()
        gradients.append(floats(gradient))
        seen.append(floats(weights))
    return dict(initial=initial, gradients=gradients, weights=seen)


def lars_cases():
    for momentum, trust, decay in [(0.9, 0.001, 1e-4), (0.5, 0.02, 0.1), (0.9, 0.001, 0.0)]:
        made = lambda p: Lars(p, lr=0.1, momentum=momentum, trust_coeff=trust, weight_decay=decay)
        yield dict(momentum=momentum, trust=trust, weight_decay=decay, **trace(made))


def lookahead_cases():
    """Around plain momentum with a rate of 0.1. The slow weights begin as the paper's: timm's begin at the first meeting."""
    for steps, part in [(5, 0.5), (3, 0.8)]:
        def made(parameters):
            optimizer = Lookahead(torch.optim.SGD(parameters, lr=0.1, momentum=0.9), alpha=part, k=steps)
            parameters[0].grad = torch.zeros_like(parameters[0])
            optimizer.sync_lookahead()
            return optimizer

        yield dict(steps=steps, part=part, **trace(made))


def stochastic_average_cases():
    """Weights and rates of nine epochs, three of which come first; the rate is 0.1 at that time."""
    for rate, anneal in [(0.02, 4), (0.5, 10)]:
        model = torch.nn.Linear(COUNT, 1, bias=False)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        average = torch.optim.swa_utils.AveragedModel(model)
        schedule = torch.optim.swa_utils.SWALR(optimizer, swa_lr=rate, anneal_epochs=anneal)
        rates, weights, averages = [], [], []
        for epoch in range(6):
            rates.append(optimizer.param_groups[0]["lr"])
            with torch.no_grad():
                model.weight.copy_(torch.randn_like(model.weight))
            optimizer.step()
            average.update_parameters(model)
            schedule.step()
            weights.append(floats(model.weight.flatten()))
            averages.append(floats(average.module.weight.flatten()))
        yield dict(start=3, rate=rate, anneal=anneal, rates=rates, weights=weights, averages=averages)


groups = dict(one_cycle=one_cycle_cases(), lars=lars_cases(), lookahead=lookahead_cases(),
              stochastic_average=stochastic_average_cases())
lines = {key: [json.dumps(case) for case in cases] for key, cases in groups.items()}
body = ",\n".join(f'"{key}": [\n' + ",\n".join(cases) + "\n]" for key, cases in lines.items())
(here / "torch_optimization.json").write_text("{" + body + "}\n")
