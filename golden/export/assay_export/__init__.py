"""Runs the original LongLLaMA on an Assay case and writes goldens: docs/golden-format.md, docs/case-format.md."""

__version__ = "1.0.0"
