"""Decodes, resizes and crops the images of a folder as `image-rate` does, with another library on one thread. Prints images for
each second of processor time.

    image_rate.py FOLDER SECONDS pillow|torchvision-pillow|torchvision|tensorflow|tensorflow-crop

The shortest side becomes 256 (bilinear), of which 224x224 pixels in the middle are kept.
"""

import io
import os
import pathlib
import sys
import time


def pillow():
    """Pillow alone; it resizes only what is kept."""
    from PIL import Image

    def make(data):
        image = Image.open(io.BytesIO(data)).convert("RGB")
        factor = min(image.size) / 256
        left, top = ((round(side / factor) - 224) // 2 * factor for side in image.size)
        return image.resize((224, 224), Image.BILINEAR, (left, top, left + 224 * factor, top + 224 * factor))

    return make


def torchvision_pillow():
    """What torchvision's ImageFolder and the transforms of its reference scripts do."""
    from PIL import Image
    from torchvision.transforms import v2

    transform = v2.Compose([v2.Resize(256), v2.CenterCrop(224), v2.PILToTensor()])
    return lambda data: transform(Image.open(io.BytesIO(data)).convert("RGB"))


def torchvision():
    """torchvision's own decoder, and its transforms of tensors."""
    import numpy
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    transform = v2.Compose([v2.Resize(256, antialias=True), v2.CenterCrop(224)])
    return lambda data: transform(
        decode_jpeg(torch.from_numpy(numpy.frombuffer(data, numpy.uint8).copy()), ImageReadMode.RGB))


def tensorflow_maker(decode):
    """A function that makes all images through tf.data, without threads of its own."""
    import tensorflow as tf

    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)

    def make_all(images):
        data = tf.data.Dataset.from_tensor_slices(images).map(lambda data: decode(tf, data))
        options = tf.data.Options()
        options.threading.private_threadpool_size = 1
        options.threading.max_intra_op_parallelism = 1
        for _ in data.with_options(options):
            pass

    return make_all


def resized_and_cropped(tf, data):
    image = tf.io.decode_jpeg(data, channels=3)
    shape = tf.shape(image)[:2]
    size = tf.cast(tf.round(256 * shape / tf.reduce_min(shape)), tf.int32)
    image = tf.image.resize(image, size)
    top, left = (size[0] - 224) // 2, (size[1] - 224) // 2
    return tf.cast(tf.round(image[top:top + 224, left:left + 224]), tf.uint8)


def cropped_and_resized(tf, data):
    """As TensorFlow's models do for ImageNet: the crop is cut out while decoding."""
    shape = tf.io.extract_jpeg_shape(data)[:2]
    side = tf.cast(tf.round(224 / 256 * tf.cast(tf.reduce_min(shape), tf.float32)), tf.int32)
    window = tf.stack([(shape[0] - side) // 2, (shape[1] - side) // 2, side, side])
    image = tf.image.resize(tf.io.decode_and_crop_jpeg(data, window, channels=3), [224, 224])
    return tf.cast(tf.round(image), tf.uint8)


def one_by_one(make):
    def make_all(images):
        for data in images:
            make(data)

    return make_all


MAKERS = {
    "pillow": lambda: one_by_one(pillow()),
    "torchvision-pillow": lambda: one_by_one(torchvision_pillow()),
    "torchvision": lambda: one_by_one(torchvision()),
    "tensorflow": lambda: tensorflow_maker(resized_and_cropped),
    "tensorflow-crop": lambda: tensorflow_maker(cropped_and_resized),
}

if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    folder, seconds, library = sys.argv[1:]
    images = [path.read_bytes() for path in sorted(pathlib.Path(folder).iterdir())]
    make_all = MAKERS[library]()
    make_all(images)
    count, begin, passed = 0, time.process_time(), 0.0
    while passed < float(seconds):
        make_all(images)
        count += len(images)
        passed = time.process_time() - begin
    print(f"{count / passed:.1f}")
