"""SBML and Antimony in and out. The only room that imports libSBML."""
