"""Who is connected to this node, and how to reach them.

Owns: the links of live connections, by person and by connection.
Does not know: sockets, what is said over a link, or who may hear it.

Invariant (tests/server/test_links.py): a message is encoded once for each encoding, however many
links it goes to; a link that was removed gets nothing more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from router.ids import ConnectionId, PersonKey
from router.outgoing import Outgoing
from router.server.outbox import Outbox
from router.wire import Packet

__all__ = ["Link", "Links"]


class Link:
    """One welcomed connection: whose it is, where to put what they should get.

    ``hang`` ends the connection with a close code, in the background.
    """

    __slots__ = ("connection", "hang", "outbox", "person", "role", "tenant", "topics")

    def __init__(
        self,
        *,
        tenant: str,
        person: PersonKey,
        role: str,
        connection: ConnectionId,
        outbox: Outbox,
        hang: Callable[[int], None],
    ) -> None:
        self.tenant = tenant
        self.person = person
        self.role = role
        self.connection = connection
        self.outbox = outbox
        self.hang = hang
        self.topics: dict[str, str] = {}
        """Topics that this connection listens to, each with its mode."""


_NOBODY: Mapping[ConnectionId, Link] = {}


class Links:
    """All links of this node."""

    def __init__(self) -> None:
        self._by_person: dict[tuple[str, PersonKey], dict[ConnectionId, Link]] = {}
        self._by_connection: dict[ConnectionId, Link] = {}

    def __len__(self) -> int:
        return len(self._by_connection)

    def __iter__(self) -> Iterator[Link]:
        return iter(self._by_connection.values())

    def add(self, link: Link) -> None:
        """Adds the link of a connection that was just welcomed."""
        self._by_connection[link.connection] = link
        self._by_person.setdefault((link.tenant, link.person), {})[link.connection] = link

    def remove(self, link: Link) -> None:
        """Removes the link; nothing happens where it is gone already."""
        self._by_connection.pop(link.connection, None)
        mine = self._by_person.get((link.tenant, link.person))
        if mine is not None:
            mine.pop(link.connection, None)
            if not mine:
                del self._by_person[link.tenant, link.person]

    def get(self, connection: ConnectionId) -> Link | None:
        """The link of a connection, if it is one of this node's."""
        return self._by_connection.get(connection)

    def of(self, tenant: str, person: PersonKey) -> Iterable[Link]:
        """The links of a person."""
        return self._by_person.get((tenant, person), _NOBODY).values()

    def has(self, tenant: str, person: PersonKey) -> bool:
        """Whether the person has a connection here."""
        return (tenant, person) in self._by_person

    def has_other(self, link: Link) -> bool:
        """Whether the person of this link has another one here."""
        return any(other is not link for other in self.of(link.tenant, link.person))

    def send(
        self,
        tenant: str,
        persons: Iterable[PersonKey],
        message: Outgoing,
        not_to: ConnectionId | None = None,
    ) -> None:
        """Puts a message into the outboxes of some persons, without one of their connections."""
        packet = Packet(message)
        for person in persons:
            for link in self.of(tenant, person):
                if link.connection != not_to:
                    link.outbox.put(packet)
