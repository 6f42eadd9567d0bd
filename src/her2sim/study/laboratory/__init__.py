"""What a laboratory finds in blood and biopsies of virtual patients. Nothing here changes the course of a patient.

``observed_line`` adds soluble HER2 and tumor DNA to the model of a regimen; ``person`` says how a patient differs from
others in what she sheds; ``plasma`` is the truth in her blood, ``blood`` what an assay counts in a tube of it;
``biopsy`` is a needle, a stain and a reader; ``visits`` takes the patients of an arm through their planned visits.
"""
