"""Several versions of a text at once: arrays of all of them in, rows that agree out."""
