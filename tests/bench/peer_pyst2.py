"""pyst2 as it comes: it waits for every answer. ``python -m tests.bench.peer_pyst2``."""

import time

from asterisk.manager import Manager  # pyst2's, not asterisk-ami's: only its own environment has it

from tests.bench.entries import Job, demand, do_job, make_entries


def _work(job: Job) -> float:
    manager = Manager()
    manager.connect(job.host, job.port)
    manager.login(job.user, job.secret)
    entries = make_entries(job.count)
    start = time.perf_counter()
    answers = [manager.dbput(job.family, number, name) for number, name in entries]
    seconds = time.perf_counter() - start
    demand(sum(answer.get_header("Response") == "Success" for answer in answers), job.count)
    return seconds


if __name__ == "__main__":
    do_job(_work)
