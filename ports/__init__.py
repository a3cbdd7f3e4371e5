"""Real ports of LongLLaMA, run and judged by Assay: `make ports`."""
