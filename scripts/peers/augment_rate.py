"""Augments images as `augment-rate` does, with another library on one thread. Prints images for each second of processor time.

    augment_rate.py small|policy|photographs SECONDS LIBRARY [FOLDER]

LIBRARY is torchvision (tensors, one image at a time, since a batch would be drawn the same), torchvision-pillow, keras
(batches of its layers, compiled by tf.data), tensorflow, or pillow.
"""

import io
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
MEAN, DEVIATION = [125.0, 123.0, 114.0], [63.0, 62.0, 67.0]


def pictures(count, side):
    import numpy as np

    row, column, channel = np.mgrid[0:side, 0:side, 0:3]
    return np.stack([
        (row * 5 + column * 3 + channel * 40 + number * 17 + row * column // 8) % 256 for number in range(count)
    ]).astype(np.uint8)


def torchvision(task):
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    normalize = [v2.ToDtype(torch.float32), v2.Normalize(MEAN, DEVIATION)]
    if task == "small":
        chain = v2.Compose([
            v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip(), *normalize,
            v2.RandomErasing(0.5, scale=(0.02, 0.4), ratio=(0.3, 3.3), value="random")])
        images = [torch.from_numpy(image).permute(2, 0, 1).contiguous() for image in pictures(128, 32)]
        return images, lambda: [chain(image) for image in images]
    if task == "policy":
        chain = v2.RandAugment()
        images = [torch.from_numpy(image).permute(2, 0, 1).contiguous() for image in pictures(16, 224)]
        return images, lambda: [chain(image) for image in images]
    chain = v2.Compose([v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip(), *normalize])
    files = [torch.frombuffer(bytearray(data), dtype=torch.uint8) for data in photographs()]
    return files, lambda: [chain(decode_jpeg(data, ImageReadMode.RGB)) for data in files]


def torchvision_pillow(task):
    import torch
    from PIL import Image
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    normalize = [v2.PILToTensor(), v2.ToDtype(torch.float32), v2.Normalize(MEAN, DEVIATION)]
    if task == "policy":
        chain = v2.RandAugment()
        images = [Image.fromarray(image) for image in pictures(16, 224)]
        return images, lambda: [chain(image) for image in images]
    if task == "small":
        chain = v2.Compose([
            v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip(), *normalize,
            v2.RandomErasing(0.5, scale=(0.02, 0.4), ratio=(0.3, 3.3), value="random")])
        images = [Image.fromarray(image) for image in pictures(128, 32)]
        return images, lambda: [chain(image) for image in images]
    chain = v2.Compose([v2.RandomResizedCrop(224), v2.RandomHorizontalFlip(), *normalize])
    files = photographs()

    def make(data):
        image = Image.open(io.BytesIO(data))
        return chain(image.convert("RGB"))

    return files, lambda: [make(data) for data in files]


def tensorflow():
    import tensorflow as tf

    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    return tf


def through(tf, data):
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    data = data.with_options(options)

    def make_all():
        for _ in data:
            pass

    return make_all


def keras(task):
    tf = tensorflow()
    from keras import layers

    normalize = layers.Normalization(mean=MEAN, variance=[d * d for d in DEVIATION])
    if task == "small":
        chain = [
            layers.RandomCrop(32, 32), layers.RandomFlip("horizontal"),
            layers.RandomErasing(0.5, scale=(0.02, 0.4), value_range=(0, 255))]
        images = pictures(128, 32).astype("float32")

        def augment(batch):
            batch = tf.pad(batch, [[0, 0], [4, 4], [4, 4], [0, 0]])
            for layer in chain:
                batch = layer(batch, training=True)
            return normalize(batch)

        return images, through(tf, tf.data.Dataset.from_tensor_slices(images).batch(128).map(augment))
    if task == "policy":
        layer = layers.RandAugment(value_range=(0, 255))
        images = pictures(16, 224).astype("float32")
        data = tf.data.Dataset.from_tensor_slices(images).map(lambda image: layer(image, training=True))
        return images, through(tf, data)
    raise SystemExit("Keras decodes no images of its own")


def tensorflow_images(task):
    tf = tensorflow()
    files = photographs()

    def make(data):
        shape = tf.io.extract_jpeg_shape(data)
        begin, size, _ = tf.image.sample_distorted_bounding_box(
            shape, tf.zeros([1, 0, 4]), area_range=(0.08, 1), aspect_ratio_range=(3 / 4, 4 / 3), max_attempts=10,
            min_object_covered=0.0, use_image_if_no_bounding_boxes=True)
        window = tf.stack([begin[0], begin[1], size[0], size[1]])
        image = tf.image.resize(tf.io.decode_and_crop_jpeg(data, window, channels=3), [224, 224])
        return (tf.image.random_flip_left_right(image) - MEAN) / DEVIATION

    return files, through(tf, tf.data.Dataset.from_tensor_slices(files).map(make))


def ffcv(task):
    import tempfile

    import numpy
    from ffcv.fields import IntField, RGBImageField
    from ffcv.fields.rgb_image import RandomResizedCropRGBImageDecoder
    from ffcv.loader import Loader
    from ffcv.transforms import NormalizeImage, RandomHorizontalFlip
    from ffcv.writer import DatasetWriter
    from PIL import Image

    paths = sorted(pathlib.Path(sys.argv[4]).iterdir())

    class Images:
        def __len__(self):
            return len(paths)

        def __getitem__(self, index):
            return numpy.asarray(Image.open(paths[index]).convert("RGB")), 0

    scratch = tempfile.TemporaryDirectory()
    name = os.path.join(scratch.name, "images.beton")
    fields = {"image": RGBImageField(write_mode="jpg", jpeg_quality=90), "label": IntField()}
    DatasetWriter(name, fields, num_workers=1).from_indexed_dataset(Images())
    steps = [
        RandomResizedCropRGBImageDecoder((224, 224)), RandomHorizontalFlip(),
        NormalizeImage(numpy.array(MEAN), numpy.array(DEVIATION), numpy.float32)]
    loader = Loader(
        name, batch_size=32, num_workers=1, os_cache=True, drop_last=False, pipelines={"image": steps, "label": None})

    def make_all(kept=scratch):
        for _ in loader:
            pass

    return paths, make_all


def photographs():
    return [path.read_bytes() for path in sorted(pathlib.Path(sys.argv[4]).iterdir())]


MAKERS = {
    "torchvision": torchvision, "torchvision-pillow": torchvision_pillow, "keras": keras,
    "tensorflow": tensorflow_images, "ffcv": ffcv,
}

if __name__ == "__main__":
    task, seconds, library = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    images, make_all = MAKERS[library](task)
    make_all()
    count, begin, passed = 0, time.process_time(), 0.0
    while passed < seconds:
        make_all()
        count += len(images)
        passed = time.process_time() - begin
    # FFCV's threads do not always end, so nobody waits for them.
    print(f"{count / passed:.1f}", flush=True)
    os._exit(0)
