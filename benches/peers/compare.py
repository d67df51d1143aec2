#!/usr/bin/env python3
"""The benchmark problems here and in other programs, in one run, in turn.

    sh benches/peers/setup.sh                      installs the others
    python3 benches/peers/compare.py survey p1 64  every way to tune a peer, once
    python3 benches/peers/compare.py p1 64         the best ones and ours, five times each
    python3 benches/peers/compare.py p3 gyroid 128
    PORESPY=1 python3 benches/peers/compare.py p3 blobs 128       PoreSpy too: minutes
    python3 benches/peers/compare.py p4 16
    python3 benches/peers/compare.py richardson    means of p4 as voxels and steps become small, both

`richardson FILE` prints the table of a run that is kept.

p1 and p4 are their own mirror images: ours solves for an eighth of the voxels, and, as `whole`, for
all of them, as the others do.

Set-up counts on both sides: from the case (the image in memory) to the result; start of the
process, imports and reading of the image do not. Medians and spreads (least to largest) are
printed, raw numbers are kept in benches/runs/<date>-<machine>/.
"""

import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PETSC = "/usr/lib/petscdir/petsc3.18/x86_64-linux-gnu-real"
LIMIT = 1800  # s
TIMES = int(os.environ.get("TIMES", "5"))

ICC = "-pc_type icc"
BLOCKS = "-pc_type bjacobi -sub_pc_type icc"
GEOMETRIC = (
    "-pc_type mg -pc_mg_galerkin both -mg_levels_ksp_type chebyshev -mg_levels_pc_type sor "
    "-mg_coarse_pc_type redundant"
)
GAMG = "-pc_type gamg"
HYPRE = (
    "-pc_type hypre -pc_hypre_boomeramg_coarsen_type HMIS -pc_hypre_boomeramg_interp_type ext+i "
    "-pc_hypre_boomeramg_strong_threshold {} -pc_hypre_boomeramg_agg_nl 1"
)
# The line search by default shortens steps that need no shortening.
WHOLE = " -snes_linesearch_type basic"
THIRD = " -snes_ksp_ew_version 3"
P1 = {
    "ICC": (1, ICC),
    "ICC, whole": (1, ICC + WHOLE),
    "ICC, whole, fixed": (1, ICC + WHOLE + " -ew 0"),
    "ICC, whole, EW3": (1, ICC + WHOLE + THIRD),
    "ICC 2p, whole, EW3": (2, BLOCKS + WHOLE + THIRD),
    "MG, whole, EW3": (1, GEOMETRIC + " -pc_mg_levels {levels}" + WHOLE + THIRD),
    "MG 2p, whole, EW3": (2, GEOMETRIC + " -pc_mg_levels {levels}" + WHOLE + THIRD),
    "ICC, fixed": (1, ICC + " -ew 0"),
    "ICC 2p": (2, BLOCKS),
    "MG": (1, GEOMETRIC + " -pc_mg_levels {levels}"),
    "MG, fixed": (1, GEOMETRIC + " -pc_mg_levels {levels} -ew 0"),
    "MG 2p": (2, GEOMETRIC + " -pc_mg_levels {levels}"),
    "GAMG": (1, GAMG),
    "GAMG 2p": (2, GAMG),
    "hypre": (1, HYPRE.format(0.25)),
    "hypre 2p": (2, HYPRE.format(0.25)),
    "hypre 2p, fixed": (2, HYPRE.format(0.25) + " -ew 0"),
}
P3 = {
    "ICC": (1, ICC),
    "GAMG 2p": (2, GAMG),
    "hypre 0.7": (1, HYPRE.format(0.7)),
    "hypre 0.7 2p": (2, HYPRE.format(0.7)),
    "hypre 0.5 2p": (2, HYPRE.format(0.5)),
    "hypre 0.25 2p": (2, HYPRE.format(0.25)),
}
# What the surveys found best.
BEST = {"p1": ["ICC, whole, EW3", "ICC 2p, whole, EW3"], "p3": ["hypre 0.7 2p", "GAMG 2p"]}


def run(command, **environment):
    """The line of JSON that a program prints, or None."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT,
            env={**os.environ, **{k: str(v) for k, v in environment.items()}},
        )
    except subprocess.TimeoutExpired:
        print(f"  more than {LIMIT} s: {' '.join(command[:6])}")
        return None
    lines = [l for l in done.stdout.splitlines() if l.startswith("{")]
    if done.returncode != 0 or not lines:
        print(f"  failed: {' '.join(command)}\n  {done.stderr.strip()[-600:]}")
        return None
    return json.loads(lines[-1])


def petsc(script, arguments, processes, options):
    words = [str(HERE / script), *arguments, *options.split()]
    start = [] if processes == 1 else [
        "mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", str(processes)
    ]
    path = PETSC + "/lib/python3/dist-packages"
    one = dict(OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1)
    return run([*start, "/usr/bin/python3", *words], PYTHONPATH=path, **one)


def python(script, *arguments):
    threads = dict(OMP_NUM_THREADS=2, MALLOC_MMAP_THRESHOLD_=2**32, MALLOC_TRIM_THRESHOLD_=2**36)
    return run([str(ROOT / "target/peers/bin/python"), str(HERE / script), *arguments], **threads)


def ours(*arguments, **environment):
    """The bench binary, built first so that the build is not timed."""
    if not hasattr(ours, "binary"):
        built = subprocess.run(
            ["cargo", "bench", "--bench", "problems", "--no-run", "--message-format=json"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )
        messages = [json.loads(l) for l in built.stdout.splitlines() if l.startswith("{")]
        bench = [m for m in messages if m.get("executable") and m["target"]["kind"] == ["bench"]]
        names = [m["executable"] for m in bench]
        ours.binary = names[-1]
    return run([ours.binary, *arguments], **environment)


def image(kind, n):
    path = ROOT / "target/peers" / f"{kind}-{n}.raw"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["/usr/bin/python3", str(HERE / "problems.py"), kind, n, str(path)], check=True)
    return str(path)


def levels(n):
    """Grids of a geometric multigrid down to four voxels along an axis."""
    return max(2, int(n).bit_length() - 2)


def jobs(problem, arguments, survey):
    """Name and job of everybody who solves a problem."""
    if problem == "p1":
        n = arguments[0]
        chosen = P1 if survey else {k: P1[k] for k in BEST["p1"]}
        yield "blastema", lambda: ours("p1", n)
        yield "blastema, whole", lambda: ours("p1", n, BENCH_WHOLE=1)
        for name, (count, options) in chosen.items():
            options = options.replace("{levels}", str(levels(n)))
            yield f"PETSc {name}", lambda c=count, o=options: petsc("petsc_p1.py", [n], c, o)
    elif problem == "p3":
        kind, n = arguments
        chosen = P3 if survey else {k: P3[k] for k in BEST["p3"]}
        yield "blastema", lambda: ours("p3", image(kind, n), n)
        for name, (count, options) in chosen.items():
            yield f"PETSc {name}", lambda c=count, o=options: petsc("petsc_p3.py", [kind, n], c, o)
        # In single precision it is not done with 1e-5 on 256³ voxels within eight minutes.
        criterion = "1e-5" if int(n) < 256 else "1e-4"
        yield f"TauFactor {criterion}", lambda: python("taufactor_p3.py", kind, n, criterion)
        if "PORESPY" in os.environ:  # tens of times slower than the others
            yield "PoreSpy", lambda: python("porespy_p3.py", kind, n)
    elif problem == "p4":
        n = arguments[0]
        yield "blastema", lambda: ours("p4", n)
        yield "blastema 64³", lambda: ours("p4", "64")
        yield "blastema, whole", lambda: ours("p4", n, BENCH_WHOLE=1)
        yield "blastema 64³, whole", lambda: ours("p4", "64", BENCH_WHOLE=1)
        yield "FiPy", lambda: python("fipy_p4.py", *arguments)
    else:
        sys.exit(__doc__)


def compare(problem, arguments, survey):
    found = {}
    everybody = list(jobs(problem, arguments, survey))
    for turn in range(1 if survey else TIMES):
        for name, job in everybody:
            result = job()
            if result is not None:
                found.setdefault(name, []).append(result)
                seconds, peak = result["seconds"], result["peak_mib"]
                print(f"  {turn + 1}  {name:20} {seconds:10.4f} s  {peak:6} MiB", flush=True)
    base = statistics.median(r["seconds"] for r in found["blastema"])
    values = {"p1": "uptake", "p3": "deff"}.get(problem)
    print(f"\n{problem} {' '.join(arguments)}")
    for name, results in found.items():
        seconds = [r["seconds"] for r in results]
        middle = statistics.median(seconds)
        value = f"{values} {results[0][values]:.9e}  cycles {results[0]['cycles']}" if values else ""
        print(
            f"  {name:20} {middle:10.4f} s ({min(seconds):.4f}-{max(seconds):.4f})"
            f"  {middle / base:8.1f} x  {max(r['peak_mib'] for r in results):6} MiB  {value}"
        )
    if problem == "p4":
        def each(name, n):
            return statistics.median(r["seconds"] for r in found[name]) / n**3

        peer = each("FiPy", int(arguments[0]))
        part, whole = (each(name, 64) for name in ("blastema 64³", "blastema 64³, whole"))
        print(f"  a voxel: {peer / part:.0f} x, {peer / whole:.0f} x where all voxels are solved for")
    keep("-".join([*(["survey"] if survey else []), problem, *arguments]), found)


def keep(name, found):
    machine = platform.node() or "machine"
    folder = ROOT / "benches/runs" / f"{datetime.date.today()}-{machine}"
    folder.mkdir(parents=True, exist_ok=True)
    record = {"cpu": cpu(), "cores": os.cpu_count(), "results": found}
    (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


FIELDS = ["oxygen", "glucose", "lactate", "cells"]


def measured():
    """Ours on three grids; FiPy on two, and with two steps."""
    found = {"blastema": {}, "FiPy": {}}
    for n in ("32", "64", "128"):
        found["blastema"][n] = ours("p4", n)
        print(f"  blastema {n}³: {found['blastema'][n]['seconds']:.1f} s", flush=True)
    for words in ("16 7200", "16 3600", "32 7200"):
        found["FiPy"][words] = python("fipy_p4.py", *words.split())
        print(f"  FiPy {words}: {found['FiPy'][words]['seconds']:.1f} s", flush=True)
    return found


def richardson(found):
    """Means at days 7, 14 and 21 by Richardson's extrapolation: ours of second order in the
    voxels, FiPy's of second order in the voxels and of first order in the steps."""
    ours, peer = found["blastema"], found["FiPy"]
    print("  day  field     64³ off   128³ off   order   FiPy off   of it extrapolated: voxels, steps")
    for day in (7, 14, 21):
        def at(result):
            return next(m[1:] for m in result["means"] if abs(m[0] - day * 86400) < 1)

        for i, field in enumerate(FIELDS):
            a, b, c = (at(ours[n])[i] for n in ("32", "64", "128"))
            limit = c + (c - b) / 3
            coarse, fine, halved = (at(peer[k])[i] for k in ("16 7200", "32 7200", "16 3600"))
            voxels, steps = (fine - coarse) / 3, 2 * (halved - coarse)
            off = [100 * (v / limit - 1) for v in (b, c, fine + voxels + steps)]
            parts = [100 * v / limit for v in (voxels, steps)]
            print(
                f"  {day:3}  {field:8} {off[0]:+8.3f} % {off[1]:+8.3f} %   {math.log2((a - b) / (b - c)):.2f}"
                f"  {off[2]:+8.3f} %   {parts[0]:+.2f} %, {parts[1]:+.2f} %"
            )


def cpu():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((l.split(":")[1].strip() for l in lines if l.startswith("model name")), "unknown")


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["richardson"]:
        kept = json.loads(Path(words[1]).read_text())["results"] if words[1:] else None
        found = kept or measured()
        richardson(found)
        if not kept:
            keep("p4-richardson", found)
        sys.exit()
    survey = words[:1] == ["survey"]
    words = words[1:] if survey else words
    if len(words) < 2:
        sys.exit(__doc__)
    compare(words[0], words[1:], survey)
