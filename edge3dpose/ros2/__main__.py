"""A ROS 2 node: python -m edge3dpose.ros2 --ros-args -p source:=/dev/video0. See docs/ros2.md."""

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any

from edge3dpose.errors import Edge3DPoseError
from edge3dpose.pose import PoseEstimator
from edge3dpose.ros2.messages import Messages


@functools.lru_cache(64)
def message_class(name: str) -> Any:
    """geometry_msgs/msg/Point -> its class of the ROS that is sourced."""
    package, _, kind = name.partition("/msg/")
    return getattr(importlib.import_module(f"{package}.msg"), kind)


def main() -> None:
    """Publish the people before a camera until the node is stopped."""
    try:
        import rclpy
        from rclpy.duration import Duration
        from tf2_ros import TransformBroadcaster
    except ImportError as error:
        sys.exit(f"Error: ROS 2 is not there ({error}); source /opt/ros/<distro>/setup.bash first")
    rclpy.init()
    node = rclpy.create_node("edge3dpose")
    read = functools.partial(_parameter, node)
    source, model = read("source", "0"), read("model", "sspnet-lite")
    intrinsics, frame_id = read("intrinsics", ""), read("frame_id", "camera_link")
    messages = Messages(message_class, frame_id)
    broadcaster = TransformBroadcaster(node)
    markers = node.create_publisher(
        message_class("visualization_msgs/msg/MarkerArray"), "~/markers", 10
    )
    try:
        ids = node.create_publisher(
            message_class("hri_msgs/msg/IdsList"), "/humans/bodies/tracked", 10
        )
    except ImportError:
        ids = None
        node.get_logger().warning("hri_msgs is not installed: no /humans/bodies/tracked")
    try:
        with PoseEstimator(model=model, camera=intrinsics or None) as pose:
            given: Any = int(source) if source.isdigit() else source

            def publish(frame: Any, people: list) -> None:
                age_s = frame.facts.get("age_s", 0.0)
                taken = node.get_clock().now() - Duration(seconds=age_s)
                stamp = taken.to_msg()
                broadcaster.sendTransform(messages.transforms(people, frame.time_s, stamp))
                markers.publish(messages.markers(people, stamp))
                if ids is not None:
                    ids.publish(messages.ids(people, stamp))
                if not rclpy.ok():
                    raise KeyboardInterrupt

            pose.run(given, on_frame=publish)
    except KeyboardInterrupt:
        pass
    except Edge3DPoseError as error:
        sys.exit(f"Error: {error}")
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _parameter(node: Any, name: str, default: str) -> str:
    return str(node.declare_parameter(name, default).value)


if __name__ == "__main__":
    main()
