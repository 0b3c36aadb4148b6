#!/usr/bin/env python3
"""Writes what the package `oneloop` has besides its sources: the messages and services of proto/, and its version.

    generate.py DIR [--sources]     --sources copies the package's own files there, too: PYTHONPATH=DIR is all it needs

Also used by setup.py. Needs protoc and its plugin grpc_python_plugin, and a checkout of the project around this file.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class CannotGenerate(Exception):
    """Says what is missing, and what to do about it."""


def version() -> str:
    """The project's, as its build has it."""
    text = _project_file("CMakeLists.txt").read_text()
    found = re.search(r"^project\(oneloop VERSION ([0-9.]+)", text, re.MULTILINE)
    if not found:
        raise CannotGenerate(f"{ROOT / 'CMakeLists.txt'} names no version of the project")
    return found.group(1)


def generate(out: Path) -> None:
    """Writes out/oneloop/{v1,_rpc,_version.py}."""
    package = out / "oneloop"
    package.mkdir(parents=True, exist_ok=True)
    protos = _project_file("proto")
    _compile(protos, sorted(protos.glob("oneloop/v1/*.proto")), out)
    _compile(protos, sorted(protos.glob("oneloop/v1/*_service.proto")), out, services=True)
    with tempfile.TemporaryDirectory() as renamed:
        _compile(Path(renamed), _private_copies(protos / "google/rpc", Path(renamed)), out)
    (package / "v1" / "__init__.py").write_text('"""Messages and services of oneloop.v1, made by protoc."""\n')
    (package / "_rpc" / "__init__.py").write_text('"""Details of errors, made by protoc."""\n')
    (package / "_version.py").write_text(f'__version__ = "{version()}"\n')


def _private_copies(sources: Path, out: Path) -> list[Path]:
    # Under a name of their own, lest they clash with the full google.rpc of googleapis-common-protos.
    folder = out / "oneloop" / "_rpc"
    folder.mkdir(parents=True)
    copies = []
    for source in sorted(sources.glob("*.proto")):
        copies.append(folder / source.name)
        copies[-1].write_text(source.read_text().replace("package google.rpc;", "package oneloop.rpc;"))
    return copies


def _compile(root: Path, files: list[Path], out: Path, services: bool = False) -> None:
    command = [_program("protoc", "protobuf-compiler"), f"-I{root}"]
    if services:
        plugin = _program("grpc_python_plugin", "protobuf-compiler-grpc")
        command += [f"--grpc_python_out={out}", f"--plugin=protoc-gen-grpc_python={plugin}"]
    else:
        command += [f"--python_out={out}", f"--pyi_out={out}"]
    result = subprocess.run([*command, *map(str, files)], text=True, stderr=subprocess.PIPE)
    if result.returncode != 0:
        raise CannotGenerate(f"protoc failed:\n{result.stderr}")


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CannotGenerate(f"{name} is missing; Debian's package {package} has it, as tools/install-deps build knows")
    return found


def _project_file(name: str) -> Path:
    path = ROOT / name
    if not path.exists():
        raise CannotGenerate(f"{path} is missing: build the package from client/python of a checkout of OneLoop")
    return path


def main(arguments: list[str]) -> None:
    out = Path(arguments[0])
    # What is no longer made must not stay.
    shutil.rmtree(out / "oneloop", ignore_errors=True)
    if "--sources" in arguments[1:]:
        shutil.copytree(HERE / "oneloop", out / "oneloop", ignore=shutil.ignore_patterns("__pycache__"))
    generate(out)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CannotGenerate as problem:
        sys.exit(f"{Path(__file__).name}: {problem}")
