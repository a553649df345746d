"""Speed and memory beside a bare asyncio script, as ratios taken in one run: `python -m bench [NAME ...]`."""
