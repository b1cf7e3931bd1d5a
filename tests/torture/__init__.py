"""The instruments of a run, each by itself, and a run as a whole."""
