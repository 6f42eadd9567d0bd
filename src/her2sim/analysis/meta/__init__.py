"""Meta-analysis: pairwise, network (contrast-based, frequentist) and additive component network meta-analysis."""
