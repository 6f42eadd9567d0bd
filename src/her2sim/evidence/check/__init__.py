"""Rules that look for misprints and slips in the base of trials, and the explanations of what they find."""
