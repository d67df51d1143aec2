"""Power cuts: ext4 on a loop device is shut down at random times of a run, its journal unflushed.

Usage (as root): python3 tests/faults/power_cut.py [--cuts 100] [--program target/debug/blastema]

An output is promised once the run has begun the next one: the line of the next is in checksums.b3.
After each cut the disk is mounted again, its journal replayed; every promised output must be there
with the bytes of an undisturbed run, `audit` must find the folder whole, and the case must come to
the same bits again (`resume`, where the program has it and there is something to resume, else
`run --replace`). Ends with 77 and NOT RUN where it has no right to mount.
"""

import argparse
import fcntl
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN
NO_FLUSH = 2  # FS_SHUTDOWN_FLAGS_NOLOGFLUSH

CASE = """
title = "power cut"
[domain]
shape = "box"
size = ["2 mm", "2 mm", "2 mm"]
voxels = [24, 24, 24]
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.z_max.value = "0.1 mol/m^3"
[run]
duration = "40 h"
output.every = "1 h"
"""


def call(*command, check=True):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def listed(out):
    """Numbers of the outputs whose sum is on the list."""
    try:
        text = (out / "checksums.b3").read_text()
    except OSError:
        return set()
    return {int(n) for n in re.findall(r"  fields/(\d{6})\.h5\n", text)}


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--cuts", type=int, default=100)
    a.add_argument("--program", default="target/debug/blastema")
    a.add_argument("--seed", type=int, default=1)
    a = a.parse_args()
    program = Path(a.program).resolve()
    random.seed(a.seed)
    base = Path(tempfile.mkdtemp(prefix="blastema-cut-"))
    image, disk = base / "image", base / "disk"
    disk.mkdir()
    case = base / "case.toml"
    case.write_text(CASE)

    def mount():
        call("mount", "-o", "loop", image, disk)

    try:
        with open(image, "wb") as f:
            f.truncate(96 << 20)
        call("mkfs.ext4", "-q", "-F", image)
        mount()
        call("umount", disk)
    except (RuntimeError, OSError) as e:
        shutil.rmtree(base, ignore_errors=True)
        print(f"NOT RUN: {str(e).strip().splitlines()[0]}")
        return 77
    resumes = call(program, "resume", "--help", check=False).returncode == 0
    whole = base / "whole"
    mount()
    start = time.time()
    call(program, "run", case, "--out", disk / "out", "--quiet")
    length = time.time() - start
    call("cp", "-r", disk / "out", whole)
    call("umount", disk)
    kept = promised_all = resumed = before_end = 0
    try:
        for cut in range(a.cuts):
            call("mkfs.ext4", "-q", "-F", image)
            mount()
            out = disk / "out"
            run = subprocess.Popen(
                [program, "run", case, "--out", out, "--quiet"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(random.random() * 1.1 * length)
            before_end += run.poll() is None
            finished = run.poll() is not None
            numbers = listed(out)
            promised = {n for n in numbers if finished or n + 1 in numbers}
            handle = os.open(disk, os.O_RDONLY)
            fcntl.ioctl(handle, SHUTDOWN, struct.pack("I", NO_FLUSH))
            os.close(handle)
            run.kill()
            run.wait()
            call("umount", disk)
            mount()
            for n in promised:
                name = f"fields/{n:06}.h5"
                got = (out / name).read_bytes()
                assert got == (whole / name).read_bytes(), f"cut {cut}: {name} differs"
            there = sorted(out.glob("fields/[0-9]*.h5")) if out.exists() else []
            for path in there:
                same = path.read_bytes() == (whole / "fields" / path.name).read_bytes()
                assert same, f"cut {cut}: {path.name} is broken"
            promised_all += len(promised)
            kept += len(there)
            if there:
                found = call(program, "audit", out, check=False)
                assert found.returncode == 0, f"cut {cut}: {found.stdout}{found.stderr}"
            done = None
            if resumes and out.exists():
                done = call(program, "resume", out, check=False)
                resumed += done.returncode == 0
            if done is None or done.returncode:
                call(program, "run", case, "--out", out, "--replace", "--quiet")
            for path in (whole / "fields").iterdir():
                same = path.read_bytes() == (out / "fields" / path.name).read_bytes()
                assert same, f"cut {cut}: {path.name} differs after the second run"
            call("umount", disk)
        print(
            f"{a.cuts} power cuts, {before_end} of them during the run: {promised_all} outputs "
            f"promised, {kept} there, all whole; every case came to the same bits again "
            f"({resumed} by resume)"
        )
        return 0
    finally:
        call("umount", disk, check=False)
        shutil.rmtree(base, ignore_errors=True)


sys.exit(main())
