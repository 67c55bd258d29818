"""Networks with a part of their filters and units: small ones of the same structure."""
import keras

CLASSES = 10


def narrowed(model, factor):
    """All layers but the last have a part of their filters and units."""
    last = model.layers[-1].name

    def clone(layer):
        config = layer.get_config()
        for key in ("filters", "units"):
            if key in config and layer.name != last:
                config[key] //= factor
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=clone) if factor > 1 else model


def application(name, side, narrow=1, **options):
    """A network of keras.applications, with a part of its filters and units."""
    model = getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=CLASSES, **options)
    return narrowed(model, narrow)


def ends(model):
    return model.input, model.output
