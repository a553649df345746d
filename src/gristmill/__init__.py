"""Datasets made with language models: exactly N good records, never over budget, nothing lost."""
