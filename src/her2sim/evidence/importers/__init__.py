"""Foreign files to records, citations and curves, one file per format: what cannot be mapped is listed, not guessed."""
