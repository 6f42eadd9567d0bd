"""The whole path from a record to a run folder: the only room that may import all others but cli."""
