"""Takes away the checks of messages, one after the other, and says which of them no test misses.

`make check-mutations`, or `python tools/check_mutations.py [words that the mutation's name must hold]`. The last
line says how many were taken away, and how many of them nobody missed; the exit code is 1 if there were any.

Everything is imported once. For each mutation a child process puts the changed code into the function and runs tests
until one fails.
"""

import ast
import copy
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType
from typing import TypeGuard

TOP = Path(__file__).parents[1]
SOURCE = TOP / "src"
CHECKS = sorted((SOURCE / "latentvr_common" / "checks").glob("[!_]*.py"))
USERS = sorted((SOURCE / "latentvr_common" / "conversions").glob("[!_]*.py"))
"""Where checks are applied: here only the calls of checks are taken away."""
TESTS = ("test/unit/test_latentvr_common_checks.py", "test/unit/test_latentvr_common_conversions.py")
_AT_MOST_S = 600


@dataclass(frozen=True)
class Mutation:
    """A check that is not there."""

    path: Path
    function: str
    line: int
    text: str
    """What was taken away, its first line."""
    code: CodeType

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.path.stem}.{self.function}:{self.line} {self.text}"


def mutations(path: Path) -> Iterator[Mutation]:
    """Yield `path` without each of its checks: a call that is a statement, or a condition under which is raised."""
    tree = ast.parse(path.read_text())
    only_calls_of_checks = path in USERS
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for statement in ast.walk(function):
            if _is_check(statement, only_calls_of_checks):
                changed = _without(tree, statement)
                code = compile(changed, str(path), "exec")
                found = next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == function.name)
                text = ast.unparse(statement).splitlines()[0]
                yield Mutation(path, function.name, statement.lineno, text, found)


def _is_check(statement: ast.AST, only_calls: bool) -> TypeGuard[ast.stmt]:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = ast.unparse(statement.value.func)
        return not only_calls or called.startswith(("check_", "need."))
    return isinstance(statement, ast.If) and not only_calls and isinstance(statement.body[-1], ast.Raise)


class _Remover(ast.NodeTransformer):
    """Puts nothing where a statement is."""

    def __init__(self, statement: ast.stmt) -> None:
        self._place = type(statement), statement.lineno, statement.col_offset

    def visit(self, node: ast.AST) -> ast.AST:
        """Visit one node."""
        if isinstance(node, ast.stmt) and (type(node), node.lineno, node.col_offset) == self._place:
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


def _without(tree: ast.Module, statement: ast.stmt) -> ast.Module:
    changed = copy.deepcopy(tree)
    _Remover(statement).visit(changed)
    return ast.fix_missing_locations(changed)


def is_missed(mutation: Mutation) -> bool:
    """Tell whether a test fails without the check."""
    child = os.fork()
    if child == 0:
        os._exit(_run(mutation))
    until = time.monotonic() + _AT_MOST_S
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 1  # Of pytest: some tests failed.
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return True


def _run(mutation: Mutation) -> int:
    import pytest

    module = import_module(".".join(mutation.path.relative_to(SOURCE).with_suffix("").parts))
    getattr(module, mutation.function).__code__ = mutation.code
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    # Tests of what is taken would miss nothing.
    which = ("-k", "corruption or refused or alike or reason")
    options = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *which)
    return int(pytest.main([*options, *(str(TOP / test) for test in TESTS)]))


def main() -> int:
    """Try all of them."""
    sys.path[:0] = [str(SOURCE), str(TOP / "test" / "support")]
    for module in ("valid_messages", "latentvr_common.node_tools"):
        import_module(module)  # For all children at once.
    wanted = sys.argv[1:]
    found = [m for path in (*CHECKS, *USERS) for m in mutations(path) if all(w in m.name for w in wanted)]
    unmissed = []
    for mutation in found:
        missed = is_missed(mutation)
        print(f"{'missed' if missed else 'NOT MISSED'}  {mutation.name}", flush=True)
        if not missed:
            unmissed.append(mutation.name)
    print(f"{len(found)} checks were taken away, {len(unmissed)} of them nobody missed")
    return 1 if unmissed else 0


if __name__ == "__main__":
    sys.exit(main())
