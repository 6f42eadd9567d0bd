"""The tables that reviews of the field print, made from the base, with a source behind every figure."""
