"""Which checks each lesson has, and what each is worth: points are those of the lesson's check cells."""

POINTS: dict[int, dict[str, int]] = {
    1: dict(statistics=8, transform=10, dataset=10, loaders=10, layers=8, parameters=10, train_loop=14, test_loop=10),
    2: dict(field_by_hand=10, layers=15, activations=8, pooling=10, output=5, parameters=12, trained=15),
    3: dict(count_by_hand=10, layers=20, activations=8, pooling=7, output=5, parameters=15, trained=15),
    4: dict(batch_norm_by_hand=10, normalisation=20, layers=10, output=10, parameters=15, trained=15),
    5: dict(dropout=25, layers=10, normalisation=10, parameters=10, trained=20),
    6: dict(
        gap=25, layers=10, dropout=8, normalisation=7, parameters=10, constraint_parameters=5, fully_connected=5, trained=10
    ),
    7: dict(
        layers=20, gap=10, output=10, dropout=5, normalisation=5, parameters=10, constraint_parameters=5, fully_connected=5,
        trained=10,
    ),
    8: dict(
        parameters=8, layers=10, pooling=10, normalisation=7, dropout=7, gap=8, output=5, constraint_parameters=5,
        fully_connected=5, epochs=5, accuracy=15,
    ),
    9: dict(network=10, parameters=5, augmentation=25, constraint_parameters=5, fully_connected=5, epochs=5, accuracy=20),
    10: dict(
        rates=20, network=5, parameters=5, augmentation=5, schedule=15, constraint_parameters=5, fully_connected=5, epochs=5,
        accuracy=15,
    ),
    11: dict(constraint_parameters=15, fully_connected=20, epochs=15, accuracy=25),
}  # fmt: skip

OF_WEIGHTS = ("accuracy", "trained")  # the checks that ask for a trained network


def asks_for_weights(number: int) -> bool:
    """Whether a lesson's hand-in has a trained network beside its notebook."""
    return any(name in POINTS[number] for name in OF_WEIGHTS)
