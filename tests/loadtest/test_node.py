"""A process of the server: what it says when it ends by itself, what its lives took."""

import os
from pathlib import Path

import pytest

from loadtest.node import Node, ServerNotThereError, cpu_of


def test_what_this_process_took_and_what_none_did() -> None:
    assert cpu_of(os.getpid()) > 0
    assert cpu_of(2**22 + 1) == 0.0  # beyond the largest id


@pytest.mark.process
def test_a_node_that_ends_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    config = tmp_path / "fairline.toml"
    config.write_text("[server]\njurnal = 1\n", "utf-8")
    node = Node("node7", config, tmp_path)
    assert not node.is_up
    node.check()  # not started: nothing to look after
    with pytest.raises(
        ServerNotThereError, match=r"(?s)node7 ended by itself, with .*did you mean"
    ):
        node.start()
    node.kill()
    reading = node.reading()
    assert (reading.node, reading.resident_bytes, reading.appends) == ("node7", 0, {})
