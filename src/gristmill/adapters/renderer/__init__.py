"""Templates in a child process with limits of its own: `process` starts it, `child` is what runs in it.

Nothing is imported here: the child would load it too, and it must be there in a third of a second.
"""
