"""Who is connected to this node."""

from router.ids import ConnectionId, PersonKey
from router.outgoing import Beat
from router.server.links import Link, Links
from router.server.outbox import Outbox
from router.wire import Encoding

CARL, DORA = PersonKey("customer:carl"), PersonKey("customer:dora")


def link(person: PersonKey, connection: str, tenant: str = "acme") -> Link:
    return Link(
        tenant=tenant,
        person=person,
        role="customer",
        connection=ConnectionId(connection),
        outbox=Outbox(Encoding.JSON, lambda: None, lambda: None),
        hang=lambda _: None,
    )


def test_a_person_has_links_by_connection_and_tenant() -> None:
    links = Links()
    first, second, other = link(CARL, "x1"), link(CARL, "x2"), link(CARL, "x3", "other")
    for each in (first, second, other):
        links.add(each)
    assert list(links.of("acme", CARL)) == [first, second]
    assert links.get(ConnectionId("x3")) is other
    assert list(links) == [first, second, other]
    links.remove(first)
    links.remove(first)
    assert list(links.of("acme", CARL)) == [second]
    links.remove(second)
    assert not links.has("acme", CARL)
    assert links.has("other", CARL)
    assert len(links) == 1


async def test_a_message_goes_to_all_devices_but_one_and_is_encoded_once() -> None:
    links = Links()
    first, second, dora = link(CARL, "x1"), link(CARL, "x2"), link(DORA, "x3")
    for each in (first, second, dora):
        links.add(each)
    links.send("acme", [CARL, DORA, PersonKey("customer:nobody")], Beat(at=1), ConnectionId("x1"))
    assert len(first.outbox) == 0
    (to_second,) = second.outbox.take()
    (to_dora,) = dora.outbox.take()
    assert to_second is to_dora
