"""Times PyTorch (and SparseProp, where it is installed) on what rarefy's own benchmarks time; prints one JSON object.

`step`: a training step or an evaluation of a whole network, dense or with 0/1 masks. `layer`: one convolution, forward and
backward. Random images, batch norm in training mode, SGD with Nesterov momentum and weight decay, as `rarefy bench` does.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Two normalized 3x3 convolutions around a shortcut (He et al. 2016)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        hidden = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(hidden)) + self.shortcut(x), inplace=True)


def cifar_resnet(depth, width):
    """A stem and three stages of (depth - 2) / 6 blocks."""
    blocks, inputs = [], width
    for stage in range(3):
        for index in range((depth - 2) // 6):
            outputs = width << stage
            blocks.append(Block(inputs, outputs, 2 if stage and index == 0 else 1))
            inputs = outputs
    stem = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


def vgg(depth):
    """Five stages of normalized 3x3 convolutions, a max pool after each (Simonyan & Zisserman 2015)."""
    counts = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}[depth]
    layers, inputs = [], 3
    for count, outputs in zip(counts, (64, 128, 256, 512, 512)):
        for _ in range(count):
            layers += [nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
            inputs = outputs
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs, 10))


def model(name):
    """A network by rarefy's name: `cifar_resnet_DEPTH[_WIDTH]` or `vggDEPTH`."""
    if name.startswith("vgg"):
        return vgg(int(name.removeprefix("vgg").removesuffix("_bn_cifar")))
    depth, *width = name.removeprefix("cifar_resnet_").split("_")
    return cifar_resnet(int(depth), int(width[0]) if width else 16)


def median_of(run, warmup, steps):
    """Milliseconds of the middle and of the fastest run."""
    times = []
    for step in range(warmup + steps):
        started = time.perf_counter()
        run()
        if step >= warmup:
            times.append(1e3 * (time.perf_counter() - started))
    return {"median_ms": statistics.median(times), "min_ms": min(times)}


def step(args):
    """A training step, or with `--eval` a forward pass."""
    net = model(args.model).to(memory_format=torch.channels_last)
    images = torch.randn(args.batch_size, 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.randint(10, (args.batch_size,))
    weights = [module.weight for module in net.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    masks = [(torch.rand_like(weight) < args.density).to(weight.dtype) for weight in weights] if args.masked else []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)

    @torch.no_grad()
    def mask_weights():
        for weight, mask in zip(weights, masks):
            weight.mul_(mask)

    def train():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(images), labels).backward()
        with torch.no_grad():
            for weight, mask in zip(weights, masks):
                weight.grad.mul_(mask)
        optimizer.step()
        mask_weights()

    def evaluate():
        with torch.inference_mode():
            F.cross_entropy(net(images), labels)

    mask_weights()
    net.train(not args.eval)
    return median_of(evaluate if args.eval else train, args.warmup, args.steps)


def layer(args):
    """One convolution: the faster of PyTorch's two layouts, dense, and of SparseProp's two kernels at every density."""
    shape = (args.batch_size, args.channels, args.size, args.size)
    dense = []
    for layout in (torch.contiguous_format, torch.channels_last):
        conv = nn.Conv2d(args.channels, args.channels, 3, padding=1, bias=False).to(memory_format=layout)
        dense.append(both_ways(conv, torch.randn(shape).to(memory_format=layout), args))
    result = {"torch": min(dense, key=lambda times: times["median_ms"])}
    try:
        from sparseprop.modules.conv2d import SparseConv2d
    except ImportError:
        return result
    result["sparseprop"] = {}
    for density in args.densities:
        conv = nn.Conv2d(args.channels, args.channels, 3, padding=1, bias=False)
        with torch.no_grad():
            conv.weight.mul_(torch.rand_like(conv.weight) < density)
        kernels = [both_ways(SparseConv2d.from_dense(conv, along), torch.randn(shape), args) for along in (False, True)]
        result["sparseprop"][str(density)] = min(kernels, key=lambda times: times["median_ms"])
    return result


def both_ways(conv, images, args):
    """Forward and backward, gradients of weights and images included."""
    images.requires_grad_(True)
    slope = torch.randn_like(conv(images))

    def run():
        images.grad = None
        conv.zero_grad(set_to_none=True)
        conv(images).backward(slope)

    return median_of(run, args.warmup, args.steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["step", "layer"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--model", default="cifar_resnet_20")
    parser.add_argument("--masked", action="store_true")
    parser.add_argument("--density", type=float, default=0.05)
    parser.add_argument("--eval", action="store_true")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--densities", type=float, nargs="*", default=[])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    result = {"step": step, "layer": layer}[args.what](args)
    result["version"] = torch.__version__
    # Linux counts in KiB.
    result["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps(result))


if __name__ == "__main__":
    main()
