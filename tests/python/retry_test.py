"""When a call is tried again, and when not: steps are played to the plan, so that nothing waits."""

import unittest

import grpc

import oneloop
import support
from oneloop import _jobs
from oneloop._plans import Context, Emit, Listener, Look, Open, Receive, Sleep, Try
from oneloop._rpc import error_details_pb2, status_pb2
from oneloop._settings import Settings
from oneloop.errors import from_rpc
from oneloop.v1 import job_pb2, search_service_pb2

NO_CONNECTION = "failed to connect to all addresses; last error: ..."


class RpcError(Exception):
    """As gRPC raises it."""

    def __init__(self, code, text="", details=()):
        self._code, self._text = code, text
        status = status_pb2.Status()
        for detail in details:
            status.details.add(type_url=f"type.googleapis.com/google.rpc.{detail.DESCRIPTOR.name}",
                               value=detail.SerializeToString())  # fmt: skip
        self._metadata = (("grpc-status-details-bin", status.SerializeToString()),) if details else ()

    def code(self):
        return self._code

    def details(self):
        return self._text

    def trailing_metadata(self):
        return self._metadata


def error(code, text="", details=()):
    return from_rpc(RpcError(code, text, details), "unix:/s")


def retry_info(seconds):
    info = error_details_pb2.RetryInfo()
    info.retry_delay.FromMilliseconds(int(seconds * 1000))
    return info


BUSY = error(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many", [retry_info(2)])
FULL = error(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many for good")
AWAY = error(grpc.StatusCode.UNAVAILABLE, NO_CONNECTION)
BROKEN = error(grpc.StatusCode.UNAVAILABLE, "Socket closed")
SAID = error(grpc.StatusCode.UNAVAILABLE, "the disk fails", [error_details_pb2.BadRequest()])


class Play:
    """Carries out a plan. `answers` are those of calls and streams, the last one for ever; sleeping passes time."""

    def __init__(self, answers, listener=Listener.SOMEBODY, address="unix:/s", patience=60.0):
        self.answers = list(answers)
        self.listener = listener
        self.now = 0.0
        self.sleeps = []
        self.items = []
        self.tries = []
        self.opened = []
        self.context = Context(Settings(address, "trace"), patience=patience, now=lambda: self.now, draw=lambda: 0.5)

    def run(self, plan):
        resume, outcome = plan.send, None
        while True:
            try:
                step = resume(outcome)
            except StopIteration as end:
                return end.value
            resume, outcome = plan.send, None
            if isinstance(step, Sleep):
                self.sleeps.append(step.seconds)
                self.now += step.seconds
            elif isinstance(step, Look):
                outcome = self.listener
            elif isinstance(step, Emit):
                self.items.append(step.item)
            elif isinstance(step, Open):
                self.opened.append(step.request.start_revision)
                outcome = self
            else:
                assert isinstance(step, (Try, Receive))
                if isinstance(step, Try):
                    self.tries.append(step.request)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if isinstance(answer, Exception):
                    resume, outcome = plan.throw, answer
                else:
                    outcome = answer

    def cancel(self):
        """As the stream."""


class RetryTest(unittest.TestCase):
    def test_reads_are_tried_until_the_daemon_is_back(self):
        play = Play([AWAY, BROKEN, SAID, "job"])
        self.assertEqual(play.run(_jobs.job(play.context, 1)), "job")
        self.assertEqual(play.sleeps, [0.1, 0.2, 0.4])

    def test_submissions_are_repeated_with_the_same_request_id(self):
        play = Play([BROKEN, "job"])
        play.run(_jobs.submit(play.context, "w", "t"))
        self.assertEqual(len({request.request_id for request in play.tries}), 1)
        self.assertEqual(len(play.tries), 2)

    def test_other_changes_are_repeated_only_when_refused_or_never_sent(self):
        play = Play([AWAY, BUSY, "job"])
        self.assertEqual(play.run(_jobs.cancel(play.context, 1)), "job")
        play = Play([BROKEN, "job"])
        with self.assertRaisesRegex(oneloop.Unavailable, "broke before it answered"):
            play.run(_jobs.cancel(play.context, 1))
        self.assertEqual(len(play.tries), 1)

    def test_a_busy_daemon_is_asked_again_when_it_says(self):
        play = Play([BUSY, "job"])
        play.run(_jobs.job(play.context, 1))
        self.assertEqual(play.sleeps, [2.1])

    def test_patience_ends(self):
        # Who listens, where, how long it is tried.
        table = [
            (Listener.NOBODY, "unix:/s", 3, "start it with"),
            (Listener.MUTE, "box:7", 10, "not even with a refusal"),
            (Listener.UNFIT, "box:7", 3, "TLS"),
            (Listener.SOMEBODY, "unix:/s", 60, "does not answer"),
        ]
        for listener, address, seconds, text in table:
            with self.subTest(listener=listener):
                play = Play([AWAY], listener, address)
                with self.assertRaisesRegex(oneloop.Unavailable, text):
                    play.run(_jobs.job(play.context, 1))
                self.assertAlmostEqual(play.now, seconds)

    def test_what_would_come_too_late_is_raised_at_once(self):
        for answer in (BUSY, FULL):
            play = Play([answer], patience=2.0)
            with self.assertRaises(oneloop.ResourceExhausted):
                play.run(_jobs.job(play.context, 1))
            self.assertEqual(play.sleeps, [])
        play = Play([AWAY], patience=0)
        with self.assertRaises(oneloop.Unavailable):
            play.run(_jobs.job(play.context, 1))
        self.assertEqual(play.sleeps, [])


def message(revision, state=job_pb2.RUNNING):
    return search_service_pb2.WatchResponse(resume_revision=revision, job=job_pb2.Job(state=state, revision=revision))


def job(revision, state):
    return job_pb2.Job(state=state, revision=revision)


class WatchRetryTest(unittest.TestCase):
    def watch(self, *answers, **options):
        play = Play(answers, **options)
        play.run(_jobs.watch(play.context, 1))
        return play

    def test_goes_on_where_it_broke(self):
        play = self.watch(message(5), message(7), BROKEN, AWAY, message(9), message(11, job_pb2.SUCCEEDED), None)
        self.assertEqual(play.opened, [0, 7, 7])
        self.assertEqual([item.resume_revision for item in play.items], [5, 7, 9, 11])
        self.assertEqual(play.sleeps, [0.05, 0.1])

    def test_a_stream_that_a_stopping_daemon_closes_is_not_the_end(self):
        play = self.watch(message(5), None, job(5, job_pb2.PENDING), message(8, job_pb2.SUCCEEDED), None)
        self.assertEqual(play.opened, [0, 5])

    def test_hears_the_end_of_a_job_that_ended_while_the_daemon_restarted(self):
        play = self.watch(message(5), None, job(8, job_pb2.SUCCEEDED), message(8, job_pb2.SUCCEEDED), None)
        self.assertEqual([item.resume_revision for item in play.items], [5, 8])

    def test_ends_when_everything_was_told_before(self):
        play = Play([None, job(8, job_pb2.SUCCEEDED)])
        play.run(_jobs.watch(play.context, 1, start_revision=8))
        self.assertEqual((play.items, play.opened), ([], [8]))

    def test_a_stream_that_breaks_after_the_end_is_at_its_end(self):
        play = self.watch(message(5), message(8, job_pb2.SUCCEEDED), BROKEN)
        self.assertEqual(play.opened, [0])

    def test_a_busy_daemon_is_asked_as_long_as_it_says_so(self):
        play = self.watch(*[BUSY] * 50, message(8, job_pb2.SUCCEEDED), None)
        self.assertGreater(play.now, 100)

    def test_gives_up_and_says_where_to_go_on(self):
        play = Play([message(5), BROKEN, AWAY], Listener.NOBODY)
        with self.assertRaisesRegex(oneloop.Unavailable, "start_revision=5$"):
            play.run(_jobs.watch(play.context, 1))
        self.assertGreater(play.now, 60)

    def test_a_daemon_that_is_not_there_is_soon_told(self):
        play = Play([AWAY], Listener.NOBODY)
        with self.assertRaisesRegex(oneloop.Unavailable, "start it with"):
            play.run(_jobs.watch(play.context, 1))
        self.assertAlmostEqual(play.now, 3)


class ErrorsTest(unittest.TestCase):
    def test_every_code_has_a_class(self):
        classes = set()
        for code in grpc.StatusCode:
            if code is grpc.StatusCode.OK:
                continue
            raised = error(code, "why")
            self.assertIs(raised.code, code)
            self.assertEqual(type(raised).__name__, "".join(word.capitalize() for word in code.name.split("_")))
            self.assertIs(getattr(oneloop, type(raised).__name__), type(raised))
            classes.add(type(raised))
        self.assertEqual(len(classes), 16)

    def test_details_are_fields_and_delays(self):
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(field="spec.starts", description="spec.starts: is 0; valid: 1 to 10000")
        bad.field_violations.add(field="spec.seed", description="no seed")
        raised = error(grpc.StatusCode.INVALID_ARGUMENT, "two problems", [bad])
        self.assertEqual(raised.field, "spec.starts")
        self.assertEqual(raised.field_violations, (("spec.starts", "is 0; valid: 1 to 10000"), ("spec.seed", "no seed")))
        self.assertIsNone(raised.retry_delay)
        self.assertEqual(BUSY.retry_delay, 2.0)
        self.assertEqual((BUSY.field, BUSY.field_violations), ("", ()))

    def test_details_that_are_none_do_no_harm(self):
        raised = RpcError(grpc.StatusCode.NOT_FOUND, "no job")
        raised._metadata = (("grpc-status-details-bin", b"\xff\xff"), ("other", "x"))
        self.assertEqual(str(from_rpc(raised, "unix:/s")), "no job")


if __name__ == "__main__":
    support.main()
