"""One attempt at one slot: draw, render, hold, complete, settle, parse, repair, check; no lease, no store."""
