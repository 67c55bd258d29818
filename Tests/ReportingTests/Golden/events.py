"""The events that TensorBoardTests writes, as the package tensorboard writes them: events.tfevents, and its reader reads them.
The picture is confusion.png, which dptrain has drawn.

Needs `pip install tensorboard`. Usage: python events.py
"""

import os
import struct

from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

folder = os.path.dirname(os.path.abspath(__file__))
path = os.path.join(folder, "events.tfevents")


def scalars(step, values):
    event = event_pb2.Event(wall_time=1764300000.5, step=step)
    for tag, value in values:
        event.summary.value.add(tag=tag, simple_value=value)
    return event


def restart(step):
    event = event_pb2.Event(wall_time=1764300000.5, step=step)
    event.session_log.status = event_pb2.SessionLog.START
    return event


def histogram(step, tag, limits, counts, **totals):
    event = event_pb2.Event(wall_time=1764300000.5, step=step)
    content = event.summary.value.add(tag=tag).histo
    content.bucket_limit.extend(limits)
    content.bucket.extend(counts)
    for name, value in totals.items():
        setattr(content, name, value)
    return event


def image(step, tag, file):
    with open(os.path.join(folder, file), "rb") as picture:
        content = picture.read()
    width, height = struct.unpack(">II", content[16:24])
    event = event_pb2.Event(wall_time=1764300000.5, step=step)
    event.summary.value.add(tag=tag).image.MergeFrom(
        summary_pb2.Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=content))
    return event


def graph(*nodes):
    definition = graph_pb2.GraphDef()
    for name, operation, inputs, shape in nodes:
        node = definition.node.add(name=name, op=operation, input=inputs)
        extents = node.attr["_output_shapes"].list.shape.add()
        for extent in (-1, *shape):
            extents.dim.add(size=extent)
    return event_pb2.Event(wall_time=1764300000.5, graph_def=definition.SerializeToString())


with open(path, "wb") as file:
    writer = RecordWriter(file)
    for event in [
        event_pb2.Event(wall_time=1764300000.5, file_version="brain.Event:2"),
        restart(4),
        graph(("x", "InputLayer", [], (4,)), ("y", "Dense", ["x"], (2,))),
        scalars(4, [("step/loss", 1.5), ("step/accuracy", 0.75), ("step/learning_rate", 0.001)]),
        scalars(
            4,
            [
                ("loss/train", 0.3), ("loss/validation", 0.00042), ("accuracy/train", 0.9),
                ("accuracy/validation", 0.8), ("score/val_auc", 0.7), ("speed/images_per_second", 512 / 0.048),
            ],
        ),
        # Of -1, 0, 0.25 and 3, in four intervals.
        histogram(4, "weights/y/kernel", [0, 1, 2, 3], [1, 2, 0, 1], min=-1, max=3, num=4, sum=2.25, sum_squares=10.0625),
        image(4, "confusion/validation", "confusion.png"),
        restart(5),
    ]:
        writer.write(event.SerializeToString())
    writer.flush()
