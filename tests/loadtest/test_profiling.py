import pytest

from loadtest.profiling import parts

STACKS = """\
run (trio/_core/_run.py:10);apply (router/core.py:5) 30
run (trio/_core/_run.py:10);flush (router/server/flow.py:9);write (router/server/gate.py:3) 20
run (trio/_core/_run.py:10) 25
run (trio/_core/_run.py:10);_append (router/journal/writers.py:7) 15
decode (/usr/lib/python3/x.py:7) 10
"""


def test_a_sample_belongs_to_the_code_that_ran() -> None:
    found = {row["part"]: row["share"] for row in parts(STACKS, None)}
    assert found == {
        "core": 0.3,
        "trio": 0.25,
        "sockets and fan-out": 0.2,
        "journal": 0.15,
        "Python and the system": 0.1,
    }


def test_shares_are_sorted_and_split_the_cpu_of_a_conversation() -> None:
    found = parts(STACKS, 4.0)
    shares = [row["share"] for row in found]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert sum(row["ms"] for row in found) == pytest.approx(4.0)
    assert parts("", 4.0) == []


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("router/server/topics.py", "figures for boards and metrics"),
        ("router/measures.py", "figures for boards and metrics"),
        ("router/server/engine.py", "server, the rest"),
        ("router/session.py", "reading and checking messages"),
        ("router/deliveries.py", "what whom is shown"),
        ("wsproto/frame_protocol.py", "WebSocket library"),
        ("prometheus_client/metrics.py", "metrics library"),
    ],
)
def test_files_belong_to_parts(path: str, part: str) -> None:
    assert parts(f"f ({path}:1) 1", None)[0]["part"] == part
