"""The package is installed as docs/PYTHON.md says, word for word, and its build says what it lacks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import oneloop
import support


class InstallTest(support.DaemonTest):
    """From a copy of what the build reads, in a home of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.checkout = Path(cls.folder, "checkout")
        for name in ("client/python", "proto"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(support.SOURCES / name, cls.checkout / name, ignore=ignored)
        shutil.copy(support.SOURCES / "CMakeLists.txt", cls.checkout)
        cls.environment = {"HOME": cls.folder, "PATH": "/usr/bin:/bin", "ONELOOP_SERVER": os.environ["ONELOOP_SERVER"]}

    def files(self):
        return sorted(path for path in self.checkout.rglob("*") if "__pycache__" not in path.parts)

    def test_installs_into_a_virtual_environment(self):
        before = self.files()
        lines = [line for _, text in support.blocks("docs/PYTHON.md", "sh") for line in text.splitlines()]
        self.assertEqual(len(lines), 2)
        for line in lines:
            result = subprocess.run(
                ["sh", "-c", line], cwd=self.checkout, env=self.environment, capture_output=True, text=True
            )
            self.assertEqual(result.returncode, 0, f"{line}\n{result.stdout}{result.stderr}")
        self.assertEqual(self.files(), before, "the build leaves files in the sources")
        program = (
            "import oneloop, pathlib; folder = pathlib.Path(oneloop.__file__).parent;"
            "assert (folder / 'py.typed').exists();"
            "print(folder, oneloop.Client().server_info().version)"
        )
        python = Path(self.folder, "oneloop-venv/bin/python")
        result = subprocess.run([python, "-c", program], env=self.environment, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        folder, version = result.stdout.split()
        self.assertTrue(folder.startswith(f"{self.folder}/oneloop-venv/"), folder)
        self.assertEqual(version, oneloop.__version__)

    def test_a_build_without_protoc_says_what_to_install(self):
        table = [
            (Path(self.folder, "no-programs"), self.checkout, "protobuf-compiler"),
            ("/usr/bin", Path(self.folder, "copy"), "from client/python of a checkout"),
        ]
        shutil.copytree(self.checkout / "client/python", Path(self.folder, "copy/client/python"))
        for path, checkout, text in table:
            command = [sys.executable, "-B", "setup.py", "build_py", "--build-lib", f"{self.folder}/lib"]
            result = subprocess.run(
                command, cwd=checkout / "client/python", env={"PATH": str(path)}, capture_output=True, text=True
            )
            self.assertEqual(result.returncode, 1)
            self.assertIn(text, result.stderr)

    def test_messages_do_not_clash_with_those_of_googleapis(self):
        # google.rpc as googleapis-common-protos has it: the same names, other contents.
        program = (
            "from google.protobuf import descriptor_pb2, descriptor_pool\n"
            "for name in ('status', 'error_details'):\n"
            "    file = descriptor_pb2.FileDescriptorProto(name=f'google/rpc/{name}.proto', package='google.rpc')\n"
            "    file.message_type.add(name={'status': 'Status', 'error_details': 'BadRequest'}[name])\n"
            "    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())\n"
            "import oneloop\n"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


if __name__ == "__main__":
    support.main()
