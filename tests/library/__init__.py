"""Layers and losses beside PyTorch's own, as cases that tests/compare/test_library.py runs."""
