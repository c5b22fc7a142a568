"""Changes of the core that make no difference to what it does, each with the reason.

They are as they are printed, but for the number of the line.
"""

__all__ = ("SAME",)

SAME: dict[str, str] = {
    'fast_engine.py: return _END if len(raw) <= len(b"\\r\\n") else _end_with_trailers(raw)'
    '  ->  return _END if len(raw) < len(b"\\r\\n") else _end_with_trailers(raw)': (
        "an empty line has no trailers to be found either; it only takes longer"
    ),
    "forwarded.py: while end >= 0:  ->  while end > 0:": (
        "what stands before a comma at the very start is empty, and passed over"
    ),
    "masking.py: if size > _PIECE:  ->  if size >= _PIECE:": (
        "both ways do the same; it matters for the time that a piece takes"
    ),
    "pacing.py: if missing <= 0:  ->  if missing < 0:": (
        "a bucket that is just full is so by either reckoning"
    ),
}
