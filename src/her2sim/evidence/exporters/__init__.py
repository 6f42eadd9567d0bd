"""Records to the files of other tools: tidy tables, netmeta's pairwise format, BibTeX."""
