"""Finds crossfile candidates in Python files with `ast`, and nothing of Kedge's: reads {"root", "files"} on stdin, prints a JSON list.

Refuses to guess types: an attribute counts only where its owner is an imported module, an imported class, or plainly an instance of one
(annotated so, built so, or `self` in a class derived from it). Files that this Python cannot parse are left out and named on stderr.
"""
import ast
import json
import os
import re
import sys

NAME_UNITS_MIN = 3
WORD = re.compile(r"[^\W\d]\w*")


class Module:
    """One file: its tree, what it declares (name -> line number) and its classes' members."""

    def __init__(self, path, text):
        self.path = path
        self.lines = text.split("\n")
        self.tree = ast.parse(text)
        self.declared = {}
        self.members = {}
        self.bases = {}
        for node in self.tree.body:
            self.declare(node)

    def declare(self, node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.declared.setdefault(node.name, node.lineno)
        elif isinstance(node, ast.ClassDef):
            self.declared.setdefault(node.name, node.lineno)
            self.members.setdefault(node.name, self.class_members(node))
            self.bases.setdefault(node.name, node.bases)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.declared.setdefault(target.id, target.lineno)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self.declared.setdefault(node.target.id, node.lineno)
        elif isinstance(node, (ast.If, ast.Try)):
            for child in node.body + node.orelse:
                self.declare(child)

    def class_members(self, node):
        members = {}
        for child in node.body:
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                members.setdefault(child.name, child.lineno)
                for inner in ast.walk(child):
                    if isinstance(inner, (ast.Assign, ast.AnnAssign)):
                        for target in inner.targets if isinstance(inner, ast.Assign) else [inner.target]:
                            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                                members.setdefault(target.attr, target.lineno)
            elif isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
                members.setdefault(child.target.id, child.lineno)
            elif isinstance(child, ast.Assign):
                for target in child.targets:
                    if isinstance(target, ast.Name):
                        members.setdefault(target.id, target.lineno)
        return members

    def line(self, number):
        return self.lines[number - 1].strip()


class Repository:
    def __init__(self, root, files):
        self.modules = {}
        for path in files:
            with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
                text = file.read()
            try:
                self.modules[path] = Module(path, text)
            except (SyntaxError, ValueError) as error:
                print(f"{path}: {error}", file=sys.stderr)

    def find(self, dotted):
        for top in ("", "src/"):
            stem = top + dotted.replace(".", "/")
            for path in (stem + ".py", stem + "/__init__.py"):
                if path in self.modules:
                    return self.modules[path]
        return None

    def package_of(self, path):
        parts = path.split("/")[:-1]
        return parts[1:] if parts[:1] == ["src"] else parts

    def imports_of(self, module):
        """Local name -> (imported module, name in it or None where the module itself is bound)."""
        bound = {}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found = self.find(alias.name)
                    if found and (alias.asname or "." not in alias.name):
                        bound[alias.asname or alias.name] = (found, None)
            elif isinstance(node, ast.ImportFrom):
                package = self.package_of(module.path)
                base = package[: len(package) - node.level + 1] if node.level else []
                dotted = ".".join(base + ([node.module] if node.module else []))
                found = self.find(dotted) if dotted else None
                for alias in node.names:
                    if found and alias.name in found.declared:
                        bound[alias.asname or alias.name] = (found, alias.name)
                    else:
                        submodule = self.find(f"{dotted}.{alias.name}" if dotted else alias.name)
                        if submodule:
                            bound[alias.asname or alias.name] = (submodule, None)
        return {name: value for name, value in bound.items() if value[0] is not module}


def words_outside_imports(module):
    kept = list(module.lines)
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for number in range(node.lineno, node.end_lineno + 1):
                kept[number - 1] = ""
    counts = {}
    for word in WORD.findall("\n".join(kept)):
        counts[word] = counts.get(word, 0) + 1
    return counts


class Finder(ast.NodeVisitor):
    """Walks one file, keeping in `types` which names are plainly instances of which imported class."""

    def __init__(self, module, bound):
        self.module = module
        self.bound = bound
        self.types = [{}]
        self.found = []

    def imported_class(self, node):
        """(module, class name) when the expression is an imported class, bare, quoted, or `X | None`."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                return None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self.imported_class(node.left) or self.imported_class(node.right)
        if isinstance(node, ast.Subscript):
            inner = node.slice if isinstance(node.value, ast.Name) and node.value.id == "Optional" else node.value
            return self.imported_class(inner)
        if isinstance(node, ast.Name) and node.id in self.bound:
            owner, name = self.bound[node.id]
            return (owner, name) if name in owner.members else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.bound:
            owner, name = self.bound[node.value.id]
            return (owner, node.attr) if name is None and node.attr in owner.members else None
        return None

    def type_of(self, node):
        if isinstance(node, ast.Await):
            return None
        if isinstance(node, ast.Name):
            for scope in reversed(self.types):
                if node.id in scope:
                    return scope[node.id]
            return None
        return self.imported_class(node.func) if isinstance(node, ast.Call) else None

    def visit_function(self, node):
        scope = {}
        arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        for argument in arguments:
            scope[argument.arg] = self.imported_class(argument.annotation) if argument.annotation else None
        if arguments and arguments[0].arg == "self" and self.types[-1].get("class"):
            scope["self"] = self.types[-1]["class"]
        self.types.append(scope)
        self.generic_visit(node)
        self.types.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_function

    def visit_ClassDef(self, node):
        own = self.module.members.get(node.name, {})
        bases = [base for base in map(self.imported_class, node.bases) if base]
        self.types.append({"class": (bases[0][0], bases[0][1], own) if len(bases) == 1 else None})
        self.generic_visit(node)
        self.types.pop()

    def visit_Assign(self, node):
        self.generic_visit(node)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.types[-1][node.targets[0].id] = self.type_of(node.value)

    def visit_AnnAssign(self, node):
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self.types[-1][node.target.id] = self.imported_class(node.annotation)

    def visit_Name(self, node):
        owner, name = self.bound.get(node.id, (None, None))
        if owner and name == node.id and isinstance(node.ctx, ast.Load):
            self.add(node.id, node.lineno, node.col_offset, owner, owner.declared[name])

    def visit_Attribute(self, node):
        self.generic_visit(node)
        value, attribute = node.value, node.attr
        column = node.end_col_offset - len(attribute.encode())
        if isinstance(value, ast.Name) and value.id in self.bound and self.type_of(value) is None:
            owner, name = self.bound[value.id]
            if name is None and attribute in owner.declared:
                return self.add(attribute, node.end_lineno, column, owner, owner.declared[attribute])
            if name in owner.members and attribute in owner.members[name]:
                return self.add(attribute, node.end_lineno, column, owner, owner.members[name][attribute])
            return None
        kind = self.type_of(value)
        if kind and attribute in kind[0].members[kind[1]] and not (len(kind) == 3 and attribute in kind[2]):
            return self.add(attribute, node.end_lineno, column, kind[0], kind[0].members[kind[1]][attribute])
        return None

    def add(self, name, line, column_bytes, owner, declared_line):
        if owner is not self.module:
            self.found.append((name, line, column_bytes, owner, declared_line))


def candidates_of(module, repository):
    counts = words_outside_imports(module)
    finder = Finder(module, repository.imports_of(module))
    finder.visit(module.tree)
    starts = [0]
    for line in module.lines:
        starts.append(starts[-1] + len(line.encode("utf-16-le")) // 2 + 1)
    for name, line, column_bytes, owner, declared_line in finder.found:
        if len(name) < NAME_UNITS_MIN or counts.get(name) != 1:
            continue
        before = module.lines[line - 1].encode()[:column_bytes].decode()
        offset = starts[line - 1] + len(before.encode("utf-16-le")) // 2
        yield {"file": module.path, "offset": offset, "name": name, "declaredIn": owner.path, "declaration": owner.line(declared_line)}


def main():
    request = json.load(sys.stdin)
    repository = Repository(request["root"], request["files"])
    found = [candidate for path in request["files"] if path in repository.modules for candidate in candidates_of(repository.modules[path], repository)]
    json.dump(found, sys.stdout)


main()
