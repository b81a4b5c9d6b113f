"""The rules of the house, as tests: who may import whom, what is pure, what has a twin, how big."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from router.documents.made import MADE

ROOT = Path(__file__).parents[1]
PURE_FILES = sorted((ROOT / "router").glob("[!_]*.py"))
CODE_FILES = sorted(
    file for file in (ROOT / "router").rglob("*.py") if not {"web"} & set(file.parts)
) + sorted((ROOT / "loadtest").rglob("*.py"))
LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# A module may import only from the rows above its own. A new module takes its place here.
PURE_LAYERS = """
errors forms ids marks hours profiles wishes limits newest turns ranks tallies cards regression
blocks skills timers suggestions changes fields previewed
rules
states policy rights queue figures waitlaw actors
records spelling node_commands outgoing_staff
mistaken
staff_commands staff_events
commands events explained conversations offers presence candidates
outgoing standing masks people incoming_staff history remembered
groups assignments ops incoming
choices fits in_force asked
shortlist
matching
world wire requests steps estimate measures paging
room classing forgetting
relations placing session quiet soft_start replies admitting guests context help_calls
overtaking holding scores snoozes
offering saying snapshots
closing
looking
serving
declaring
skilling
attendance handling guarding inviting opening wrapping snoozing
asking
dispatch
core
boards outlook conversation_views
views explain facts listings shares previews
deliveries
"""
SHELL_LAYERS = """
journal.base journal.file_ops journal.handover journal.redis_address journal.remarks journal.resting
journal.frames journal.memory journal.redis_connect journal.snapshot_store journal.live
journal.segments journal.redis_layout journal.redis_rights
journal.cursor journal.following journal.snapshot_files journal.supply journal.trimming
journal.redis_health
journal.writers
journal.log journal.readonly journal.checking journal.redis_link
journal.redis_cursor journal.redis_appender journal.redis_snapshots
journal.redis_reading journal.redis_key
journal.redis_owner
journal.backup journal.file journal.redis_following journal.redis_stream
archive.pages
archive.base archive.schema
archive.facts archive.reading archive.across
archive.sqlite archive.setting_back
server.collector server.instants server.hearers server.hidden server.buckets server.findings
server.top_figures server.announced server.recorded
server.ailments
server.admission server.proxies server.clock server.counters server.zones server.head
server.meter server.top_board server.origins server.shortcut server.hook_signing server.hook_store
server.announcing server.demo_talk server.pulse server.flow server.intake server.strain
server.collecting server.losses
server.auditing server.claims server.locating server.log_limits
server.sources server.starter server.visit server.logs
server.sections server.asgi server.front server.gate server.outbox
server.soundness
server.settings
server.live_events server.redis_watch
server.tracing server.span_counts server.node_figures server.certificates server.operating
server.trusting server.misspelt
server.keys server.showing server.trace_export server.hook_events server.hook_sending
server.socket server.links server.folds server.replica server.traffic server.happened
server.writer server.board_figures server.event_log
server.auth server.comparing server.restoring server.inspecting
server.tenants server.snapshotter server.backing_up server.skipping server.service_figures
server.trying server.inspecting_redis server.setting_back
server.floor_figures server.journal_figures server.detailed server.http_figures
server.archiving server.answers server.listening server.webhooks server.recalling
server.appending server.applying server.openings server.doors server.doorways server.filed
server.snapshotting
server.demo_desk server.visitors server.proofs server.engine server.metrics server.places
server.topics
server.demo_people server.site_customers server.hub server.storing server.starting
server.reads server.histories server.bearers server.effects server.policy_notes server.readiness
server.fetching server.tickets server.delivery_figures
server.connection server.calls server.preferences
server.asked_for server.mends server.rest_reads
server.policy_tags
server.live_rows
server.rest server.records server.exports server.hook_calls server.rehearsal
server.preference_calls server.policy_text
server.own_share
server.reloading
server.probe
server.doctor
server.runbooks
server.archive_figures server.described server.ops_pages server.site_calls
server.http server.gateway server.standby
server.app
server.running
server.demo
server.cli_settings
server.cli_lab
server.cli_journal
server.asking_server server.signalling
server.upgrading
server.doctor_run
server.cli_archive server.cli_config server.cli_doctor server.cli_init server.cli_staff
server.cli_check
server.cli_webhooks server.cli_top server.cli_policy server.cli_runbook
server.cli_secret server.cli_token server.cli_running server.cli_shell server.cli_serve
server.cli_bench
server.cli
"""
RANKS = {
    name: rank
    for rank, row in enumerate((PURE_LAYERS + SHELL_LAYERS).splitlines())
    for name in row.split()
}
PURE_IMPORTS = {
    "bisect", "collections", "dataclasses", "difflib", "enum", "functools", "hashlib", "heapq",
    "itertools", "msgspec", "operator", "re", "router", "types", "typing", "zlib",
}  # fmt: skip
MSGPACK_MAY_BE_IN = {"core", "snapshots"}


def _assert_none(found: list[str]) -> None:
    """Lists what breaks a rule, one a line."""
    assert not found, "\n" + "\n".join(found)


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT / "router").with_suffix("").parts)


def _parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _is_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Like ``ast.walk``, without what only a type checker sees."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not _is_typing_only(child):
            yield from _walk(child)


@cache
def _imports(file: Path) -> set[str]:
    """Dotted names of everything imported; ``from router import policy`` is ``router.policy``."""
    found: set[str] = set()
    for node in _walk(_parse(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            inside = [name for name in names if _is_module(name)]
            found |= set(inside) | ({node.module} if len(inside) < len(names) else set())
    return found


def _is_module(dotted: str) -> bool:
    return ROOT.joinpath(*dotted.split(".")).with_suffix(".py").is_file()


def _ranked_files() -> list[Path]:
    top = ROOT / "router"
    folders = ("archive", "journal", "server")
    files = [*PURE_FILES, *(file for name in folders for file in top.glob(f"{name}/[!_]*.py"))]
    return sorted(files)


def test_every_module_has_a_place_in_the_layers() -> None:
    homeless = [_module(file) for file in _ranked_files() if _module(file) not in RANKS]
    _assert_none(homeless)


def test_imports_go_down_the_layers_only() -> None:
    upward = []
    for file in _ranked_files():
        rank = RANKS.get(_module(file), -1)
        for name in sorted(_imports(file)):
            target = RANKS.get(name.removeprefix("router."))
            if name.startswith("router.") and target is not None and 0 <= rank <= target:
                upward.append(f"{_module(file)} imports {name}")
    _assert_none(upward)


def test_pure_modules_import_nothing_that_touches_the_world() -> None:
    wrong = []
    for file in PURE_FILES:
        for name in sorted(_imports(file)):
            allowed = name.split(".")[0] in PURE_IMPORTS and not re.match(
                r"router\.(server|journal|archive|client)\b", name
            )
            packs = name.startswith("msgpack") and _module(file) in MSGPACK_MAY_BE_IN
            if not allowed and not packs:
                wrong.append(f"{_module(file)} imports {name}")
    _assert_none(wrong)


def test_a_journal_never_imports_the_core_or_the_shell() -> None:
    wrong = [
        f"{_module(file)} imports {name}"
        for file in sorted((ROOT / "router" / "journal").glob("*.py"))
        for name in sorted(_imports(file))
        if name == "router.core" or name.startswith("router.server")
    ]
    _assert_none(wrong)


def test_nobody_imports_the_queue_of_the_standard_library() -> None:
    files = [*CODE_FILES, *(ROOT / "tests").rglob("*.py")]
    _assert_none([_relative(file) for file in files if "queue" in _imports(file)])


def test_every_module_has_a_test_twin() -> None:
    missing = []
    for file in CODE_FILES:
        if file.name.startswith("_") or not file.is_relative_to(ROOT / "router"):
            continue
        inside = file.relative_to(ROOT / "router")
        twin = ROOT / "tests" / inside.parent / f"test_{inside.name}"
        if not twin.is_file():
            missing.append(str(twin.relative_to(ROOT)))
    _assert_none(missing)


def test_no_file_is_longer_than_400_lines_and_no_function_than_60() -> None:
    long = []
    for file in CODE_FILES:
        lines = file.read_text(encoding="utf-8").count("\n")
        if lines > LINES_MAX:
            long.append(f"{_relative(file)}: {lines} lines")
        for node in ast.walk(_parse(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    long.append(f"{_relative(file)}: {node.name} has {length} lines")
    _assert_none(long)


def _relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_pure_modules_never_iterate_over_a_set() -> None:
    """Strings hash differently in every process, so the order of a set is nobody's."""
    wrong = []
    for file in PURE_FILES:
        for node in ast.walk(_parse(file)):
            iterated = node.iter if isinstance(node, ast.For | ast.comprehension) else None
            is_set = isinstance(iterated, ast.Set | ast.SetComp) or (
                isinstance(iterated, ast.Call)
                and isinstance(iterated.func, ast.Name)
                and iterated.func.id in ("set", "frozenset")
            )
            if iterated is not None and is_set:
                wrong.append(f"{_relative(file)}:{iterated.lineno}")
    _assert_none(wrong)


def test_every_pure_module_says_what_it_offers_and_has_it() -> None:
    wrong = []
    for file in PURE_FILES:
        tree = _parse(file)
        offered = [
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        if len(offered) != 1:
            wrong.append(f"{_relative(file)}: no __all__")
            continue
        wrong += [f"{_relative(file)}: {name}" for name in set(offered[0]) - _defined(tree)]
    _assert_none(sorted(wrong))


def _defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {ast.unparse(target) for target in node.targets}
        elif isinstance(node, ast.AnnAssign):
            names.add(ast.unparse(node.target))
        elif isinstance(node, ast.If):
            names |= _defined(ast.Module(node.orelse, []))
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def test_modules_open_with_what_they_own() -> None:
    silent = []
    for file in PURE_FILES:
        words = ast.get_docstring(_parse(file)) or ""
        if "Owns:" not in words or "Does not know:" not in words:
            silent.append(_relative(file))
    _assert_none(silent)


def test_nothing_is_left_to_do() -> None:
    left = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    folders = ("router", "loadtest", "tests", "config", "docs", "changelog.d")
    files = [ROOT / "README.md", ROOT / "Makefile"]
    for folder in folders:
        files += [
            file
            for file in (ROOT / folder).rglob("*")
            if file.suffix in _TEXT_SUFFIXES and not _MADE.intersection(file.parts)
        ]
    _assert_none([_relative(file) for file in files if left.search(file.read_text("utf-8"))])


_MADE = {"node_modules", "dist", "generated", "__pycache__"}
_TEXT_SUFFIXES = {".css", ".html", ".js", ".md", ".py", ".sh", ".svg", ".toml", ".ts", ".txt"}


def test_the_readme_shows_the_two_commands_on_its_first_screen() -> None:
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30]
    assert any("make demo" in line for line in first_screen)
    assert any("make test" in line for line in first_screen)


def test_the_lock_pins_every_package_by_hash_and_names_no_host() -> None:
    names = ("requirements.lock", "requirements-run.lock", "requirements-node.lock")
    lock = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)
    assert "://" not in lock
    assert "://" not in (ROOT / "router/web/package-lock.json").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock.strip())
    assert len(entries) > 20
    bare = [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
    _assert_none(bare)
    _assert_none([entry.split()[0] for entry in entries if "==" not in entry.split()[0]])


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_from_the_source_is_as_the_source_says(name: str) -> None:
    kept = (ROOT / name).read_text(encoding="utf-8")
    assert kept == MADE[name](kept), (
        f"{name} is older than the source. One command makes all such files anew:  "
        "python -m router.documents   (or: make reference)"
    )
