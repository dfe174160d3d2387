"""Mutants of a module: its source with one small thing changed, compiled anew.

The changes are those by which checkers fail in practice: a limit off by one, a comparison that
includes or leaves out its end, a condition turned round, a branch never or always taken, a sum for
a difference, a constant of another size.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

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
    """A changed module. said: where and what was changed; line: the text that stood there."""

    said: str
    line: str
    module: ModuleType


def mutants(module: ModuleType) -> Iterator[Mutant]:
    """All mutants of the functions of a module, and of its own numbers."""
    source = inspect.getsource(module)
    tree = ast.parse(source)
    for place, top in enumerate(tree.body):
        if isinstance(top, ast.FunctionDef | ast.Assign | ast.AnnAssign):
            for count, _ in enumerate(_nodes(top)):
                yield from _changed(module, source, (place, count))


def _changed(module: ModuleType, source: str, where: tuple[int, int]) -> Iterator[Mutant]:
    """Every change of one node: the source is parsed anew for each."""
    place, count = where
    original = list(_nodes(ast.parse(source).body[place]))[count]
    for choice in range(_choices(original)):
        again = ast.parse(source)
        node = list(_nodes(again.body[place]))[count]
        said = _change(node, choice)
        made = ModuleType(module.__name__)
        made.__file__ = module.__file__
        ast.fix_missing_locations(again)
        line = getattr(original, "lineno", 0)
        code = compile(again, f"<mutant of {module.__name__}>", "exec")
        # A module that cannot even be imported is caught.
        with contextlib.suppress(ArithmeticError, TypeError):
            exec(code, made.__dict__)  # noqa: S102
            text = source.splitlines()[line - 1]
            yield Mutant(f"{module.__name__}:{line} {said}", text, made)


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
