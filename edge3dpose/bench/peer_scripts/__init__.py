"""Other people's pipelines, each a script for a Python that has them and not edge3dpose.

A script takes one argument, JSON, and speaks as bench.apart listens: a line once it is open, then
a line for every line that asks for frames.
"""
