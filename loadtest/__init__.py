"""Fairline's black-box load generator: real sockets, real arrivals, an independent protocol.

It imports nothing of ``router``: the protocol is written here a second time, over the reference
``msgpack`` library and ``trio_websocket``, so that a server and a client that agree have agreed
on the contract page and not on shared code.

``log`` reads a recorded month, ``day`` makes a plan of one day, ``people`` live that day over
``wire``, ``ledger`` writes down what they saw, ``checks`` judges it, ``report`` prints it;
``replay`` runs the whole. Start reading at ``loadtest/replay.py``.
"""
