"""A poses file, and the video that it is of, on the page."""

from __future__ import annotations

from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.poses_file import read_poses
from edge3dpose.skeletons import H36M17
from edge3dpose.viewer.server import Address, Content, Server


def serve_poses(poses: str | Path, address: Address, video: str | Path | None = None) -> Server:
    """Serve the page of a poses file until the server is closed.

    poses  as ``run --jsonl`` wrote it; a compressed video of that run beside it plays in step
    Raises BadInput for what is no poses file or has no 3D poses of h36m17, for a video that is not
    there, and for an address that is taken.
    """
    content = read_poses(poses)
    flat = content.header.get("dimensions") == 2
    if flat or content.skeleton != H36M17:
        kind = content.skeleton.name + (", 2D" if flat else "")
        raise BadInput(f"the page needs 3D poses of {H36M17.name}; {content.path} has {kind}")
    file = content.path
    files = {"/poses.jsonl": file}
    if video is not None:
        if not Path(video).is_file():
            raise BadInput(f"no video {video}")
        files["/video"] = Path(video)
    settings = {"mode": "file", "title": file.name, "video": video is not None}
    return Server(address, Content(files=files, settings=lambda: settings))
