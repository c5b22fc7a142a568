"""The core's cycles whose instructions are counted: the exchanges of its speed table."""

import core_http
import core_websocket
from instruction_work import Work

from tremolo_core.masking import choose

__all__ = ("WORK",)

_ECHO = core_websocket.on_core(core_websocket.frames(64), unmask=choose(None), fast_path=True)

WORK: dict[str, Work] = {
    "core: GET, 1 field": Work(run=core_http.on_core(core_http.HELLO), few=300, many=1_300),
    "core: GET, 11 fields": Work(run=core_http.on_core(core_http.DOCUMENT), few=200, many=700),
    "core: POST of 1 KiB": Work(run=core_http.on_core(core_http.POST), few=200, many=700),
    "core: answer in 100 chunks": Work(
        run=core_http.on_core(core_http.CHUNK_BY_CHUNK), few=5, many=15
    ),
    "core: WebSocket echo of 64 B": Work(run=_ECHO, few=200, many=1_200),
}
