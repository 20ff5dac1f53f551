"""Poses on ROS 2 topics: python -m edge3dpose.ros2. See docs/ros2.md."""
