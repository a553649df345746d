"""The nouns and their rules: pure values, no I/O, no clock, no await."""
