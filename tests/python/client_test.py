"""The package against a real daemon: what it returns is what the command line shows."""

import asyncio
import datetime
import json
import math
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import oneloop
import support
from oneloop._plans import Receive, Try

SMALL = {"starts": 2, "steps": 60}


class ClientTest(support.DaemonTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = oneloop.Client()
        cls.addClassCleanup(cls.client.close)
        cls.done = cls.client.wait(cls.client.submit("alexnet", "gemmini", labels={"of": "test"}, **SMALL))

    def test_a_job_ends_with_its_figures(self):
        self.assertEqual(oneloop.state_name(self.done), "succeeded")
        self.assertTrue(oneloop.is_final(self.done))
        shown = json.loads(self.oneloop("get", self.done.name.rpartition("/")[2], "--format", "json"))
        self.assertEqual(self.done.best.edp, shown["best"]["edp"])
        self.assertEqual(self.client.job(self.done), self.client.job(1))
        info = self.client.server_info()
        self.assertEqual((info.api, info.version), ("oneloop.v1", oneloop.__version__))

    def test_a_watch_tells_of_every_point_and_state_and_ends(self):
        job = self.client.submit("alexnet", "gemmini", **SMALL)
        messages = list(self.client.watch(job))
        self.assertTrue(messages[0].snapshot)
        states = [change.state for message in messages for change in message.state_changes]
        self.assertEqual(states[-1], oneloop.JobState.SUCCEEDED)
        told = messages[0].job.progress.points + sum(message.new_points for message in messages[1:])
        self.assertEqual(told, len(list(self.client.points(job))))
        # From the end on there is nothing new to tell.
        for message in self.client.watch(job, start_revision=messages[-1].resume_revision):
            self.assertEqual((len(message.state_changes), message.new_points, len(message.front_entered)), (0, 0, 0))

    def test_a_watch_can_be_left(self):
        job = self.client.submit("alexnet", "gemmini", starts=2, steps=100000)
        for message in self.client.watch(job):
            break
        self.assertFalse(oneloop.is_final(message.job))
        self.assertEqual(oneloop.state_name(self.client.cancel(job)), "cancelled")

    def test_a_closed_client_ends_what_is_under_way(self):
        with oneloop.Client() as client:
            job = client.submit("alexnet", "gemmini", starts=2, steps=100000)
            with self.assertRaisesRegex(RuntimeError, "closed"):
                for message in client.watch(job):
                    client.close()
            with self.assertRaisesRegex(RuntimeError, "closed"):
                client.job(job)
        self.client.cancel(job)

    def test_points_come_page_by_page_and_as_rows(self):
        points = self.client.points(self.done, page_size=7)
        numbers = [point.number for point in points]
        self.assertEqual(len(numbers), self.done.progress.points)
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(numbers, [point.number for point in points], "the second time around")
        rows = points.to_dicts()
        shown = json.loads(self.oneloop("points", "1", "--format", "json"))["points"]
        self.assertEqual([row["edp"] for row in rows], [point["edp"] for point in shown])
        self.assertEqual(rows[-1]["pe_dim"], shown[-1]["parameters"]["pe_dim"])
        self.assertEqual({row["origin"] for row in rows}, {point["origin"].lower() for point in shown})
        front = [row["number"] for row in self.client.front(self.done).to_dicts()]
        self.assertEqual(front, [row["number"] for row in rows if row["pareto"]])
        exact = list(self.client.points(self.done, exact_only=True, start=1))
        self.assertEqual({point.start for point in exact}, {1})
        self.assertLess(len(exact), len(numbers))

    def test_points_become_a_data_frame(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("pandas is not installed")
        frame = self.client.points(self.done).to_pandas()
        self.assertIsInstance(frame, pandas.DataFrame)
        self.assertEqual(len(frame), self.done.progress.points)
        self.assertEqual(frame["edp"].dtype, float)
        self.assertEqual(frame["pareto"].dtype, bool)
        self.assertEqual(frame.loc[frame["score"].idxmin(), "edp"], self.done.best.edp)
        # And frames are rows.
        layers = self.client.design(self.done).layers
        rows = []
        for layer in layers:
            # Those that are 1 are left out: gaps of the frame.
            bounds = {f.name: n for f, n in layer.bounds.ListFields() if n > 1 or f.name in "RSPQCKN"}
            rows.append(bounds | {"mapping": layer.mapping} | dict(self.done.best.parameters))
        frame = pandas.DataFrame(rows)
        self.assertTrue(frame["Wstride"].isna().any())
        scores = self.client.evaluate(frame, "gemmini")
        self.assertEqual([score.energy_uj for score in scores], [layer.energy_uj for layer in layers])

    def test_without_pandas_it_says_what_to_install(self):
        with mock.patch.dict(sys.modules, {"pandas": None}):
            with self.assertRaisesRegex(ImportError, "python3-pandas"):
                self.client.front(self.done).to_pandas()

    def test_designs_and_explanations_are_those_of_the_command_line(self):
        design = self.client.design(self.done)
        shown = json.loads(self.oneloop("design", "1", "--format", "json"))
        self.assertEqual(design.edp, shown["edp"])
        self.assertEqual([layer.mapping for layer in design.layers], [layer["mapping"] for layer in shown["layers"]])
        worst = max(self.client.front(self.done), key=lambda point: point.edp)
        self.assertEqual(self.client.design(self.done, worst.number).edp, worst.edp)
        explanation = self.client.explain(self.done, sensitivities=False)
        self.assertEqual([layer.name for layer in explanation.layers], [layer.name for layer in design.layers])
        self.assertFalse(explanation.HasField("sensitivities"))
        self.assertTrue(self.client.explain(self.done, samples=8).HasField("sensitivities"))

    def test_jobs_are_filtered_and_fetched_page_by_page(self):
        self.assertIn(1, [int(job.name.rpartition("/")[2]) for job in self.client.jobs(page_size=1)])
        self.assertEqual([job.name for job in self.client.jobs("label.of=test")], [self.done.name])
        self.assertEqual(list(self.client.jobs("label.of=none")), [])
        with self.assertRaises(oneloop.InvalidArgument) as caught:
            list(self.client.jobs("label.of~test"))
        self.assertEqual(caught.exception.field, "filter")

    def test_jobs_change_as_asked(self):
        job = self.client.submit("alexnet", "gemmini", starts=2, steps=100000)
        self.assertEqual(oneloop.state_name(self.client.pause(job)), "paused")
        changed = self.client.update(job, priority=7, labels={"chip": "a1"}, pinned=True)
        self.assertEqual((changed.priority, dict(changed.labels), changed.pinned), (7, {"chip": "a1"}, True))
        self.assertEqual(self.client.update(job, priority=-7).labels["chip"], "a1")
        self.assertTrue(self.client.update(job, deadline=datetime.timedelta(hours=1)).HasField("deadline"))
        self.assertFalse(self.client.update(job, no_deadline=True).HasField("deadline"))
        with self.assertRaises(oneloop.Aborted):
            self.client.cancel(job, etag=job.etag)
        self.assertIn(oneloop.state_name(self.client.resume(job)), ("pending", "running"))
        self.client.cancel(job)
        self.assertTrue(self.client.delete(job).HasField("delete_time"))
        self.assertNotIn(job.name, [each.name for each in self.client.jobs()])
        self.assertIn(job.name, [each.name for each in self.client.jobs(show_deleted=True)])
        self.assertFalse(self.client.undelete(job).HasField("delete_time"))
        self.client.delete(job, purge=True)
        with self.assertRaises(oneloop.NotFound):
            self.client.job(job)

    def test_errors_have_the_class_of_their_code_and_their_field(self):
        table = [
            (oneloop.InvalidArgument, "spec.starts", lambda: self.client.submit("alexnet", "gemmini", starts=0)),
            (oneloop.InvalidArgument, "spec.limits[0].quantity",
             lambda: self.client.submit("alexnet", "gemmini", limits=["weight<=4"])),
            (oneloop.NotFound, "", lambda: self.client.job(999999)),
            (oneloop.NotFound, "", lambda: self.client.design(self.done, 999999)),
            (oneloop.FailedPrecondition, "", lambda: self.client.cancel(self.done)),
            (oneloop.NotFound, "", lambda: next(self.client.watch(999999))),
        ]  # fmt: skip
        for cls, field, call in table:
            with self.subTest(cls=cls, field=field), self.assertRaises(oneloop.OneLoopError) as caught:
                call()
            self.assertIs(type(caught.exception), cls, caught.exception)
            self.assertEqual(caught.exception.field, field)

    def test_a_request_id_makes_one_job(self):
        first = self.client.submit("alexnet", "gemmini", request_id="once", **SMALL)
        self.assertEqual(self.client.submit("alexnet", "gemmini", request_id="once", **SMALL).name, first.name)
        with self.assertRaises(oneloop.AlreadyExists):
            self.client.submit("alexnet", "gemmini", request_id="once", starts=3)
        before = len(list(self.client.jobs()))
        self.client.submit("alexnet", "gemmini", validate_only=True)
        self.assertEqual(len(list(self.client.jobs())), before)

    def test_workloads_and_templates_go_in_as_they_came_out(self):
        self.assertIn("alexnet", [workload.name for workload in self.client.workloads()])
        template = self.client.template("gemmini")
        self.assertIn(template.name, [each.name for each in self.client.templates()])
        workload = self.client.workload("alexnet")
        workload.name = "mine"
        job = self.client.wait(self.client.submit(workload, template, **SMALL))
        self.assertEqual(job.workload_display_name, "mine")
        self.assertEqual(job.best.edp, self.done.best.edp)
        shared = self.client.submit([("alexnet", 3), "bert"], "gemmini", validate_only=True)
        self.assertEqual([network.weight for network in shared.spec.networks], [3, 1])

    def test_files_are_read_by_the_daemon(self):
        path = support.SOURCES / "data/workloads/alexnet.yaml"
        job = self.client.submit(path, "gemmini", validate_only=True)
        self.assertEqual(job.workload_display_name, "alexnet")
        broken = Path(self.folder, "broken.yaml")
        broken.write_text("name: broken\nlayerz: []\n")
        with self.assertRaisesRegex(oneloop.InvalidArgument, r"broken\.yaml:2:1: .*layers"):
            self.client.workload(broken)
        job = self.client.submit(str(path), support.SOURCES / "data/templates/gemmini.yaml", validate_only=True)
        self.assertEqual(job.template_display_name, "gemmini")

    def test_rows_are_evaluated_as_by_the_command_line(self):
        design = self.client.design(self.done)
        rows = []
        for layer in design.layers:
            bounds = {field.name: value for field, value in layer.bounds.ListFields()}
            rows.append({"Wstride": 1, "Hstride": 1} | bounds | dict(design.parameters) | {"mapping": layer.mapping})
        columns = [*rows[0]]
        file = Path(self.folder, "rows.csv")
        lines = [",".join(columns), *(",".join(str(row.get(name, 1)) for name in columns) for row in rows)]
        file.write_text("\n".join(lines) + "\n")
        printed = self.oneloop("evaluate", str(file), "--template", "gemmini").splitlines()
        scores = self.client.evaluate(rows, "gemmini")
        for score, layer, line in zip(scores, design.layers, printed[1:], strict=True):
            self.assertEqual([score.energy_uj, score.latency_cycles], [layer.energy_uj, layer.latency_cycles])
            shown = dict(zip(printed[0].split(","), line.split(","), strict=True))
            self.assertEqual(float(shown["energy_uj"]), score.energy_uj)
        many = rows * 700
        self.assertEqual(len(self.client.evaluate(many, "gemmini")), len(many))
        many[-2] = many[-2] | {"mapping": "no mapping"}
        with self.assertRaises(oneloop.InvalidArgument) as caught:
            self.client.evaluate(many, self.client.template("gemmini"))
        self.assertEqual(caught.exception.field, f"rows[{len(many) - 2}].mapping")
        self.assertIn(f"rows[{len(many) - 2}].mapping", str(caught.exception))
        last = self.client.evaluate(many, "gemmini", keep_going=True)
        self.assertEqual([i for i, score in enumerate(last) if score.HasField("error")], [len(many) - 2])

    def test_a_calibration_is_trained_from_rows_and_used(self):
        job = self.client.wait(self.client.submit("resnet50", "gemmini", fix={"pe_dim": 16}, starts=2, steps=200))
        rows = {}
        for point in list(self.client.points(job, exact_only=True))[-40:]:
            for layer in self.client.design(job, point.number).layers:
                bounds = {field.name: value for field, value in layer.bounds.ListFields()}
                row = bounds | {"mapping": layer.mapping, "cycles": 1.2 * layer.latency_cycles + 1000}
                rows[repr(row)] = row
        measured = [*rows.values()]
        with self.assertRaises(oneloop.InvalidArgument) as caught:
            self.client.calibrate(measured[:10], "gemmini", "few", fix={"pe_dim": 16})
        self.assertEqual(caught.exception.field, "rows")
        calibration = self.client.calibrate(measured, "gemmini", "mychip", fix={"pe_dim": 16})
        self.assertEqual(calibration.message, "")
        self.assertTrue(calibration.held_out)
        self.assertIn("mychip", [each.name.rpartition("/")[2] for each in self.client.calibrations()])
        self.client.submit("resnet50", "gemmini", calibration="mychip", fix={"pe_dim": 16}, validate_only=True)
        self.client.delete_calibration("mychip")
        with self.assertRaises(oneloop.NotFound):
            self.client.calibration("mychip")

    def test_a_comparison_has_the_figures_of_the_command_line(self):
        arguments = ["--workload", "alexnet", "--workload", "bert", "--algorithm", "gradient", "--algorithm", "random"]
        shown = json.loads(
            self.oneloop("bench", *arguments, "--seeds", "2", "--starts", "2", "--steps", "60", "--format", "json")
        )
        heard = []
        found = self.client.bench(
            ["alexnet", "bert"], "gemmini", variants={name: {"algorithm": name} for name in ("gradient", "random")},
            seeds=2, on_run=heard.append, **SMALL,
        )  # fmt: skip
        self.assertEqual(heard, found.runs)
        for cell, row in zip(found.table(), shown["table"], strict=True):
            self.assertEqual((cell.workload, cell.variant, cell.seeds), (row["workload"], row["variant"], row["seeds"]))
            for name in ("mean_edp", "median_edp", "worst_edp", "gap"):
                self.assertAlmostEqual(getattr(cell, name) / row[name], 1, delta=1e-12, msg=name)
        for row in shown["ratios"]:
            self.assertAlmostEqual(found.ratios()[row["variant"]] / row["ratio"], 1, delta=1e-12)
        # At all samples the bests are those of the ends; at half of them no better; before the first there is none.
        ends = [cell.mean_edp for cell in found.table()]
        self.assertEqual([cell.mean_edp for cell in found.table(samples=120)], ends)
        self.assertTrue(all(half.mean_edp >= end for half, end in zip(found.table(samples=60), ends)))
        self.assertTrue(math.isinf(found.table(samples=0)[0].mean_edp))
        for band in found.bands("bert").values():
            self.assertTrue(all(step.least <= step.median <= step.most for step in band))
            self.assertGreater(len(band), 1)
        self.assertEqual(len(found.to_dicts()), 8)
        self.assertEqual(len(str(found).splitlines()), 5)

    def test_an_interrupted_comparison_cancels_its_job(self):
        carry_out = oneloop.Client._outcome

        def is_submission(step):
            return isinstance(step, Try) and step.method == "SearchService.CreateJob" and not step.request.validate_only

        # While it watches, and between the making of the job and the answer to that.
        for steps, moment in ((100001, lambda step: isinstance(step, Receive)), (100002, is_submission)):
            moments = []

            def interrupted(client, step):
                outcome = carry_out(client, step)
                if moment(step) and not moments:
                    moments.append(step)
                    raise KeyboardInterrupt
                return outcome

            with mock.patch.object(oneloop.Client, "_outcome", interrupted), self.assertRaises(KeyboardInterrupt):
                self.client.bench(["alexnet"], "gemmini", variants={"long": {}}, starts=2, steps=steps, seeds=1)
            states = [oneloop.state_name(job) for job in self.client.jobs() if job.spec.steps == steps]
            self.assertEqual(states, ["cancelled"])


class AsyncClientTest(support.DaemonTest):
    def test_submits_watches_and_reads_side_by_side(self):
        async def search(client, seed):
            job = await client.submit("alexnet", "gemmini", seed=seed, labels={"side": "by-side"}, **SMALL)
            async for message in client.watch(job):
                pass
            return await client.wait(job), message

        async def run():
            async with oneloop.AsyncClient() as client:
                found = await asyncio.gather(*(search(client, seed) for seed in range(3)))
                for job, last in found:
                    self.assertEqual(oneloop.state_name(job), "succeeded")
                    self.assertEqual(last.job.best.edp, job.best.edp)
                    rows = await client.points(job, page_size=50).to_dicts()
                    self.assertEqual(len(rows), job.progress.points)
                    front = [point.number async for point in client.front(job)]
                    self.assertEqual(front, [row["number"] for row in rows if row["pareto"]])
                self.assertEqual(len([job async for job in client.jobs("label.side=by-side", page_size=2)]), 3)
                self.assertEqual((await client.design(found[0][0])).edp, found[0][0].best.edp)
                with self.assertRaises(oneloop.InvalidArgument) as caught:
                    await client.submit("alexnet", "gemmini", starts=0)
                self.assertEqual(caught.exception.field, "spec.starts")
                comparison = await client.bench(["alexnet"], "gemmini", variants={"as it is": {}}, seeds=1, **SMALL)
                self.assertEqual(comparison.runs[0].best_edp, found[0][0].best.edp)

        asyncio.run(run())

    def test_a_closed_client_ends_what_is_under_way(self):
        async def run():
            client = oneloop.AsyncClient()
            job = await client.submit("alexnet", "gemmini", starts=2, steps=100000)
            # So that nothing happens to it any more.
            await client.pause(job)
            heard = asyncio.Event()
            messages = []

            async def watch():
                async for message in client.watch(job):
                    messages.append(message)
                    heard.set()

            task = asyncio.create_task(watch())
            await heard.wait()
            await client.close()
            with self.assertRaisesRegex(RuntimeError, "closed"):
                await task
            self.assertEqual(len(messages), 1)
            async with oneloop.AsyncClient() as another:
                await another.cancel(job)

        asyncio.run(run())

    def test_a_cancelled_task_cancels_its_comparison(self):
        async def running(client):
            while True:
                async for job in client.jobs("state=RUNNING"):
                    return job

        async def run():
            async with oneloop.AsyncClient() as client:
                compared = client.bench(["alexnet"], "gemmini", variants={"long": {}}, seeds=1, starts=2, steps=100000)
                task = asyncio.create_task(compared)
                job = await running(client)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                self.assertEqual(oneloop.state_name(await client.job(job)), "cancelled")

        asyncio.run(run())


class AccessTest(unittest.TestCase):
    """Daemons that not everybody may call."""

    def daemon(self, *flags):
        folder = tempfile.mkdtemp(prefix="oneloop_")
        self.addCleanup(shutil.rmtree, folder)
        daemon = support.Daemon(f"{folder}/data", *flags)
        self.addCleanup(daemon.stop)
        return daemon

    def token(self, daemon, *flags):
        command = [support.PROGRAMS / "oneloopd", "token", "create", "--data_dir", daemon.data_dir, *flags]
        token = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        path = Path(daemon.data_dir).parent / "token"
        path.write_text(token)
        path.chmod(stat.S_IRUSR)
        return path

    def test_tokens_let_in_and_their_scope_is_told(self):
        daemon = self.daemon("--listen", "127.0.0.1:0")
        address = daemon.address
        with oneloop.Client(address) as client, self.assertRaises(oneloop.Unauthenticated):
            client.server_info()
        viewer = self.token(daemon, "--user", "ada", "--scope", "viewer", "--project", "default")
        with oneloop.Client(address, token_file=viewer) as client:
            self.assertEqual(client.server_info().user, "ada")
            with self.assertRaises(oneloop.PermissionDenied):
                client.submit("alexnet", "gemmini", validate_only=True)

    def test_limits_say_when_to_come_again(self):
        daemon = self.daemon("--max_unfinished_jobs_per_user", "1")
        with oneloop.Client(f"unix:{daemon.data_dir}/oneloop.sock", patience=0) as client:
            client.submit("alexnet", "gemmini", starts=2, steps=1000000)
            with self.assertRaises(oneloop.ResourceExhausted) as caught:
                client.submit("alexnet", "gemmini")
            self.assertGreater(caught.exception.retry_delay, 0)

    def test_certificates_of_both_sides(self):
        if shutil.which("openssl") is None:
            self.skipTest("openssl is not installed")
        folder = tempfile.mkdtemp(prefix="oneloop_")
        self.addCleanup(shutil.rmtree, folder)
        new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        script = f"""cd {folder} && umask 077 &&
            openssl req -x509 {new_key} -keyout tls.key -out tls.crt -subj /CN=box -addext subjectAltName=IP:127.0.0.1 &&
            openssl req -x509 {new_key} -keyout ca.key -out ca.crt -subj /CN=team &&
            openssl req -new {new_key} -keyout ada.key -out ada.csr -subj /CN=ada &&
            openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -in ada.csr -out ada.crt"""
        subprocess.run(["sh", "-c", script], check=True, capture_output=True)
        daemon = self.daemon("--listen", "127.0.0.1:0", "--tls_cert", f"{folder}/tls.crt",
                             "--tls_key", f"{folder}/tls.key", "--tls_client_ca", f"{folder}/ca.crt")  # fmt: skip
        address = daemon.address
        own = {"tls_cert": f"{folder}/ada.crt", "tls_key": f"{folder}/ada.key"}
        with oneloop.Client(address, tls_ca=f"{folder}/tls.crt", **own) as client:
            self.assertEqual(client.server_info().user, "ada")
        # No TLS, another authority, no certificate of one's own.
        for arguments in ({}, {"tls_ca": f"{folder}/ca.crt", **own}, {"tls_ca": f"{folder}/tls.crt"}):
            with oneloop.Client(address, patience=0, **arguments) as client:
                with self.assertRaisesRegex(oneloop.Unavailable, "TLS and the client's do not fit"):
                    client.server_info()

        async def ask():
            async with oneloop.AsyncClient(address, tls_ca=f"{folder}/tls.crt", **own) as client:
                return await client.server_info()

        self.assertEqual(asyncio.run(ask()).user, "ada")

    def test_nobody_there_is_told_with_what_to_do(self):
        with oneloop.Client("unix:/nowhere/oneloop.sock", patience=0) as client:
            with self.assertRaisesRegex(oneloop.Unavailable, "oneloopd --data_dir /nowhere"):
                client.server_info()
        with socket.create_server(("127.0.0.1", 0)) as closed:
            address = f"127.0.0.1:{closed.getsockname()[1]}"
        with oneloop.Client(address, patience=0) as client:
            with self.assertRaisesRegex(oneloop.Unavailable, "is it running"):
                client.server_info()


if __name__ == "__main__":
    support.main()
