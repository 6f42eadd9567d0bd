"""Virtual trials: visits, doses, lines of therapy, readings. Imports core, record, model, engine, population."""
