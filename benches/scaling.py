#!/usr/bin/env python3
"""How cost and memory grow with voxels, threads, solutes and contrast, and what symmetry saves: the
tables of docs/scaling.md, everything in one run.

    python3 benches/scaling.py

Each number is the median of TIMES (3) processes of `cargo bench --bench problems`, set-up
included. Raw numbers are kept in benches/runs/<date>-<machine>/scaling.json.
"""

import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))
from compare import keep, ours

TIMES = int(os.environ.get("TIMES", "3"))
MIB = 1024 * 1024
KEPT = {}


def run(*words, threads=2, part=False):
    """Median time, peak memory and counts of a problem; of all its voxels, or of the `part` that a
    symmetric one needs."""
    more = {} if part else {"BENCH_WHOLE": 1}
    done = [ours(*map(str, words), BENCH_THREADS=threads, **more) for _ in range(TIMES)]
    KEPT[" ".join(map(str, [*words, "on", threads, *(["part"] if part else [])]))] = done
    return {**done[0], "seconds": statistics.median(d["seconds"] for d in done)}


def table(title, head, rows):
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def per_voxel(n, found, baseline):
    """ns a voxel, and over that of the base line; bytes a voxel beyond it."""
    cost = 1e9 * found["seconds"] / n**3
    return cost, cost / baseline


def main():
    base = run("p1", 16)["peak_mib"]
    rows, first = [], None
    for n in (32, 48, 64, 96, 128, 192, 256):
        found = run("p1", n)
        first = first or 1e9 * found["seconds"] / n**3
        cost, ratio = per_voxel(n, found, first)
        memory = (found["peak_mib"] - base) * MIB / n**3
        rows.append([f"{n}³", f"{cost:.0f}", f"{ratio:.2f}", str(found["cycles"]), f"{memory:.0f}"])
    table("Steady oxygen (p1)", ["voxels", "ns/voxel", "over 32³", "cycles", "bytes/voxel"], rows)

    rows, first = [], None
    for n in (8, 16, 32, 64):
        found = run("p4", n)
        first = first or 1e9 * found["seconds"] / n**3
        cost, ratio = per_voxel(n, found, first)
        memory = (found["peak_mib"] - base) * MIB / n**3
        rows.append(
            [f"{n}³", f"{cost / 1000:.1f}", f"{ratio:.2f}", str(found["steps"]),
             f"{found['cycles'] / found['solves']:.1f}", f"{memory:.0f}"]
        )
    table(
        "Coupled culture of 21 days (p4)",
        ["voxels", "µs/voxel", "over 8³", "steps", "cycles a solve", "bytes/voxel"], rows,
    )

    rows = []
    for words in (["p1", 64], ["p1", 128], ["p4", 16], ["p4", 32]):
        one, two = (run(*words, threads=t)["seconds"] for t in (1, 2))
        rows.append([f"{words[0]} {words[1]}³", f"{one / two:.2f}"])
    table("Two threads", ["problem", "time on one over that on two"], rows)

    rows = []
    for words in (["p1", 64], ["p1", 128], ["p1", 256], ["p4", 16], ["p4", 32], ["p4", 64]):
        part, whole = run(*words, part=True), run(*words)
        ratio = whole["seconds"] / part["seconds"]
        rows.append(
            [f"{words[0]} {words[1]}³", f"{ratio:.1f}", f"{part['peak_mib']}, {whole['peak_mib']}"]
        )
    table(
        "An eighth for the whole", ["problem", "time of the whole over that of the part", "MiB"], rows
    )

    rows, first = [], None
    for count in (1, 2, 4, 8, 16):
        found = run("solutes", 32, count)
        first = first or found["seconds"]
        rows.append([str(count), f"{found['seconds'] / first:.1f}", str(found["steps"])])
    table("Solutes, 32³ voxels, one day", ["solutes", "time over one", "steps"], rows)

    rows, first = [], None
    for low in ("1", "1e-1", "1e-2", "1e-3", "1e-4", "1e-6", "1e-9"):
        found = run("contrast", 64, low)
        first = first or found["seconds"]
        rows.append([low, f"{found['seconds'] / first:.1f}", str(found["cycles"])])
    table(
        "Scattered voxels less permeable, 64³", ["their share of the others'", "time over even",
                                                "cycles"], rows,
    )
    keep("scaling", KEPT)


main()
