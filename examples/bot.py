"""A bot that answers first and hands over to a person.

It is an agent like any other: give it a queue of its own and the skill, and the languages that its
customers may ask for, for the widget asks for the browser's:

    [[tenants.main.policy.queues]]
    id = "bot"
    needs = [{skill = "bot"}]
    [[tenants.main.policy.agents]]
    id = "bot"
    skills = {bot = 100}
    languages = {en = 100}

    export FAIRLINE_TOKEN=$(fairline token -c fairline.toml --role agent --sub bot)
    python bot.py

Who writes "person" is transferred to PEOPLE, with their first place in line kept and a note for the
agent.
"""

import os
import sys

import anyio

from router.client import Fairline, Refused, connect
from router.outgoing import ConversationAssigned, MessageSent, OfferNew, Outgoing, Welcome

ORIGIN = os.environ.get("FAIRLINE_ORIGIN", "http://127.0.0.1:8080")
PEOPLE = os.environ.get("FAIRLINE_PEOPLE", "support")
ANSWERS = {"hours": "We are open from 9 to 17.", "delivery": "Parcels take two days."}


def answer(text: str) -> str | None:
    """What the bot knows, or None where a person is needed."""
    if "person" in text.lower():
        return None
    known = [told for word, told in ANSWERS.items() if word in text.lower()]
    return known[0] if known else 'Ask me about hours or delivery, or write "person".'


async def converse(fairline: Fairline, conversation: str, text: str) -> None:
    """One message of a customer."""
    told = answer(text)
    if told is not None:
        await fairline.command("message.send", conversation=conversation, body=told)
        return
    note = f"The bot could not help. Last words: {text}"
    to = {"queue": PEOPLE}
    await fairline.command("conversation.transfer", conversation=conversation, to=to, note=note)


async def greet(fairline: Fairline, welcome: Welcome) -> None:
    """A connection stands: what it brings is the whole truth, also after an outage."""
    for offer in welcome.state.offers:
        await fairline.command("offer.accept", offer=offer.offer)
    await fairline.command("presence.set", show="available")


async def begin(fairline: Fairline, assigned: ConversationAssigned) -> None:
    """The conversation is the bot's: answers what was said so far."""
    for message in assigned.state.messages if assigned.state is not None else ():
        if message.sender.role == "customer":
            await converse(fairline, assigned.conversation, message.body)


async def handle(fairline: Fairline, event: Outgoing) -> None:
    """One thing that the server says."""
    match event:
        case Welcome():
            await greet(fairline, event)
        case OfferNew():
            await fairline.command("offer.accept", offer=event.offer)
        case ConversationAssigned():
            await begin(fairline, event)
        case MessageSent() if event.sender.role == "customer":
            await converse(fairline, event.conversation, event.body)


async def main() -> None:
    """Serves until it is stopped."""
    token = os.environ.get("FAIRLINE_TOKEN") or sys.exit(__doc__)
    async with connect(ORIGIN, role="agent", token=token, name="bot", device="bot") as fairline:
        async for event in fairline.events():
            try:
                await handle(fairline, event)
            except Refused as refused:  # the customer left meanwhile, or another was faster
                print(refused)


if __name__ == "__main__":
    anyio.run(main)
