"""Reference answers to the ten lessons, and what shows that they reproduce the documented results."""
