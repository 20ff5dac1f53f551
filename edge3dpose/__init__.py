"""Real-time 3D human pose from one ordinary camera."""

__version__ = "0.1.0"
