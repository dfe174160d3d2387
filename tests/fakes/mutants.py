"""Mutants of a module: its source with one small thing changed, compiled anew.

The changes are those by which checkers fail in practice: a limit off by one, a comparison that
includes or leaves out its end, a condition turned round, a branch never or always taken, a sum for
a difference, a constant of another size.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, ModuleType

from host.check.rule import Rule
from host.handover.case import Case

# In place of the rule that a case breaks: it breaks none.
LEGAL = ""
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed module. said: where and what was changed; line: the text that stood there.

    rules: those of its rules that the change can reach; the others are as they were. None where
    the module has none: then its functions are asked.
    """

    said: str
    line: str
    module: ModuleType
    rules: tuple[Rule, ...]


class Hunt:
    """Cases that mutants are tried on, those that caught the last ones first.

    legal: cases that break no rule. bad: the rule that each case breaks, and the case. A mutant is
    caught by a rule that misses its own bad case, accuses a legal one, or fails. Neighbours in a
    source are mostly caught by the same few cases, so that few mutants are tried on all.
    """

    def __init__(self, legal: Iterable[Case], bad: Iterable[tuple[str, Case]]) -> None:
        self._tries: list[tuple[str, Case]] = [*bad, *((LEGAL, case) for case in legal)]

    def catches(self, mutant: Mutant) -> bool:
        by_id = {rule.id: rule for rule in mutant.rules}
        for place, (breaks, case) in enumerate(self._tries):
            if _differs(by_id, breaks, case):
                self._tries.insert(0, self._tries.pop(place))
                return True
        return False


def _differs(by_id: dict[str, Rule], breaks: str, case: Case) -> bool:
    """Whether rules say of a case what they should not, or fail."""
    try:
        if breaks == LEGAL:
            return any(any(rule.breaches(case)) for rule in by_id.values())
        return breaks in by_id and not any(by_id[breaks].breaches(case))
    except Exception:  # noqa: BLE001 - a mutant may fail in any way
        return True


def mutants(module: ModuleType) -> Iterator[Mutant]:
    """All mutants of the functions of a module, and of its own numbers."""
    source = inspect.getsource(module)
    original = _Original(module, source.splitlines(), ast.parse(source))
    for place, top in enumerate(original.tree.body):
        if isinstance(top, ast.FunctionDef | ast.Assign | ast.AnnAssign):
            users = _users_of(_names(top), original.tree)
            for count, node in enumerate(_nodes(top)):
                for choice in range(_choices(node)):
                    yield from original.changed((place, count), choice, users)


def _names(top: ast.stmt) -> set[str]:
    """The names that a statement of the module itself gives."""
    if isinstance(top, ast.FunctionDef):
        return {top.name}
    return {
        n.id for n in ast.walk(top) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def _users_of(names: set[str], tree: ast.Module) -> set[str]:
    """These names and those of everything in the module that leads to them."""
    found = set(names)
    grown = True
    while grown:
        before = len(found)
        for top in tree.body:
            used = {n.id for n in ast.walk(top) if isinstance(n, ast.Name)}
            if used & found:
                found |= _names(top)
        grown = len(found) > before
    return found


def _reached(rules: tuple[Rule, ...], users: set[str]) -> tuple[Rule, ...]:
    """Rules whose function is among the users; all where none is, as for the table of rules."""
    named = tuple(rule for rule in rules if getattr(rule.breaches, "__name__", "") in users)
    return named or rules


class _Original:
    """A module's source, each of its statements compiled once; a mutant compiles one anew."""

    def __init__(self, module: ModuleType, lines: list[str], tree: ast.Module) -> None:
        self.tree = tree
        self._module, self._lines = module, lines
        self._compiled = [self._code(top) for top in tree.body]

    def _code(self, top: ast.stmt) -> CodeType:
        # A future is asked for anew by each piece that is compiled (PEP 236).
        alone = ast.Module(body=[top], type_ignores=[])
        said = f"<mutant of {self._module.__name__}>"
        flags = annotations.compiler_flag
        code: CodeType = compile(alone, said, "exec", flags, dont_inherit=True)
        return code

    def changed(self, where: tuple[int, int], choice: int, users: set[str]) -> Iterator[Mutant]:
        """The module with one change of one node; none where it cannot even be imported."""
        place, count = where
        top = copy.deepcopy(self.tree.body[place])
        node = list(_nodes(top))[count]
        line = getattr(node, "lineno", 0)
        said = _change(node, choice)
        ast.fix_missing_locations(top)
        made = ModuleType(self._module.__name__)
        made.__file__ = self._module.__file__
        codes = [*self._compiled[:place], self._code(top), *self._compiled[place + 1 :]]
        # A module that cannot even be imported is caught.
        with contextlib.suppress(ArithmeticError, TypeError):
            for code in codes:
                exec(code, made.__dict__)  # noqa: S102
            rules = _reached(getattr(made, "RULES", ()), users)
            text = self._lines[line - 1]
            yield Mutant(f"{self._module.__name__}:{line} {said}", text, made, rules)


def _nodes(top: ast.AST) -> Iterator[ast.AST]:
    """Nodes that decide something; texts of findings and annotations decide nothing."""
    silent = {id(inner) for outer in ast.walk(top) for inner in _silent(outer)}
    for node in ast.walk(top):
        if _choices(node) and id(node) not in silent:
            yield node


def _silent(node: ast.AST) -> Iterator[ast.AST]:
    """What no verdict depends on: annotations, and what stands in a sentence for people."""
    if isinstance(node, ast.JoinedStr):
        yield from ast.walk(node)
    for name in ("annotation", "returns"):
        inner = getattr(node, name, None)
        if inner is not None:
            yield from ast.walk(inner)


def _choices(node: ast.AST) -> int:
    """In how many ways a node can be changed."""
    ways = 0
    if isinstance(node, ast.Compare):
        ways = len(_COMPARISONS[type(node.ops[0])])
    elif isinstance(node, ast.UnaryOp):
        ways = int(isinstance(node.op, ast.Not | ast.Invert | ast.USub))
    elif isinstance(node, ast.BinOp):
        ways = int(type(node.op) in _OPERATORS)
    elif isinstance(node, ast.Constant):
        ways = 2 if type(node.value) in (int, float) else 0
    elif isinstance(node, ast.BoolOp | ast.If | ast.IfExp):
        ways = 1 if isinstance(node, ast.BoolOp) else 2
    return ways


def _change(node: ast.AST, choice: int) -> str:
    if isinstance(node, ast.Compare):
        to = _COMPARISONS[type(node.ops[0])][choice]
        said = f"{type(node.ops[0]).__name__} -> {to.__name__}"
        node.ops[0] = to()
        return said
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return f"-> {type(node.op).__name__}"
    if isinstance(node, ast.UnaryOp):
        said = f"without {type(node.op).__name__}"
        node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.Not()
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        return said
    if isinstance(node, ast.BinOp):
        said = f"{type(node.op).__name__} -> {_OPERATORS[type(node.op)].__name__}"
        node.op = _OPERATORS[type(node.op)]()
        return said
    if isinstance(node, ast.If | ast.IfExp):
        node.test = ast.Constant(value=bool(choice))
        return f"if {bool(choice)}"
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int | float)
    said = f"{node.value} -> "
    node.value = node.value + 1 if choice == 0 else node.value * 1000 - 1
    return said + str(node.value)
