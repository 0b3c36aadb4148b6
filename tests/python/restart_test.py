"""A watch goes on by itself while the daemon is killed and started again: nothing is lost, nothing comes twice."""

import asyncio

import oneloop
import support

# Many starts, so that those which are done are not repeated after a restart, and the job is long enough for two of them.
SEARCH = {"starts": 60, "steps": 200}
KILLS = 2


class Watched:
    """What the messages of a watch say in all."""

    def __init__(self, test):
        self.test = test
        self.front = set()
        self.points = 0
        self.states = []
        self.revision = 0
        self.progress_at_kills = []

    def add(self, message):
        """Whether this is a moment to kill the daemon: it searches, and is further than at the last one."""
        if self.revision == 0:
            self.test.assertTrue(message.snapshot)
            self.points = message.job.progress.points
        else:
            self.test.assertFalse(message.snapshot, "a second snapshot")
            self.test.assertGreater(message.resume_revision, self.revision)
        self.revision = message.resume_revision
        self.points += message.new_points
        for point in message.front_entered:
            self.test.assertNotIn(point.number, self.front, "entered twice")
            self.front.add(point.number)
        for number in message.front_left:
            self.test.assertIn(number, self.front, "left twice")
            self.front.remove(number)
        self.states += [change.revision for change in message.state_changes]
        self.last = message.job
        done = message.job.progress.starts_done
        further = done > (self.progress_at_kills[-1] if self.progress_at_kills else 0)
        kill = further and not oneloop.is_final(message.job) and len(self.progress_at_kills) < KILLS
        if kill:
            self.progress_at_kills.append(done)
        return kill

    def check(self, job, points, front):
        test = self.test
        test.assertEqual(len(self.progress_at_kills), KILLS, "the job was over before the daemon was killed")
        test.assertEqual(oneloop.state_name(job), "succeeded")
        test.assertEqual(self.last.best, job.best)
        test.assertEqual(len(points), self.points)
        test.assertEqual(len({point.number for point in points}), len(points))
        test.assertEqual({point.number for point in front}, self.front)
        test.assertEqual(sorted(set(self.states)), self.states)


class RestartTest(support.DaemonTest):
    def restart(self):
        self.daemon.kill()
        self.daemon.start()

    def test_a_watch_goes_on_across_kills_of_the_daemon(self):
        watched = Watched(self)
        with oneloop.Client() as client:
            job = client.submit("alexnet", "gemmini", **SEARCH)
            for message in client.watch(job):
                if watched.add(message):
                    self.restart()
            points = list(client.points(job))
            watched.check(client.job(job), points, list(client.front(job)))
            # The same search without a kill finds the same.
            again = client.wait(client.submit("alexnet", "gemmini", **SEARCH))
            self.assertEqual(again.best.edp, client.job(job).best.edp)
            self.assertEqual([p.edp for p in client.points(again)], [p.edp for p in points])

    def test_so_does_that_of_asyncio(self):
        async def run():
            watched = Watched(self)
            async with oneloop.AsyncClient() as client:
                job = await client.submit("alexnet", "gemmini", **SEARCH)
                async for message in client.watch(job):
                    if watched.add(message):
                        await asyncio.to_thread(self.restart)
                points = [point async for point in client.points(job)]
                watched.check(await client.job(job), points, [point async for point in client.front(job)])

        asyncio.run(run())

    def test_waiting_and_submitting_outlive_a_stop(self):
        with oneloop.Client() as client:
            job = client.submit("alexnet", "gemmini", **SEARCH)
            self.daemon.stop()
            self.daemon.start()
            self.assertEqual(oneloop.state_name(client.wait(client.submit("alexnet", "gemmini", starts=2))), "succeeded")
            self.assertEqual(oneloop.state_name(client.wait(job)), "succeeded")


if __name__ == "__main__":
    support.main()
