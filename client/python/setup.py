"""Adds to each build what protoc makes of the project's messages: see generate.py."""

import sys
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).resolve().parent))
from generate import CannotGenerate, generate, version  # noqa: E402


class BuildWithMessages(build_py):
    def run(self):
        if self.editable_mode:
            sys.exit("oneloop has no editable installation; tools/build makes build/release/python for PYTHONPATH")
        super().run()
        generate(Path(self.build_lib))


try:
    with tempfile.TemporaryDirectory() as scratch:
        # Nothing is left in the sources, and nothing of an earlier build gets into this one.
        options = {"build": {"build_base": f"{scratch}/build"}, "egg_info": {"egg_base": scratch}}
        setup(version=version(), cmdclass={"build_py": BuildWithMessages}, options=options)
except CannotGenerate as problem:
    sys.exit(f"oneloop: {problem}")
