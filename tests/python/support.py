"""What the tests in Python share: a daemon of their own, and how skipped tests are reported."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCES = Path(os.environ["ONELOOP_SOURCE_DIR"])
PROGRAMS = Path(os.environ["ONELOOP_BIN_DIR"])

# Nobody's own daemon and tokens.
for _name in list(os.environ):
    if _name.startswith(("ONELOOP_SERVER", "ONELOOP_TOKEN", "ONELOOP_TLS", "ONELOOP_TRACE", "XDG_DATA_HOME")):
        del os.environ[_name]


class Daemon:
    """A daemon on a directory, as a process of its own. It serves once this is made."""

    def __init__(self, data_dir, *flags):
        self.data_dir = data_dir
        self._flags = flags
        self._process = None
        self.start()

    def start(self):
        command = [PROGRAMS / "oneloopd", "--data_dir", self.data_dir, "--threads", "2", *self._flags]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.line = self._process.stdout.readline()
        if "listening on" not in self.line:
            raise AssertionError(f"the daemon does not start: {command}")

    @property
    def address(self):
        """That it says it listens on."""
        return re.search(r"listening on (\S+)", self.line)[1]

    @property
    def metrics_url(self):
        return re.search(r"metrics on ([^\s),]+)", self.line)[1]

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def _end(self, number):
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.wait()
        self._process.stdout.close()
        self._process = None


def blocks(document, language):
    """(line, text) of each fenced block of a language."""
    text = (SOURCES / document).read_text()
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, block.start(1)) + 1, block[1]) for block in found]


class DaemonTest(unittest.TestCase):
    """Tests that share a daemon, which the environment names: `Client()` finds it."""

    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="oneloop_")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.daemon = Daemon(f"{cls.folder}/data", *cls.flags)
        cls.addClassCleanup(cls.daemon.stop)
        os.environ["ONELOOP_SERVER"] = f"unix:{cls.folder}/data/oneloop.sock"
        cls.addClassCleanup(os.environ.pop, "ONELOOP_SERVER")

    @staticmethod
    def oneloop(*arguments):
        """What the command line prints; it has to end with 0."""
        return subprocess.run([PROGRAMS / "oneloop", *arguments], check=True, capture_output=True, text=True).stdout


class _Result(unittest.TextTestResult):
    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        # The form in which tools/test looks for them.
        print(f"{Path(sys.argv[0]).name}:1: Skipped\n{reason}", flush=True)


def main():
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout, resultclass=_Result, verbosity=2))
