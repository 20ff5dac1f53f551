"""Poses in a browser: a page with the video, its overlay and a 3D view, and the server of it."""
