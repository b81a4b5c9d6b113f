"""The choice of the formula, and that all of them say the same where they must."""

import pytest

from router.lab.erlang import Chats, ErlangA, ErlangC, ImpatientChats
from router.lab.theory import house, need

WITHIN = 20 / 60


@pytest.mark.parametrize(
    ("rate", "handling", "patient", "impatient"),
    [(100 / 30, 3, 14, 12), (10, 5, 57, 52), (40, 5, 210, 194)],
)
def test_the_staffing_table_is_found_through_either_formula(
    rate: float, handling: float, patient: int, impatient: int
) -> None:
    assert need(rate, (handling,), within=WITHIN, target=0.8, patience=None) == patient
    assert need(rate, (handling,), within=WITHIN, target=0.8, patience=3) == impatient
    assert need(0, (handling,), within=WITHIN, target=0.8, patience=3) == 0


def test_one_chat_at_once_is_a_call() -> None:
    call, chat = ErlangA(12, 100 / 30, 1 / 3, 1 / 3), ImpatientChats(12, 100 / 30, (3,), 1 / 3)
    assert chat.offered_within(WITHIN) == pytest.approx(call.offered_within(WITHIN), abs=1e-12)
    assert chat.p_abandon == pytest.approx(call.p_abandon, abs=1e-12)
    patient, chats = ErlangC(14, 100 / 30, 1 / 3), Chats(14, 100 / 30, (3,))
    assert chats.service_level(WITHIN) == pytest.approx(patient.service_level(WITHIN), abs=1e-12)
    assert chats.utilisation == pytest.approx(patient.utilisation, abs=1e-12)


def test_chatters_who_hardly_ever_leave_wait_like_those_who_never_do() -> None:
    never = house(20, 4.5, (6, 8), within=WITHIN, patience=None)
    hardly = house(20, 4.5, (6, 8), within=WITHIN, patience=20_000)
    assert never.by == "chats, Erlang C"
    assert hardly.by == "chats, Erlang A"
    assert never.wait == pytest.approx(0.650406, abs=6e-7)
    assert hardly.wait == pytest.approx(never.wait, rel=5e-3)
    assert hardly.level == pytest.approx(never.level, rel=5e-3)
    assert hardly.busy == pytest.approx(never.busy, rel=5e-3)
    assert 0 < hardly.left < 1e-3


def test_a_second_chat_each_spares_agents() -> None:
    one = need(3, (6,), within=WITHIN, target=0.8, patience=None)
    two = need(3, (6, 8), within=WITHIN, target=0.8, patience=None)
    assert two < one


def test_a_house_that_cannot_carry_its_load_has_no_level() -> None:
    assert house(2, 3, (1,), within=WITHIN, patience=None).level == 0
    assert house(0, 3, (1,), within=WITHIN, patience=2).left == 1
    assert house(2, 3, (1, 1.5), within=WITHIN, patience=None).level == 0
    assert house(2, 0, (1,), within=WITHIN, patience=None).level == 1
