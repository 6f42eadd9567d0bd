"""The commands. Imports the public face and study."""
