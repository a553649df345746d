"""The hot loop: acquire, generate, write, commit."""
