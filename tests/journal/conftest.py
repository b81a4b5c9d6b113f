"""Shows the values in the asserts of the shared suite too."""

import pytest

pytest.register_assert_rewrite("tests.journal.contract")
