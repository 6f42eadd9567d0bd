"""Chunks, workers, progress and resuming; knows callables, no oncology. Imports core."""
