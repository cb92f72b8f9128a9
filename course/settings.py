"""One of PyTorch's classes with its settings, as `partial` has them, as data and back: names and numbers only."""

import inspect
import math
from functools import partial

from course.augment import plain
from course.errors import RecipeError


def settings_of(given, what: str, module, names) -> dict:
    """A class, or a `partial` of one, as {"name": …, setting: number, …}."""
    function, keywords = given, {}
    if isinstance(given, partial):
        function, keywords = given.func, given.keywords
        if given.args:
            example = "lr=0.01" if what == "optimizer" else "gamma=0.1"
            raise RecipeError(f"{what}: write its settings by name, as {example} in partial({_name(function)}, {example})")
    allowed = {getattr(module, name): name for name in names}
    if not isinstance(function, type) or function not in allowed:
        if type(given) in allowed:
            cure = "partial(StepLR, step_size=6, gamma=0.1)" if what == "schedule" else "partial(SGD, lr=0.01, momentum=0.9)"
            said = f"saw a ready-made {type(given).__name__}, expected only its class and settings, such as {cure}"
            raise RecipeError(f"{what}: {said}; the training itself makes one of it")
        raise RecipeError(f"{what} is a class, {one_of(names)}, alone or in a partial; saw {kind_of(given)}")
    keywords = {key: plain(value) for key, value in keywords.items()}
    known = set(inspect.signature(function).parameters) - {"params", "optimizer"}
    for key, value in keywords.items():
        if key not in known:
            raise RecipeError(f"{what}: {allowed[function]} has no setting {key!r}; it has {one_of(sorted(known))}")
        if not _is_plain(value):
            raise RecipeError(f"{what}: {key} should be a finite number, a name or a list of numbers; saw {value!r}")
    return {"name": allowed[function]} | {k: list(v) if isinstance(v, tuple) else v for k, v in keywords.items()}


def partial_of(data, module, names):
    """The `partial` of such data; RecipeError where they are no settings of one of these classes."""
    if not isinstance(data, dict) or data.get("name") not in names:
        raise RecipeError(f"expected one of {one_of(names)} with its settings, saw {str(data)[:80]}")
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k != "name"}
    if not all(isinstance(k, str) and _is_plain(v) for k, v in settings.items()):
        raise RecipeError(f"{data['name']} has a setting that is no finite number: {str(settings)[:80]}")
    function = getattr(module, data["name"])
    try:
        inspect.signature(function).bind_partial(**settings)
    except TypeError as error:
        raise RecipeError(f"{data['name']}: {error}") from None
    return partial(function, **settings)


def _is_plain(value) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= 100 and all(type(item) in (int, float) and _is_plain(item) for item in value)
    if type(value) is int:
        return abs(value) < 2**63  # JSON has longer ones, PyTorch hasn't
    return value is None or type(value) in (bool, str) or (type(value) is float and math.isfinite(value))


def _name(thing) -> str:
    if isinstance(thing, partial):
        thing = thing.func
    return str(getattr(thing, "__name__", type(thing).__name__))


def kind_of(thing) -> str:
    """What was given in the place of something else, so that its like is not taken for it."""
    if isinstance(thing, partial):
        return f"a partial of {_name(thing)}"
    if isinstance(thing, type) or inspect.isroutine(thing):
        return _name(thing)
    name, module = _name(thing), type(thing).__module__
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}{'' if module == 'builtins' else f' object of {module}'}"


def one_of(names) -> str:
    """Names in a sentence."""
    return ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else names[0]
