"""The events that TensorBoardTests writes, as the package tensorboard writes them: events.tfevents, and its reader reads them.

Needs `pip install tensorboard`. Usage: python events.py
"""

import os

from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "events.tfevents")


def scalars(step, values):
    event = event_pb2.Event(wall_time=1764300000.5, step=step)
    for tag, value in values:
        event.summary.value.add(tag=tag, simple_value=value)
    return event


def restart(step):
    event = event_pb2.Event(wall_time=1764300000.5, step=step)
    event.session_log.status = event_pb2.SessionLog.START
    return event


with open(path, "wb") as file:
    writer = RecordWriter(file)
    for event in [
        event_pb2.Event(wall_time=1764300000.5, file_version="brain.Event:2"),
        restart(4),
        scalars(4, [("step/loss", 1.5), ("step/accuracy", 0.75), ("step/learning_rate", 0.001)]),
        scalars(
            4,
            [
                ("loss/train", 0.3), ("loss/validation", 0.00042), ("accuracy/train", 0.9),
                ("accuracy/validation", 0.8), ("score/val_auc", 0.7), ("speed/images_per_second", 512 / 0.048),
            ],
        ),
        restart(5),
    ]:
        writer.write(event.SerializeToString())
    writer.flush()
