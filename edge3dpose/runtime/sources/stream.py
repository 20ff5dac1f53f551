"""A URL: a live stream is read like a camera; a stream that has an end is read like a video."""

from __future__ import annotations

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, SourcePlugin


class StreamPlugin(SourcePlugin):
    """Opens URLs that OpenCV's FFmpeg or GStreamer understands: rtsp, http, udp, file ..."""

    name = "stream"
    priority = 20

    def takes(self, arg: str | int) -> bool:
        """URLs."""
        return isinstance(arg, str) and "://" in arg

    def open(self, arg: str | int) -> Source:
        """Open a URL; BadInput where nothing answers, or no video."""
        from edge3dpose.runtime.sources._capture import frames_of, open_capture
        from edge3dpose.runtime.sources._latest_frame import LatestFrameReader
        from edge3dpose.runtime.sources._video_file import VideoFile

        url = str(arg)
        capture = open_capture(url)
        if not capture.isOpened():
            capture.release()
            raise BadInput(f"cannot open {url}: nothing answers there, or it is no video")
        if frames_of(capture) is not None:
            capture.release()
            return VideoFile(url, open_capture(url))
        return LatestFrameReader(url, capture)


PLUGIN = StreamPlugin()
