"""What callers write becomes the daemon's messages, and what is no argument is refused by name, without a daemon."""

import datetime
import pathlib
import unittest

import oneloop
import support
from oneloop import _bench, _jobs, _library
from oneloop._plans import Context, Try
from oneloop._settings import Settings
from oneloop.v1 import certificate_pb2, job_pb2


def context():
    return Context(Settings("unix:/s", "trace"), patience=0)


def request_of(plan):
    """The request of a plan's first call."""
    step = next(plan)
    assert isinstance(step, Try), step
    return step.request


def submitted(*arguments, **named):
    return request_of(_jobs.submit(context(), *arguments, **named))


class ArgumentsTest(unittest.TestCase):
    def test_factors_are_named_or_left_to_the_daemon(self):
        self.assertEqual(submitted("bert", "gemmini").spec.factors, job_pb2.FACTORS_UNSPECIFIED)
        self.assertEqual(submitted("bert", "gemmini", factors="imperfect").spec.factors, job_pb2.IMPERFECT)
        with self.assertRaisesRegex(oneloop.InvalidArgument, "factors.*perfect"):
            submitted("bert", "gemmini", factors="prefect")

    def test_limits_are_those_of_the_command_line(self):
        limit = job_pb2.Limit
        table = [
            ("area_mm2<=4", limit(quantity="area_mm2", max=4)),
            (" area_mm2 <= 4.5 ", limit(quantity="area_mm2", max=4.5)),
            ("throughput_per_s>=1e2", limit(quantity="throughput_per_s", min=100)),
            ("bert:latency_ms<=1", limit(quantity="latency_ms", max=1, network="bert")),
            (limit(quantity="edp", max=3), limit(quantity="edp", max=3)),
        ]
        for text, message in table:
            self.assertEqual(list(submitted("w", "t", limits=[text]).spec.limits), [message])
        self.assertEqual(len(submitted("w", "t", limits="area_mm2<=4").spec.limits), 1)

    def test_objectives_are_names_products_and_fronts(self):
        self.assertEqual(submitted("w", "t").spec.objective, certificate_pb2.EDP)
        self.assertEqual(submitted("w", "t", objective="latency").spec.objective, certificate_pb2.LATENCY)
        self.assertEqual(submitted("w", "t", objective="energy*latency^2").spec.objective_product, "energy*latency^2")
        front = submitted("w", "t", objective="pareto:energy,area").spec
        self.assertEqual((front.objective, front.objective_front), (certificate_pb2.FRONT, "energy,area"))

    def test_workloads_are_one_or_several_with_weights(self):
        own = oneloop.Workload(name="own")
        self.assertEqual(submitted("w", "t").spec.workload_name, "w")
        self.assertEqual(submitted(own, "t").spec.workload, own)
        spec = submitted([("a", 3), own], "t", combination="worst_ratio", references={"own": 2.5}).spec
        self.assertEqual([(n.workload_name, n.weight) for n in spec.networks], [("a", 3), ("", 0)])
        self.assertEqual(spec.networks[1].reference, 2.5)
        named = submitted({"a": 3, "b": 1}, "t").spec
        self.assertEqual([(n.workload_name, n.weight) for n in named.networks], [("a", 3), ("b", 1)])
        self.assertEqual(spec.combination, certificate_pb2.WORST_RATIO)

    def test_deadlines_are_moments_or_times_from_now(self):
        after = submitted("w", "t", deadline=datetime.timedelta(hours=2))
        self.assertEqual(after.deadline_after.seconds, 7200)
        moment = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
        self.assertEqual(submitted("w", "t", deadline=moment).deadline.seconds, 1893456000)
        update = request_of(_jobs.update(context(), 3, no_deadline=True, pinned=False))
        self.assertEqual(sorted(update.update_mask.paths), ["deadline", "pinned"])

    def test_each_submission_has_a_request_id_of_its_own(self):
        first, second = submitted("w", "t"), submitted("w", "t")
        self.assertNotEqual(first.request_id, second.request_id)
        self.assertEqual(submitted("w", "t", request_id="mine").request_id, "mine")

    def test_jobs_are_messages_numbers_or_names(self):
        name = "projects/default/jobs/12"
        for job in (12, "12", name, oneloop.Job(name=name)):
            self.assertEqual(request_of(_jobs.job(context(), job)).name, name)
        self.assertEqual(request_of(_jobs.design(context(), 12)).name, f"{name}/designs/best")
        self.assertEqual(request_of(_jobs.design(context(), 12, 0)).name, f"{name}/designs/0")

    def test_what_is_wrong_is_named(self):
        row = {"R": 1, "S": 1, "P": 1, "Q": 1, "C": 1, "K": 1, "N": 1, "mapping": "L0[W] P1"}
        template = oneloop.Template(name="t")
        table = [
            ("limits", lambda c: _jobs.submit(c, "w", "t", limits=["area_mm2"])),
            ("limits", lambda c: _jobs.submit(c, "w", "t", limits=["area_mm2<=nan"])),
            ("limits", lambda c: _jobs.submit(c, "w", "t", limits=["area_mm2<=4<=5"])),
            ("algorithm", lambda c: _jobs.submit(c, "w", "t", algorithm="best")),
            ("combination", lambda c: _jobs.submit(c, ["v", "w"], "t", combination="both")),
            ("references", lambda c: _jobs.submit(c, ["v", "w"], "t", references={"u": 1})),
            ("starts", lambda c: _jobs.submit(c, "w", "t", starts="two")),
            ("starts", lambda c: _jobs.submit(c, "w", "t", starts=2.5)),
            ("starts", lambda c: _jobs.submit(c, "w", "t", starts=2**40)),
            ("seed", lambda c: _jobs.submit(c, "w", "t", seed=-1)),
            ("samples", lambda c: _jobs.submit(c, "w", "t", steps=1, samples=1)),
            ("fix.pe_dim", lambda c: _jobs.submit(c, "w", "t", fix={"pe_dim": "wide"})),
            ("labels.a", lambda c: _jobs.submit(c, "w", "t", labels={"a": 1})),
            ("workload", lambda c: _jobs.submit(c, [], "t")),
            ("workload", lambda c: _jobs.submit(c, 3, "t")),
            ("workload", lambda c: _jobs.submit(c, template, "t")),
            ("template", lambda c: _jobs.submit(c, "w", oneloop.Workload(name="w"))),
            ("workload", lambda c: _jobs.submit(c, "model.onnx", "t")),
            ("deadline", lambda c: _jobs.submit(c, "w", "t", deadline=datetime.datetime(2030, 1, 1))),
            ("deadline", lambda c: _jobs.submit(c, "w", "t", deadline="2h")),
            ("job", lambda c: _jobs.job(c, "twelve")),
            ("job", lambda c: _jobs.job(c, "projects/default/jobs/12/points/3")),
            ("update", lambda c: _jobs.update(c, 3)),
            ("rows[1].K", lambda c: _library.evaluate(c, [row, {k: v for k, v in row.items() if k != "K"}], template)),
            ("rows[0].bounds.R", lambda c: _library.evaluate(c, [row | {"R": 1.5}], template)),
            ("rows[0].cycles", lambda c: _library.calibrate(c, [row], template, "n", fix={})),
            ("variants", lambda c: _bench.bench(c, ["w"], "t", variants={})),
            ("variants", lambda c: _bench.bench(c, ["w"], "t", reference="other")),
            ("variants.a", lambda c: _bench.bench(c, ["w"], "t", variants={"a": {"seed": 3}})),
            ("seeds", lambda c: _bench.bench(c, ["w"], "t", seeds=0)),
        ]
        for field, plan in table:
            with self.subTest(field=field), self.assertRaises(oneloop.InvalidArgument) as caught:
                next(plan(context()))
            self.assertEqual(caught.exception.field, field, str(caught.exception))

    def test_a_file_that_is_not_there_is_not_found(self):
        with self.assertRaisesRegex(oneloop.NotFound, "workload: /none.yaml: no such file"):
            next(_jobs.submit(context(), pathlib.Path("/none.yaml"), "t"))

    def test_both_clients_have_the_same_methods_parameters_and_texts(self):
        import inspect

        def public(cls):
            return {name: member for name, member in inspect.getmembers(cls) if not name.startswith("_")}

        blocking, waiting = public(oneloop.Client), public(oneloop.AsyncClient)
        self.assertEqual(blocking.keys(), waiting.keys())
        self.assertGreaterEqual(len(blocking), 28)
        for name in blocking.keys() - {"address", "close"}:
            self.assertTrue(blocking[name].__doc__, name)
            self.assertEqual(blocking[name].__doc__, waiting[name].__doc__)
            parameters = inspect.signature(blocking[name]).parameters
            self.assertEqual(list(parameters), list(inspect.signature(waiting[name]).parameters), name)
            self.assertEqual(next(iter(parameters)), "self")


if __name__ == "__main__":
    support.main()
