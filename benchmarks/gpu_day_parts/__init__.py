"""The parts of gpu_day.py: what is done, how a step is run, the page, and packs for offline use."""
