"""Why a prediction is what it is: which mechanisms carry it, which numbers it hangs on, how far it is from the fit."""
