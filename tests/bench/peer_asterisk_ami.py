"""asterisk-ami as it comes: ``python -m tests.bench.peer_asterisk_ami [each]`` (each: wait for every answer)."""

import sys
import time

from asterisk.ami import Action, AMIClient

from tests.bench.entries import Job, demand, do_job, make_entries


def _is_success(response: object) -> bool:
    return getattr(response, "status", "") == "Success"


def _work(job: Job, *, each: bool) -> float:
    client = AMIClient(address=job.host, port=job.port, timeout=30)
    if not _is_success(client.login(job.user, job.secret).response):
        raise RuntimeError("no login")
    entries = make_entries(job.count)
    start = time.perf_counter()
    futures = []
    for number, name in entries:
        future = client.send_action(Action("DBPut", {"Family": job.family, "Key": number, "Val": name}))
        futures.append(future.response if each else future)
    done = sum(_is_success(future if each else future.response) for future in futures)
    seconds = time.perf_counter() - start
    demand(done, job.count)
    return seconds


if __name__ == "__main__":
    do_job(lambda job: _work(job, each="each" in sys.argv))
