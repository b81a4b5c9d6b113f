"""Fairline's black-box load generator: real sockets, real arrivals, an independent protocol.

It imports nothing of ``router``: the protocol is written here a second time, over the reference
``msgpack`` library and ``trio_websocket``, so that a server and a client that agree have agreed
on the contract page and not on shared code.

Two things are driven with it. A **scenario** (``python -m loadtest run``): ``scenario`` reads it,
``running`` starts a server and several processes of ``generator``, in which ``visitors`` and
``desks`` live over ``lean`` sockets; ``notes`` is what each process hands over, ``verdicts`` judges
it, ``figures`` adds it up, ``targets`` holds it against what was promised, ``page`` draws it.
Start reading at ``loadtest/running.py``.

A **recorded day** (``replay``): ``log`` reads a recorded month, ``day`` makes a plan of one day,
``people`` live that day over ``wire``, ``ledger`` writes down what they saw, ``checks`` judges it,
``report`` prints it. Start reading at ``loadtest/replay.py``.
"""
