from pathlib import Path

from loadtest.histograms import at
from loadtest.notes import Notes, decoded, now, read_sheet
from tests.helpers.loads import visit


def test_a_latency_counts_from_when_it_was_meant_and_from_when_it_was_sent(tmp_path: Path) -> None:
    notes = Notes(3)
    for number in range(100):
        notes.latencies.count("x", due=number, sent=number + 0.5, done=number + 0.6)
    notes.latencies.count("x", due=200.0, sent=100.0, done=200.1)  # it waited to be called for
    notes.sheet.visits.append(visit(1))
    notes.faults.count("odd", "one")
    notes.connected(0.25)
    notes.write(tmp_path / "sheet")
    sheet = read_sheet(tmp_path / "sheet")
    corrected, uncorrected = (decoded(text) for text in sheet.latencies["x"])
    assert round(at(corrected, 50) or 0) == 600
    assert round(at(uncorrected, 50) or 0) == round(at(uncorrected, 100) or 0) == 100
    assert round(at(decoded(sheet.handshakes), 100) or 0) == 250
    assert (sheet.process, sheet.visits, sheet.errors) == (3, [visit(1)], {"odd": 1})
    assert (sheet.examples, sheet.connections) == ({"odd": ["one"]}, 1)


def test_what_the_scenario_broke_is_no_error_while_it_is_broken() -> None:
    notes = Notes(0)
    notes.faults.is_excused = True
    notes.faults.count("closed.1006", "a")
    notes.faults.count("offer.second", "b")
    notes.faults.is_excused = False
    notes.faults.count("closed.1006", "c")
    assert notes.faults.counts == {"offer.second": 1, "closed.1006": 1}
    assert notes.faults.excused == {"closed.1006": 1}


def test_the_clock_goes_on() -> None:
    assert now() <= now()
