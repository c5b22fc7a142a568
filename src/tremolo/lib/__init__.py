"""Where nggit/tremolo keeps its insides; of these only `websocket` is here.

It holds nothing but the one name that applications import from it.
"""

__all__ = ()
