"""Fixtures of the training tests."""

from stick import stick_file  # noqa: F401
