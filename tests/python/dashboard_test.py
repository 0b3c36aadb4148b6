"""Each expression of deploy/grafana/oneloop.json asks for metrics and labels that a running daemon prints."""

import json
import re
import urllib.request

import oneloop
import support

# What Prometheus itself adds to each series.
TARGET_LABELS = {"instance"}
# Of PromQL and Grafana; whatever else is a name has to be a metric or a label.
WORDS = {"sum", "max", "by", "rate", "increase", "histogram_quantile", "label_values", "le"}


def exposed(text):
    """Labels of each metric, and the values of those labels."""
    metrics, values = {}, {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? [^ ]+$", text, re.MULTILINE):
        pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        metrics.setdefault(name, set()).update(pairs)
        for label, value in pairs.items():
            values.setdefault((name, label), set()).add(value)
    return metrics, values


class DashboardTest(support.DaemonTest):
    flags = ("--metrics_listen", "127.0.0.1:0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with oneloop.Client() as client:
            client.wait(client.submit("alexnet", "gemmini", starts=2, steps=60))
        with urllib.request.urlopen(cls.daemon.metrics_url) as answer:
            cls.metrics, cls.values = exposed(answer.read().decode())
        cls.dashboard = json.loads((support.SOURCES / "deploy/grafana/oneloop.json").read_text())
        cls.panels = [panel for panel in cls.dashboard["panels"] if panel["type"] != "row"]

    def expressions(self):
        for panel in self.panels:
            for target in panel["targets"]:
                yield panel["title"], target["expr"], target["legendFormat"]
        for variable in self.dashboard["templating"]["list"]:
            if variable["type"] == "query":
                yield variable["name"], variable["query"]["query"], ""

    def check(self, expression, legend):
        """What is wrong with an expression; "" when nothing is."""
        bare = re.sub(r'"[^"]*"|\[[^\]]*\]', "", expression)
        names = set(re.findall(r"(?<![$\w])[a-zA-Z_]\w*", bare))
        found = [name for name in names if name in self.metrics]
        if len(found) != 1:
            return f"names {len(found)} metrics of {sorted(names)}"
        (metric,) = found
        labels = self.metrics[metric] | TARGET_LABELS
        for name in names - WORDS - {metric} - labels:
            return f"{metric} has no label {name}"
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", bare))))
        for name in set(re.findall(r"\{\{(\w+)\}\}", legend)) - grouped:
            return f"the legend shows {name}, by which nothing is grouped"
        # Of alternatives that are written out, each has to be a value that the daemon knows.
        for label, value in re.findall(r'(\w+)=~?"([\w|]+)"', expression):
            for alternative in value.split("|"):
                if alternative not in self.values.get((metric, label), ()):
                    return f"{metric} has no {label} {alternative}"
        rated = re.search(r"\b(rate|increase)\(", expression) is not None
        if rated != metric.endswith(("_total", "_bucket", "_sum", "_count")):
            return "a counter is shown by its rate, a gauge as it is"
        return ""

    def test_expressions_ask_for_what_the_daemon_prints(self):
        count = 0
        for title, expression, legend in self.expressions():
            self.assertEqual(self.check(expression, legend), "", f"{title}: {expression}")
            count += 1
        self.assertGreater(count, 20)

    def test_what_it_does_not_print_is_found(self):
        table = [
            ("sum(oneloop_job)", "", "names 0 metrics"),
            ("sum by (status) (oneloop_jobs)", "", "no label status"),
            ('sum(oneloop_jobs{status="running"})', "", "no label status"),
            ('sum(oneloop_jobs{state=~"running|done"})', "", "no state done"),
            ("sum by (state) (oneloop_jobs)", "{{code}}", "legend shows code"),
            ("sum(oneloop_samples_total)", "", "by its rate"),
            ("sum(rate(oneloop_jobs[5m]))", "", "by its rate"),
            ("sum(rate(oneloop_rpc_duration_seconds[5m]))", "", "names 0 metrics"),
        ]
        for expression, legend, problem in table:
            self.assertIn(problem, self.check(expression, legend), expression)

    def test_panels_do_not_overlap_and_have_their_data_source(self):
        taken = set()
        for panel in self.dashboard["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells
        self.assertEqual(len({panel["id"] for panel in self.dashboard["panels"]}), len(self.dashboard["panels"]))
        for panel in self.panels:
            for part in (panel, *panel["targets"]):
                self.assertEqual(part["datasource"], {"type": "prometheus", "uid": "${datasource}"})


if __name__ == "__main__":
    support.main()
