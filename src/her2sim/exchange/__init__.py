"""Models in and out: SBML and Antimony to and from `OdeSystem`. The only room that imports libSBML."""
