"""What we need from outside, as small Protocols: the docstring is the contract."""
