"""The part of an application where routes are registered, and paths made of their names.

Which route a request gets is decided in `routes`.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .foreign import BELOW
from .injection import INJECTED
from .mounting import Mount
from .routes import Route
from .static_files import static_files
from .views import View, view_handlers

__all__ = ("RouteRegistry",)

H = TypeVar("H", bound=Callable[..., Any] | View)


class RouteRegistry:
    """Routes in the order in which they were registered."""

    def __init__(self) -> None:
        self._entries: list[Route | Mount] = []

    @property
    def routes(self) -> tuple[Route, ...]:
        """All routes in the order in which they are registered, also of what is mounted."""
        found: list[Route] = []
        for entry in self._entries:
            if isinstance(entry, Mount):
                found += entry.routes()
            else:
                found.append(entry)
        return tuple(found)

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What is mounted directly in this application, in order."""
        return tuple(entry for entry in self._entries if isinstance(entry, Mount))

    def route(
        self,
        path: str,
        *,
        methods: Iterable[str] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> Callable[[H], H]:
        """Register the decorated handler, as `add_route` does, and leave it as it is."""

        def register(func: H) -> H:
            self.add_route(func, path, methods=methods, name=name, **options)
            return func

        return register

    def delete(self, path: str, *, name: str | None = None, **options: Any) -> Callable[[H], H]:
        """As `route`, for DELETE."""
        return self.route(path, methods=("DELETE",), name=name, **options)

    def get(self, path: str, *, name: str | None = None, **options: Any) -> Callable[[H], H]:
        """As `route`, for GET and with it HEAD."""
        return self.route(path, methods=("GET",), name=name, **options)

    def head(self, path: str, *, name: str | None = None, **options: Any) -> Callable[[H], H]:
        """As `route`, for HEAD."""
        return self.route(path, methods=("HEAD",), name=name, **options)

    def options(self, path: str, *, name: str | None = None, **options: Any) -> Callable[[H], H]:
        """As `route`, for OPTIONS."""
        return self.route(path, methods=("OPTIONS",), name=name, **options)

    def patch(self, path: str, *, name: str | None = None, **options: Any) -> Callable[[H], H]:
        """As `route`, for PATCH."""
        return self.route(path, methods=("PATCH",), name=name, **options)

    def post(self, path: str, *, name: str | None = None, **options: Any) -> Callable[[H], H]:
        """As `route`, for POST."""
        return self.route(path, methods=("POST",), name=name, **options)

    def put(self, path: str, *, name: str | None = None, **options: Any) -> Callable[[H], H]:
        """As `route`, for PUT."""
        return self.route(path, methods=("PUT",), name=name, **options)

    def websocket(self, path: str, *, name: str | None = None, **options: Any) -> Callable[[H], H]:
        """As `get`, for a handler that has a parameter `websocket`; others are answered 426."""
        return self.get(path, name=name, **options)

    def add_route(
        self,
        func: Callable[..., Any] | View,
        path: str = "/",
        *,
        methods: Iterable[str] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        """Call `func` for requests of `path`, by one of `methods` or, by default, by any.

        `path` is literal, or has parameters such as `/items/{id:int}`, of type
        str, int, float, uuid, or path, which takes the rest; or it is a regular
        expression, if it begins with `^` or ends with `$`. It may be
        percent-encoded or not, and slashes at its ends count for nothing. Of
        several routes for a request a literal one wins, then the last that was
        registered. GET includes HEAD, and OPTIONS is answered where no route
        names it. `name` is for `url_for`; by default it is the function's.

        `func` is given by keyword the parameters of the path, and those of app,
        context, globals, logger, loop, prefix, request, response that it has
        parameters for; for `**kwargs`, all. The defaults of its other parameters are
        options, for which `options` gives other values: status, content_type,
        buffer_size, chunked, max_body_size and stream mean something here, the others are found in
        `request.context.options`.

        A class or a module has its handlers as functions called get, post, put,
        patch, delete, head, options. An instance of the class is made for each
        request, of `options`.

        Raises ValueError for a path, method or option that cannot be, TypeError
        for a function that cannot be called so.
        """
        name = getattr(func, "__name__", None) if name is None else name
        if not isinstance(func, View):
            self._entries.append(
                Route(func, path, methods=methods, name=name, provided=INJECTED, options=options)
            )
            return
        if methods is not None:
            raise TypeError("the methods of a class or a module are those that it defines")
        self._entries += [
            Route(
                handler.func,
                path,
                methods=(handler.method,),
                name=name,
                provided=INJECTED,
                options={},
                call=handler.call,
            )
            for handler in view_handlers(func, options)
        ]

    def static(
        self,
        prefix: str,
        folder: str | os.PathLike[str],
        *,
        index: str | Iterable[str] = "index.html",
        dot_files: bool = False,
        precompressed: bool = True,
        cache_control: str | None = None,
        name: str | None = "static",
        **options: Any,
    ) -> None:
        """Send the files of `folder` to whoever asks for their paths below `prefix`.

        For a folder the first file called as `index` says is sent. Never sent
        is what is outside, also by a symbolic link, what is no regular file,
        and without `dot_files` what begins with a dot. If there is a
        `precompressed` `style.css.br`, `.zst` or `.gz` beside `style.css`, it is
        sent to clients that take it. `cache_control` is the field of that name.

        Conditions and ranges are answered as by `Response.sendfile`. The path of
        a file is `url_for(name, rest="style.css")`; `options` are as in `route`.

        Raises ValueError if `folder` is none.
        """
        files = static_files(
            folder,
            index=index,
            dot_files=dot_files,
            precompressed=precompressed,
            cache_control=cache_control,
        )
        below = prefix.rstrip("/")
        self.add_route(files, below or "/", methods=("GET",), name=None, **options)
        self.add_route(files, below + "/{rest:path}", methods=("GET",), name=name, **options)

    def url_for(self, name: str, /, **parameters: object) -> str:
        """Return the path of the route called `name`, percent-encoded, for `parameters`.

        Of several the last that was registered, also in what is mounted. Raises
        LookupError if there is none, ValueError if these are not its
        parameters, or if its path is a regular expression, for which there is
        no way back.
        """
        routes = self.routes
        for route in reversed(routes):
            if route.name == name:
                return route.url_for(parameters)
        names = sorted({route.name for route in routes if route.name is not None})
        raise LookupError(f"there is no route called {name!r}; there are {', '.join(names)}")

    def _add_below(self, prefix: str, func: Callable[..., Any]) -> None:
        """Call `func` for every path below `prefix`, and for that."""
        everything = Route(func, BELOW, methods=None, provided=INJECTED, options={})
        self._entries.append(everything.below(prefix))
