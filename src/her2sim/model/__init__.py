"""Models as data: expressions, systems, modules, drugs and parameters. Imports core only."""
