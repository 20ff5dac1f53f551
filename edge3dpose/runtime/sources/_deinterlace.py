"""Interlaced video: fields become whole pictures, one a frame, by FFmpeg's bwdif."""

from __future__ import annotations

from collections.abc import Iterator

from av.error import BlockingIOError as NotYet
from av.error import EOFError as Over
from av.filter import Graph
from av.video.frame import VideoFrame


class Deinterlacer:
    """Frames pass as they are until the first that is interlaced; then all go through a filter.

    The filter leaves progressive frames alone, and gives a frame when the next one comes.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._kind: tuple[int, int, str] | None = None

    def push(self, frame: VideoFrame) -> Iterator[VideoFrame]:
        """The frames that are ready after this one."""
        kind = (frame.width, frame.height, frame.format.name)
        if self._graph is not None and kind != self._kind:  # another size: a film of its own
            yield from self.flush()
        if self._graph is None:
            if not frame.interlaced_frame:
                yield frame
                return
            self._graph, self._kind = _graph(frame), kind
        self._graph.vpush(frame)
        yield from self._ready()

    def flush(self) -> Iterator[VideoFrame]:
        """The frames that wait at the end."""
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._ready()
            self._graph = None

    def _ready(self) -> Iterator[VideoFrame]:
        while self._graph is not None:
            try:
                frame = self._graph.vpull()
            except (NotYet, Over):
                return
            yield frame


def _graph(frame: VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:"
        f"time_base={frame.time_base or 1}:pixel_aspect=1/1:"
        f"colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    fields = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    graph.link_nodes(source, fields, graph.add("buffersink")).configure()
    return graph
