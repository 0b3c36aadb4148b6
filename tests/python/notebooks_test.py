"""The notebooks run from their first cell to the last, and are committed without what they print."""

import ast
import importlib.util
import json
import os

import support

FOLDER = support.SOURCES / "client/python/notebooks"


def notebook(name):
    cells = json.loads((FOLDER / name).read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def run_cell(source, place, namespace):
    """As a notebook does: the value of the last expression is shown."""
    tree = ast.parse(source, place)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, place, "exec"), namespace)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), place, "eval"), namespace)
        if value is not None:
            print(value)


class NotebooksTest(support.DaemonTest):
    def run_notebook(self, name):
        for library in ("matplotlib", "pandas"):
            if importlib.util.find_spec(library) is None:
                self.skipTest(f"{library} is not installed")
        os.environ["MPLBACKEND"] = "Agg"
        from matplotlib import pyplot

        self.addCleanup(pyplot.close, "all")
        namespace = {}
        for i, cell in enumerate(notebook(name)):
            run_cell("".join(cell["source"]), f"{name}, code cell {i + 1}", namespace)
        figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
        for figure in figures:
            for axes in figure.axes:
                self.assertTrue(axes.has_data())
            # Drawn as it would be seen.
            figure.canvas.draw()
        return namespace, figures

    def test_a_search_ends_with_a_plotted_front(self):
        namespace, figures = self.run_notebook("search.ipynb")
        self.assertEqual(len(figures), 3)
        drawn = namespace["marks"].get_offsets()
        self.assertEqual(len(drawn), namespace["job"].progress.front_size)
        self.assertGreater(len(drawn), 3)
        self.assertLessEqual(max(namespace["front"]["area_mm2"]), 8)
        self.assertEqual(namespace["bests"][-1], namespace["job"].best.edp)

    def test_algorithms_are_compared(self):
        namespace, figures = self.run_notebook("compare.ipynb")
        self.assertEqual(len(namespace["comparison"].runs), 2 * 3 * 3)
        self.assertGreater(min(namespace["ratios"][name] for name in ("random", "bayesian")), 1)
        self.assertEqual(len(figures), 1)
        self.assertEqual(len(namespace["ablations"].table()), 3)

    def test_they_are_committed_without_outputs(self):
        names = sorted(path.name for path in FOLDER.glob("*.ipynb"))
        self.assertEqual(names, ["compare.ipynb", "search.ipynb"])
        for name in names:
            for cell in notebook(name):
                self.assertEqual((cell["outputs"], cell["execution_count"]), ([], None), name)


if __name__ == "__main__":
    support.main()
