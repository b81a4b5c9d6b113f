"""The list of errors."""

from loadtest.faults import EXAMPLES_MAX, Faults


def test_every_fault_is_counted_and_the_first_are_kept_in_words() -> None:
    faults = Faults()
    for number in range(10):
        faults.count("closed.4104", f"example {number}")
    faults.count("decode", "another")

    assert faults.total == 11
    assert faults.counts == {"closed.4104": 10, "decode": 1}
    assert faults.examples["closed.4104"] == [f"example {i}" for i in range(EXAMPLES_MAX)]
