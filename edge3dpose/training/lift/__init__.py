"""Trains the temporal lift: sequences with a network's own outputs, motion with fitted noise."""
