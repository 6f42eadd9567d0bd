"""Patient-level data rebuilt from published Kaplan-Meier curves, with an audit that may refuse them."""
