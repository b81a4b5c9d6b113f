"""``python -m loadtest run``: one scenario from its file to its verdict.

Owns: the arguments of the command, what is printed, the exit code, the files that are written.
Does not know: how anything is measured or drawn.

Invariant (tests/loadtest/test_run_command.py): exit code 0 where every target passed, 1 where one
failed, 2 where nothing could be run.
"""

import argparse
import json
import sys
from pathlib import Path

import msgspec

from loadtest.comparing import Difference, EarlierUnreadableError, compare, read_figures, unlike
from loadtest.figures import Figures, figures_of
from loadtest.knee import OTHERS_CPU_MAX
from loadtest.node import ServerNotThereError
from loadtest.page import page
from loadtest.profiling import parts
from loadtest.remote import Remote, remote_of
from loadtest.running import GeneratorError, Outcome, run_scenario
from loadtest.scenario import JOURNALS, NODES_MAX, Scenario, ScenarioError, load, problems, squeezed
from loadtest.setup import command_line, setup_of
from loadtest.targets import hold
from loadtest.tokens import read_key

__all__ = ["add_arguments", "execute", "figures_for", "summary"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the command takes."""
    parser.add_argument("scenario", type=Path, metavar="SCENARIO.toml")
    parser.add_argument(
        "--url",
        metavar="ws://HOST:PORT/v1/socket",
        help="a server that is there, not one of its own",
    )
    parser.add_argument("--key-file", type=Path, help="its .toml, or a file with the secret")
    parser.add_argument("--kid", default="main", help="the key's id, where the file is the secret")
    parser.add_argument(
        "--tenant", action="append", help="one for each of the scenario's; load0, ... if left out"
    )
    parser.add_argument(
        "--metrics-url",
        action="append",
        help="a page of metrics, one for each node; the server's own /metrics if left out",
    )
    parser.add_argument(
        "--redis-url", help="the Redis of its journal, to be asked INFO once a second"
    )
    parser.add_argument(
        "--i-own-this-server", action="store_true", help="needed beyond this machine"
    )
    parser.add_argument("--journal", choices=JOURNALS, help="where a server of its own keeps it")
    parser.add_argument(
        "--nodes", type=int, help="so many of them: one serves, the others stand by"
    )
    parser.add_argument("--seed", type=int, help="another than the scenario's")
    parser.add_argument("--seconds", type=float, help="measure so long instead")
    parser.add_argument("--customers", type=int, help="so many connected customers instead")
    parser.add_argument(
        "--squeezed", type=float, metavar="SECONDS", help="the whole curve of arrivals in so long"
    )
    parser.add_argument(
        "--out", "--report", type=Path, metavar="REPORT.html", help="write the report here"
    )
    parser.add_argument("--json", type=Path, metavar="FIGURES.json", help="write the figures here")
    parser.add_argument(
        "--compare", type=Path, metavar="EARLIER", help="a report or figures of an earlier run"
    )
    parser.add_argument(
        "--profile", action="store_true", help="say where the server's time went (needs py-spy)"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Runs it and returns the exit code."""
    try:
        earlier = read_figures(arguments.compare) if arguments.compare else None
        scenario = _chosen(load(arguments.scenario), arguments)
        remote = _remote(scenario, arguments)
        outcome = run_scenario(scenario, show=_show, has_profile=arguments.profile, remote=remote)
    except (
        ScenarioError,
        EarlierUnreadableError,
        ServerNotThereError,
        GeneratorError,
        OSError,
    ) as error:
        print(f"loadtest: {error}", file=sys.stderr)
        return 2
    command = command_line(str(arguments.scenario), scenario.load.seed, *_given(arguments))
    figures = figures_for(outcome, command, remote)
    differences = compare(earlier, figures) if earlier is not None else []
    figures["warnings"] += unlike(earlier, figures) if earlier is not None else []
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(summary(figures, differences))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures) + "\n", "utf-8")
    if arguments.out is not None:
        name = arguments.compare.name if arguments.compare else ""
        arguments.out.write_text(page(figures, differences, earlier=name), "utf-8")
        print(f"report: {arguments.out}")
    return int(not all(each["passed"] for each in figures["targets"]))


def _remote(scenario: Scenario, arguments: argparse.Namespace) -> Remote | None:
    """The server that is named, if one is.

    Raises:
        ScenarioError: it may not be loaded, or not so.
        KeyUnusableError, OSError: the key cannot be read.
    """
    if arguments.url is not None and (arguments.journal or arguments.nodes):
        raise ScenarioError("--journal, --nodes: of a server that is started here; leave out --url")
    if arguments.url is None:
        beside = ("key_file", "tenant", "metrics_url", "redis_url", "i_own_this_server")
        named = [name for name in beside if getattr(arguments, name)]
        if named:
            option = named[0].replace("_", "-")
            raise ScenarioError(f"--{option}: goes with --url; without it a server is started")
        return None
    if arguments.profile:
        raise ScenarioError("--profile: only a server that was started here can be looked into")
    file = arguments.key_file
    if file is None:
        raise ScenarioError("--key-file: name the server's .toml, or a file with the secret")
    return remote_of(
        scenario,
        url=arguments.url,
        tenants=arguments.tenant or (),
        key_of=lambda tenant: read_key(file, tenant=tenant, kid=arguments.kid),
        metrics_urls=arguments.metrics_url or (),
        redis_url=arguments.redis_url or "",
        is_own=arguments.i_own_this_server,
    )


def _given(arguments: argparse.Namespace) -> list[str]:
    """What else was asked for that changes the run."""
    names = ("seconds", "squeezed", "customers", "journal", "nodes")
    given = {name: getattr(arguments, name) for name in names}
    server = _server_given(arguments) if arguments.url is not None else []
    return server + [
        word
        for name, value in given.items()
        if value is not None
        for word in (f"--{name}", value if isinstance(value, str) else f"{value:g}")
    ]


def _server_given(arguments: argparse.Namespace) -> list[str]:
    """Where that server is; files and what may hold a password only by what they are."""
    words = ["--url", arguments.url, "--key-file", "KEYS", "--kid", arguments.kid]
    words += [word for tenant in arguments.tenant or () for word in ("--tenant", tenant)]
    words += [word for page in arguments.metrics_url or () for word in ("--metrics-url", page)]
    words += ["--redis-url", "REDIS"] if arguments.redis_url else []
    return words + (["--i-own-this-server"] if arguments.i_own_this_server else [])


def _chosen(scenario: Scenario, arguments: argparse.Namespace) -> Scenario:
    """The scenario with what the command line changes."""
    names = ("seed", "seconds", "journal", "nodes")
    given = {name: getattr(arguments, name) for name in names}
    changes = {name: value for name, value in given.items() if value is not None}
    if arguments.squeezed is not None:
        if arguments.seconds is not None:
            raise ScenarioError("--squeezed: already says how long; leave out --seconds")
        scenario = squeezed(scenario, arguments.squeezed)
    if arguments.customers is not None:
        if not 0 <= arguments.customers <= scenario.customers.connected:
            most = scenario.customers.connected
            raise ScenarioError(f"--customers: 0 to the scenario's {most}")
        fewer = msgspec.structs.replace(scenario.customers, connected=arguments.customers)
        scenario = msgspec.structs.replace(scenario, customers=fewer)
    load = msgspec.structs.replace(scenario.load, **changes)
    changed = msgspec.structs.replace(scenario, load=load)
    if not 1 <= load.nodes <= NODES_MAX:
        raise ScenarioError(f"--nodes: 1 to {NODES_MAX}")
    for key, sentence in problems(changed):
        raise ScenarioError(f"{key}: {sentence}")
    return changed


def figures_for(outcome: Outcome, command: str, remote: Remote | None = None) -> Figures:
    """All figures of a run, its verdicts and its set-up."""
    figures = figures_of(outcome)
    scenario = outcome.scenario
    cpu_ms = figures["measures"]["cpu_ms_per_conversation"]
    return {
        **figures,
        "setup": setup_of(scenario, remote, redis=outcome.redis),
        "has_server_figures": outcome.has_server_figures,
        "command": command,
        "measured": [scenario.load.warm_up, scenario.ends],
        "targets": hold(scenario.targets, figures["measures"]),
        "profile": parts(outcome.profile, cpu_ms) if outcome.profile else [],
        "warnings": [*_not_measured(outcome, remote), *_warnings(figures)],
    }


def _not_measured(outcome: Outcome, remote: Remote | None) -> list[str]:
    """What a server that is not ours did not tell."""
    if remote is None:
        return []
    found = []
    if not outcome.has_server_figures:
        among = " What it took is among that of others." if remote.is_here else ""
        found.append(
            "The server's processor, memory and loop were not measured: there are no metrics at "
            f"{', '.join(remote.silent_urls)}; name their page with --metrics-url.{among}"
        )
    if remote.watch is not None and not outcome.redis:
        found.append("Redis was not measured: at --redis-url nobody answered INFO.")
    return found


def _warnings(figures: Figures) -> list[str]:
    """What a reader must know before they believe the rest."""
    generator, found = figures["generator"], []
    if generator["is_bottleneck"]:
        found.append(
            "THE GENERATOR COULD NOT KEEP TIME: its arrivals were late by "
            f"{generator['late_p99_ms']} ms (p99), its busiest process took "
            f"{generator['busiest_cpu']} of a core; latencies are its own, or the machine's, "
            "and not the server's."
        )
    if generator["others_cpu"] > OTHERS_CPU_MAX:
        found.append(
            f"Others took {generator['others_cpu']} cores of this machine meanwhile: trust "
            "ratios within one run, not absolute figures."
        )
    timed = sum(len(row["offer_ms"]) for row in figures["windows"])
    conversations = round(figures["measures"]["conversations"])
    if timed < conversations:
        found.append(
            f"{conversations - timed} of {conversations} conversations have no time to the offer: "
            "they were never offered, or nobody saw since when they could be. The times to the "
            "offer are those of the others."
        )
    if generator["is_cut_off"]:
        found.append("The drain was over before everybody was served; who was left was found.")
    if generator["newcomers"] and figures["measures"]["connections"] > generator["newcomers"]:
        count = generator["newcomers"]
        found.append(f"{count} arrivals found no connected customer free and connected anew.")
    return found


def summary(figures: Figures, differences: list[Difference]) -> str:
    """For a terminal."""
    measures = figures["measures"]
    lines = [f"{figures['scenario']}: {figures['about']}"]
    lines += [f"  {name}: {value}" for name, value in figures["setup"].items()]
    lines += [
        f"{measures['connections']:.0f} connections, {measures['conversations']:.0f} conversations"
        f" ({measures['conversations_per_s']:.1f}/s)",
        f"to the offer, corrected: p50 {_ms(measures['offer_p50_ms'])}, p99 "
        f"{_ms(measures['offer_p99_ms'])}, p99.9 {_ms(measures['offer_p999_ms'])}; "
        f"uncorrected p99 {_ms(measures['offer_p99_uncorrected_ms'])}",
        f"server CPU a conversation {_ms(measures['cpu_ms_per_conversation'])}"
        + _redis(measures["redis_cpu_ms_per_conversation"])
        + f"; message p99 {_ms(measures['message_p99_ms'])}",
    ]
    knee = figures["knee"]
    if knee:
        word = "the knee" if knee["is_reached"] else "no knee; the highest that met the limit"
        lines.append(f"{word}: {knee['per_s']} conversations a second")
        if knee["void"]:
            count = len(knee["windows"])
            lines.append(
                f"  {knee['void']} of {count} windows say nothing: others took the machine, and "
                "the generator itself was late"
            )
    lines += [
        f"  {row['part']}: {100 * row['share']:.1f} %, {_ms(row['ms'])} a conversation"
        for row in figures["profile"]
    ]
    for title in ("errors", "violations"):
        for kind, row in figures[title].items():
            lines.append(f"  {title}: {kind}: {row['count']}, such as {row['examples'][0]}")
    lines += [f"! {warning}" for warning in figures["warnings"]]
    lines += [each.sentence for each in differences]
    lines += [each["sentence"] for each in figures["targets"]]
    return "\n".join(lines)


def _redis(cpu_ms: float | None) -> str:
    return f", of its Redis {_ms(cpu_ms)}" if cpu_ms is not None else ""


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g} ms"


def _show(line: str) -> None:
    """Shows progress in place on a terminal, and nowhere else."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
