"""The trial record: its types, the grammar of its words, reading and writing. Imports core only."""
