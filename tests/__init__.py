import pytest

pytest.register_assert_rewrite("tests.repository_contract")
