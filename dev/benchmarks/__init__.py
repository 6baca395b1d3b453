"""How quick the desk is: `python -m dev.benchmarks`. What each figure means stands in dev/benchmarks/README.md."""
