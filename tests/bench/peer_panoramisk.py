"""panoramisk as it comes: actions gathered, 2,000 at a time. ``python -m tests.bench.peer_panoramisk``.

With 100,000 at a time it reads nothing until all are sent, and Asterisk closes the connection.
"""

import asyncio
import importlib
import time
from itertools import islice

from tests.bench.entries import Job, demand, do_job, make_entries

GROUP = 2_000


async def _gather(job: Job) -> float:
    panoramisk = importlib.import_module("panoramisk")  # only its own environment has it
    manager = panoramisk.Manager(
        host=job.host, port=job.port, username=job.user, secret=job.secret, events="off", ping_delay=600
    )
    await manager.connect()
    while not manager.authenticated:
        await asyncio.sleep(0.01)
    entries = make_entries(job.count)
    start = time.perf_counter()
    actions = (
        manager.send_action({"Action": "DBPut", "Family": job.family, "Key": number, "Val": name})
        for number, name in entries
    )
    answers = []
    while group := list(islice(actions, GROUP)):
        answers += await asyncio.gather(*group)
    seconds = time.perf_counter() - start
    demand(sum(bool(answer.success) for answer in answers), job.count)
    return seconds


if __name__ == "__main__":
    do_job(lambda job: asyncio.run(_gather(job)))
