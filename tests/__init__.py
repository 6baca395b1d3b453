import pytest

CONTRACTS = ("repository", "list", "queue", "report", "transaction")
pytest.register_assert_rewrite(
    "tests.support.rows", "tests.support.databases", *(f"tests.support.{name}_contract" for name in CONTRACTS)
)
