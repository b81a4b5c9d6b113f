"""The passing-on part of the naive router (``model.py``): to others, or aside for a while."""

from router import commands as c
from tests.helpers.model_line import Trace
from tests.helpers.model_work import ModelWork, No

__all__ = ["ModelPassing"]


class ModelPassing(ModelWork):
    """What becomes of a conversation that its agent gives away or puts aside."""

    def do_transfer_conversation(self, command: c.TransferConversation) -> Trace:
        one = self._theirs(command.by, command.conversation)
        if one.status != "active":
            raise No(115)
        giver = one.agent
        if command.agent:
            self._agent(command.agent)
            if command.agent == giver:
                raise No(105)
        elif command.queue:
            self._check_queue(command.queue, one.channel)
        able = [a for a in self.agents if self._has(a, command.skill, command.level)]
        if command.skill and not any(map(self.signed_in, able)):
            raise No(103)
        self._take_from_agent(one)
        one.status, one.only = "waiting", command.agent or ""
        one.queue = command.queue or one.queue
        if not command.agent or one.own_alone:
            one.needs = {command.skill: command.level} if command.skill else {}
        one.own_alone = bool(command.skill)
        one.declined.pop(command.agent or "", None)
        self._enqueue(one, "transferred")
        if command.agent:
            self.set("transfer_wait", one.name, self.now + self.policy.transfer_wait_ms)
        self._refuse(one, giver)
        return one.name, False

    def _has(self, agent: str, skill: str, level: int) -> bool:
        return self._entry(agent).skills.get(skill, 0) >= level

    def _check_queue(self, name: str, channel: str) -> None:
        found = [queue for queue in self.policy.queues if queue.id == name]
        if not found:
            raise No(103)
        if channel not in found[0].channels:
            raise No(105)
        if name in self.closed:
            raise No(120)

    # -- put aside

    def do_snooze_conversation(self, command: c.SnoozeConversation) -> None:
        one = self._theirs(command.by, command.conversation)
        if one.status == "snoozed":
            return
        if one.status != "active":
            raise No(115)
        most = self.policy.snooze_max_ms
        for_ms = most if command.for_ms is None else command.for_ms
        if not 0 < for_ms <= most:
            raise No(106)
        self._take_from_agent(one)
        one.status, one.needs_presence, one.was_snoozed = "snoozed", False, True
        self.set("snooze", one.name, self.now + for_ms)

    def do_resume_conversation(self, command: c.ResumeConversation) -> None:
        one = self._theirs(command.by, command.conversation)
        if one.status == "active":
            return
        if one.status != "snoozed" or not self.signed_in(command.by.id):
            raise No(115)
        if not self.has_room(command.by.id, one.channel):
            raise No(114)
        self._give_by_hand(one, command.by.id)

    # -- skills by hand

    def do_set_agent_skills(self, command: c.SetAgentSkills) -> None:
        self._agent(command.agent)
        known = {} if command.clear else self.by_hand.get(command.agent, {})
        named = {"skills": command.skills, "languages": command.languages}
        if not command.clear and not any(part is not None for part in named.values()):
            raise No(105)
        new = {
            part: {name: level for name, level in levels.items() if level}
            for part, levels in named.items()
            if levels is not None
        }
        self.by_hand[command.agent] = {**known, **new}
