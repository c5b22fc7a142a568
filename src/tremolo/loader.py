"""From `module:name` or `file.py:name` to the application that is meant, and to its handler.

What the command line says besides is in `config`; the handler is run by
`program` or `serving`.
"""

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, TypeGuard

from .config import Config

if TYPE_CHECKING:
    from tremolo_transport.exchange import Handler

    from .application import Application

__all__ = ("LoadError", "ModuleFailed", "NotAnApplication", "build", "handler_for", "load")


class LoadError(Exception):
    """There is no application where one was said to be. The text is one line, for the user."""


class NotAnApplication(LoadError, TypeError):
    """It is neither of the framework nor can it be called as ASGI 3 has it."""


class ModuleFailed(LoadError):
    """The user's module raised something of its own; that is `__cause__`, cut to its code."""


def build(target: str, config: Config) -> "Handler":
    """Load what `target` names and return its handler. Raises LoadError."""
    if config.app_dir:
        if not os.path.isdir(config.app_dir):
            raise LoadError(f"cannot load {target!r}: {config.app_dir!r} is no directory")
        _look_in(os.path.abspath(config.app_dir))
    app = load(target)
    if config.factory:
        app = _made_by(app, target)
    return handler_for(app, config, name=target)


def _made_by(factory: Any, target: str) -> Any:
    """What a function of the user's returns that makes the application."""
    if not callable(factory):
        raise NotAnApplication(f"{target!r} makes no application: it is {type(factory).__name__}")
    try:
        return factory()
    except (Exception, SystemExit) as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        raise ModuleFailed(f"cannot load {target!r}: it raised {type(error).__name__}") from error


def load(target: str) -> Any:
    """Import what `target` names: `module`, `module:name`, `file.py` or `file.py:name`.

    `name` may have dots in it and is `app` if it is missing. The current
    directory, or the file's own, becomes the first where modules are looked
    for. A file that was loaded before is not run again.
    """
    if target.endswith(".py"):
        place, name = target, "app"
    else:
        place, _, name = target.rpartition(":") if ":" in target else (target, "", "app")
    if not place or not name:
        raise LoadError(f"cannot load {target!r}: expected MODULE:NAME or FILE.py:NAME")
    is_file = place.endswith(".py") or os.sep in place
    module = _import_file(place) if is_file else _import_module(place)
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise LoadError(f"cannot load {target!r}: there is no {name!r} in {place!r}") from None
    return found


def handler_for(app: object, config: Config, *, name: str | None = None) -> "Handler":
    """The handler of an application of the framework, or of one that speaks ASGI 3.

    `name` is what errors call it. Raises NotAnApplication.
    """
    name = repr(app) if name is None else repr(name)
    if _is_of_the_framework(app):
        return app.build(config.app)
    if not callable(app):
        raise NotAnApplication(f"{name} is no application, but of type {type(app).__name__}")
    _refuse_other_callables(app, name)
    from tremolo_asgi import AsgiHandler, LifespanTimeouts
    from tremolo_core import PerMessageDeflate

    return AsgiHandler(
        app,
        root_path=config.root_path,
        lifespan=config.lifespan,
        lifespan_timeouts=LifespanTimeouts(
            startup=config.startup_timeout, shutdown=config.server.shutdown
        ),
        deflate=PerMessageDeflate() if config.ws_per_message_deflate else None,
    )


def _is_of_the_framework(app: object) -> "TypeGuard[Application]":
    # Whose module nobody has imported has no instances: other applications need not wait for it.
    module = sys.modules.get(f"{__package__}.application")
    return module is not None and isinstance(app, module.Application)


def _refuse_other_callables(app: Callable[..., Any], name: str) -> None:
    try:
        signature = inspect.signature(app)
    except ValueError:
        return  # It is not written in Python; the first request will tell.
    try:
        signature.bind({}, None, None)
    except TypeError:
        raise NotAnApplication(
            f"{name} is no application: an ASGI 3 application is called with scope, receive"
            f" and send, but this takes {signature}"
        ) from None


def _import_module(place: str) -> ModuleType:
    if not all(place.split(".")):
        raise LoadError(f"cannot load {place!r}: that is no name of a module")
    _look_in(os.getcwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is not None and (place + ".").startswith(error.name + "."):
            raise LoadError(
                f"cannot load {place!r}: there is no module {error.name!r} in"
                f" {os.getcwd()!r} or among the installed ones"
            ) from None
        raise _failure(place, error) from error
    except (Exception, SystemExit) as error:
        raise _failure(place, error) from error


def _import_file(place: str) -> ModuleType:
    path = Path(place).resolve()
    if not path.is_file():
        raise LoadError(f"cannot load {place!r}: there is no such file")
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(path) and module.__name__ != "__main__":
            return module
    _look_in(str(path.parent))
    # Another module may have the name already: one of the library, or our own.
    taken = path.stem in sys.modules or path.stem in sys.stdlib_module_names
    name = f"application_{path.stem}" if taken else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"cannot load {place!r}: a Python file's name ends with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, Exception | SystemExit):
            raise _failure(place, error) from error
        raise
    return module


def _look_in(directory: str) -> None:
    if directory not in sys.path:
        sys.path.insert(0, directory)


def _failure(place: str, error: BaseException) -> LoadError:
    """What to tell of an error that a module raised while it was imported."""
    own = _own_frames(error.__traceback__)
    match error:
        case SyntaxError():
            where = f"{error.filename}, line {error.lineno}"
            return LoadError(f"cannot load {place!r}: {error.msg} ({where})")
        case ImportError():
            last = traceback.extract_tb(own)[-1]
            where = f"{last.filename}, line {last.lineno}"
            return LoadError(f"cannot load {place!r}: an import in it failed: {error} ({where})")
        case _:
            error.__traceback__ = own
            return ModuleFailed(f"cannot load {place!r}: it raised {type(error).__name__}")


def _own_frames(trace: TracebackType | None) -> TracebackType | None:
    """The part of `trace` that begins in the user's code; what imported it is cut off."""
    importers = (__file__, importlib.__file__, "<frozen importlib")
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(importers):
        trace = trace.tb_next
    return trace
