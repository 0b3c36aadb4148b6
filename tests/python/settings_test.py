"""Which daemon the package talks to, and how it gets in there: the rules of the command line."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import support
from oneloop import InvalidArgument
from oneloop._settings import resolve


class SettingsTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = self._folder.name
        self.write("oneloop/local.token", "olt_local\n")

    def write(self, name, text, mode=0o600):
        path = Path(self.folder, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def resolve(self, environ, **arguments):
        return resolve(environ=environ, **arguments)

    def test_address_comes_from_argument_then_variable_then_data_directory(self):
        table = [
            ({"ONELOOP_SERVER": "box:7"}, {"server": "unix:/s"}, "unix:/s"),
            ({"ONELOOP_SERVER": "box:7", "HOME": "/h"}, {}, "box:7"),
            ({"ONELOOP_SERVER": "", "HOME": "/h"}, {}, "unix:/h/.local/share/oneloop/oneloop.sock"),
            ({"XDG_DATA_HOME": "/x", "HOME": "/h"}, {}, "unix:/x/oneloop/oneloop.sock"),
            ({"XDG_DATA_HOME": "relative", "HOME": "/h"}, {}, "unix:/h/.local/share/oneloop/oneloop.sock"),
            ({"HOME": "/h"}, {"server": "[::1]:7070"}, "[::1]:7070"),
        ]
        for environ, arguments, address in table:
            with self.subTest(environ=environ, arguments=arguments):
                self.assertEqual(self.resolve(environ, **arguments).address, address)

    def test_token_comes_from_argument_then_variable_then_this_machine(self):
        here = {"XDG_DATA_HOME": self.folder}
        file = self.write("token", " olt_file\n")
        ca = self.write("ca", "certificates")
        variable = here | {"ONELOOP_TOKEN": "olt_variable"}
        table = [
            (here, {"server": "127.0.0.1:7"}, "olt_local"),
            (here, {"server": "localhost:7"}, "olt_local"),
            (here, {"server": "[::1]:7"}, "olt_local"),
            (variable, {"server": "127.0.0.1:7"}, "olt_variable"),
            (variable, {"server": "127.0.0.1:7", "token_file": file}, "olt_file"),
            (variable, {"server": "box:7", "tls_ca": ca}, "olt_variable"),
            # That of this machine stays on it.
            (here, {"server": "box:7", "tls_ca": ca}, ""),
            (here, {"server": "127.0.0.1.example.org:7", "tls_ca": ca}, ""),
            (here, {"server": "10.0.0.1:7", "tls_ca": ca}, ""),
            ({}, {"server": "127.0.0.1:7"}, ""),
            # A socket needs none.
            (variable, {"server": "unix:/s"}, ""),
        ]
        for environ, arguments, token in table:
            with self.subTest(environ=environ, arguments=arguments):
                self.assertEqual(self.resolve(environ, **arguments).token, token)

    def test_certificates_come_from_arguments_or_variables(self):
        environ = {
            "ONELOOP_TLS_CA": self.write("ca", "authorities"),
            "ONELOOP_TLS_CERT": self.write("cert", "mine"),
            "ONELOOP_TLS_KEY": self.write("key", "secret"),
        }
        settings = self.resolve(environ, server="box:7")
        self.assertEqual((settings.tls_ca, settings.tls_cert, settings.tls_key), (b"authorities", b"mine", b"secret"))
        self.assertEqual(self.resolve(environ, server="box:7", tls_ca=self.write("other", "others")).tls_ca, b"others")
        # A socket has no TLS, whatever the variables say.
        self.assertEqual(self.resolve({"ONELOOP_TLS_CA": "/none"}, server="unix:/s").tls_ca, b"")

    def test_socket_tells_the_user_and_calls_carry_identity(self):
        table = [({"USER": "ada"}, "ada"), ({"LOGNAME": "bob"}, "bob"), ({"USER": "not a user"}, ""), ({}, "")]
        for environ, user in table:
            self.assertEqual(self.resolve(environ, server="unix:/s").user, user)
        metadata = dict(self.resolve({"USER": "ada", "ONELOOP_TRACE_ID": "night"}, server="unix:/s").metadata())
        self.assertEqual(metadata, {"oneloop-user": "ada", "x-trace-id": "night"})
        metadata = dict(self.resolve({"USER": "ada", "ONELOOP_TOKEN": "olt_x"}, server="127.0.0.1:7").metadata())
        self.assertEqual(metadata["authorization"], "Bearer olt_x")
        self.assertNotIn("oneloop-user", metadata)
        self.assertRegex(metadata["x-trace-id"], "^[0-9a-f]{32}$")

    def test_what_is_wrong_is_refused_with_its_name_as_by_the_command_line(self):
        text = self.write("file", "text")
        # Environment, arguments, the field that is named, part of the text.
        table = [
            ({}, {"server": "nowhere"}, "server", "neither unix:PATH nor HOST:PORT"),
            ({}, {"server": "box:0"}, "server", "neither unix:PATH nor HOST:PORT"),
            ({}, {"server": "box:65536"}, "server", "neither unix:PATH nor HOST:PORT"),
            ({}, {"server": "http://box:7"}, "server", "neither unix:PATH nor HOST:PORT"),
            ({}, {"server": "unix:"}, "server", "neither unix:PATH nor HOST:PORT"),
            ({}, {"server": "unix:/" + "x" * 107}, "server", "at most 107 characters"),
            ({"ONELOOP_SERVER": ":7"}, {}, "ONELOOP_SERVER", "neither unix:PATH nor HOST:PORT"),
            ({"HOME": ""}, {}, "server", "HOME is not set"),
            ({"ONELOOP_TOKEN": "olt_x"}, {"server": "box:7"}, "tls_ca", "only with TLS"),
            ({"ONELOOP_TOKEN": "two words"}, {"server": "127.0.0.1:7"}, "ONELOOP_TOKEN", "is no token"),
            ({}, {"server": "127.0.0.1:7", "token_file": "/none"}, "token_file", "No such file"),
            ({}, {"server": "127.0.0.1:7", "token_file": self.write("open", "olt_x", 0o644)}, "token_file", "chmod 600"),
            ({}, {"server": "127.0.0.1:7", "token_file": self.write("group", "olt_x", 0o640)}, "token_file", "chmod 600"),
            ({}, {"server": "box:7", "tls_ca": "/none"}, "tls_ca", "/none: cannot be read: No such file"),
            ({}, {"server": "box:7", "tls_ca": self.write("empty", "")}, "tls_ca", "is empty"),
            ({}, {"server": "box:7", "tls_cert": text}, "tls_cert", "give both or none"),
            ({}, {"server": "box:7", "tls_key": text}, "tls_cert", "give both or none"),
            ({}, {"server": "box:7", "tls_cert": text, "tls_key": text}, "tls_cert", "needs tls_ca"),
            ({}, {"server": "unix:/s", "trace_id": "x" * 65}, "trace_id", "printable ASCII"),
            ({"ONELOOP_TRACE_ID": "two words"}, {"server": "unix:/s"}, "ONELOOP_TRACE_ID", "printable ASCII"),
        ]
        for environ, arguments, field, part in table:
            with self.subTest(environ=environ, arguments=arguments):
                with self.assertRaises(InvalidArgument) as caught:
                    self.resolve(environ, **arguments)
                self.assertEqual(caught.exception.field, field)
                self.assertIn(part, str(caught.exception))
                flags = [f"--{name}={value}" for name, value in arguments.items()]
                command = [support.PROGRAMS / "oneloop", "jobs", *flags]
                result = subprocess.run(command, env=environ, capture_output=True, text=True)
                self.assertEqual(result.returncode, 2, result.stderr)

    def test_the_process_has_an_environment_of_its_own(self):
        os.environ["ONELOOP_SERVER"] = "box:7"
        self.addCleanup(os.environ.pop, "ONELOOP_SERVER")
        self.assertEqual(resolve(tls_ca=self.write("ca", "text")).address, "box:7")


if __name__ == "__main__":
    support.main()
