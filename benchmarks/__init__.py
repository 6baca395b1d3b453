"""How quick the desk is: `python -m benchmarks`. What each figure means stands in benchmarks/README.md."""
