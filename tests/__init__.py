import pytest

pytest.register_assert_rewrite("tests.support.repository_contract")
