"""Times contenders in turns, so that the machine's moods meet all of them alike."""

import gc
import random
import time
from statistics import median

TURN_SECONDS = 0.03
PAUSE_SECONDS = 0.01
MOST_BUSY_IN_PAUSE = 0.05
LONGEST_PAUSES = 500


def wait_for_sleep():
    """Threads of a pool wait for work by spinning, some for tens of milliseconds: the contender
    that comes next would have to share the cores with them."""
    for _ in range(LONGEST_PAUSES):
        cpu, start = time.process_time(), time.perf_counter()
        time.sleep(PAUSE_SECONDS)
        wall = time.perf_counter() - start
        if time.process_time() - cpu < MOST_BUSY_IN_PAUSE * wall:
            return
    raise RuntimeError("the threads of a contender never fall asleep")


def runs_per_turn(contender):
    wait_for_sleep()
    contender.run()  # the first execution may allocate and prepare
    start = time.perf_counter()
    contender.run()
    return max(1, round(TURN_SECONDS / (time.perf_counter() - start)))


def turn(contender, runs):
    """The median time of the runs, and the processor time of the process by the time."""
    wait_for_sleep()
    contender.run()
    seconds = []
    cpu_start, start = time.process_time(), time.perf_counter()
    for _ in range(runs):
        before = time.perf_counter()
        contender.run()
        seconds.append(time.perf_counter() - before)
    wall = time.perf_counter() - start
    return median(seconds), (time.process_time() - cpu_start) / wall


def measure(contenders, rounds):
    """{name: {"rounds": seconds of every turn, "threads_busy": ...}}"""
    runs = {c.name: runs_per_turn(c) for c in contenders}
    seconds = {c.name: [] for c in contenders}
    busy = {c.name: [] for c in contenders}
    gc.collect()
    gc.disable()
    order, shuffler = list(contenders), random.Random(rounds)
    for _ in range(rounds):
        shuffler.shuffle(order)  # nobody always follows the same one
        for contender in order:
            time_of_turn, threads = turn(contender, runs[contender.name])
            seconds[contender.name].append(time_of_turn)
            busy[contender.name].append(threads)
    gc.enable()
    return {
        c.name: {
            "rounds": seconds[c.name],
            "runs_per_round": runs[c.name],
            "threads_busy": median(busy[c.name]),
        }
        for c in contenders
    }
