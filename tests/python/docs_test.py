"""The code in docs/PYTHON.md and README.md runs against a daemon, word for word."""

import re

import oneloop
import support


class DocsTest(support.DaemonTest):
    def run_blocks(self, document, least):
        namespace = {}
        ran = 0
        for line, text in support.blocks(document, "python"):
            code = compile("\n" * (line - 1) + text, document, "exec")
            try:
                exec(code, namespace)
                ran += 1
            except ImportError as error:
                if "pandas" not in str(error):
                    raise
                print(f"\ndocs_test.py:1: Skipped\n{document}: a block needs pandas", flush=True)
        if "client" in namespace:
            namespace["client"].close()
        self.assertGreaterEqual(ran, least)

    def test_code_of_the_guide_runs(self):
        self.run_blocks("docs/PYTHON.md", 6)

    def test_code_of_the_readme_runs(self):
        self.run_blocks("README.md", 1)

    def test_methods_that_the_guide_names_exist(self):
        text = (support.SOURCES / "docs/PYTHON.md").read_text()
        table = re.findall(r"^\| (`.*`) \|", text, re.MULTILINE)
        names = {name for row in table for name in re.findall(r"`(\w+)`", row)}
        public = {name for name in dir(oneloop.Client) if not name.startswith("_")}
        self.assertEqual(names, public - {"address", "close"})


if __name__ == "__main__":
    support.main()
