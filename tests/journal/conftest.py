"""Shows the values in the asserts of the shared suite too."""

import pytest

pytest.register_assert_rewrite("tests.journal.contract")
pytest.register_assert_rewrite("tests.journal.snapshot_contract")
