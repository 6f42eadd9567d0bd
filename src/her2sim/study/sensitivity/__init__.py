"""Which numbers of the model its results hang on: screening of all of them, and shares of variance of the foremost."""
