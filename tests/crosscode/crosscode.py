#!/usr/bin/env python3
"""Solves the cases of this folder with FiPy and with blastema and compares every field.

    crosscode.py --blastema target/release/blastema

FiPy (Guyer, Wheeler and Warren, Comput. Sci. Eng. 11 (2009) 6) is a finite-volume code of other
authors in another language with other solvers. Its equations are written here from
docs/model.md; nothing of blastema's source is used. Both codes have the same grid and small
steps, so that what differs is not the spacing: it is compared with blastema's own error of
spacing, from a run on half of it. Exit 0: all agree; 1: they do not; 77: FiPy or h5py is missing.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import h5py
    import numpy as np
    from fipy import (
        CellVariable, CylindricalGrid2D, DiffusionTerm, Grid1D, Grid2D, ImplicitSourceTerm, TransientTerm,
    )
    from fipy.solvers.scipy import LinearLUSolver
except ImportError as e:
    print(f"NOT RUN: {e}")
    sys.exit(77)

HERE = Path(__file__).resolve().parent
HOUR, DAY = 3600.0, 86400.0


def michaelis_menten(vmax, km):
    """Uptake over concentration: what multiplies the unknown."""
    return lambda c: vmax / (km + c)


def beside(*alone):
    """The part of what a voxel takes up that passes its walls besides (docs/numerics.md §1), from what it would
    be along each axis alone: conductance over what two thirds of a voxel conduct, 1/3 for a known value."""
    total = sum(alone)
    return np.divide(sum(a * a for a in alone), total, out=np.zeros_like(total), where=total > 0)


class Model:
    """Backward Euler, all equations iterated to a common solution in each step."""

    def __init__(self, mesh):
        self.mesh = mesh
        self.fields, self.equations, self.after = {}, [], lambda dt: None

    def field(self, name, value):
        self.fields[name] = CellVariable(mesh=self.mesh, value=value, hasOld=True)
        return self.fields[name]

    def to(self, times, count):
        """Values of all fields at the times, by `count` steps to each: the first ones short."""
        # Its default tolerance skips solves that would still change the sixth digit.
        out, now, solver = [], 0.0, LinearLUSolver(tolerance=1e-13)
        for time in times:
            for k in range(count):
                # Quadratic from the start: the first layers are thin.
                grade = (lambda s: s * s) if now == 0.0 else (lambda s: s)
                dt = (time - now) * (grade((k + 1) / count) - grade(k / count))
                for v in self.fields.values():
                    v.updateOld()
                for _ in range(200):
                    change = 0.0
                    for v, make in self.equations:
                        before = v.value.copy()
                        make().solve(var=v, dt=dt, solver=solver)
                        change = max(change, np.abs(v.value - before).max() / max(np.abs(v.value).max(), 1e-300))
                    change = max(change, self.after(dt) or 0.0)
                    if change < 1e-9:
                        break
                else:
                    raise RuntimeError("FiPy's step did not converge")
            now = time
            out.append({n: v.value.copy() for n, v in self.fields.items()})
        return out


def coupled_1d():
    m = Model(Grid1D(nx=40, dx=1e-4))
    o, g = m.field("oxygen", 0.2), m.field("glucose", 5.0)
    n, d = m.field("msc.viable", 3e12), m.field("msc.dead.hypoxia", 0.0)
    o.constrain(0.2, m.mesh.facesRight)
    g.constrain(5.0, m.mesh.facesRight)
    uo, ug = michaelis_menten(2.7e-17, 8e-3), michaelis_menten(1e-16, 0.4)
    growth, hypoxia, lysis = np.log(2) / (36 * HOUR), 1 / DAY, 1 / (5 * DAY)

    def died():
        return hypoxia * 3e-2**2 / (3e-2**2 + o.value**2)

    def cells():
        limits = o.value / (2e-2 + o.value) * g.value / (0.5 + g.value)
        rate = growth * limits * (1 - (n.value + d.value) / 5e13) - died()
        return TransientTerm() == DiffusionTerm(1e-12) + CellVariable(mesh=m.mesh, value=rate * n.value)

    def dead():
        made = CellVariable(mesh=m.mesh, value=died() * n.value)
        return TransientTerm() == made - ImplicitSourceTerm(lysis)

    inner = 1 - beside(np.where(np.arange(40) == 39, 1 / 3, 0.0))

    def solute(c, diffusivity, uptake):
        sink = CellVariable(mesh=m.mesh, value=inner * n.value * uptake(c.value))
        return TransientTerm() == DiffusionTerm(diffusivity) - ImplicitSourceTerm(sink)

    m.equations = [
        (n, cells), (d, dead), (o, lambda: solute(o, 2e-9, uo)), (g, lambda: solute(g, 6e-10, ug)),
    ]
    return m


def patches_2d():
    m = Model(Grid2D(nx=24, ny=16, dx=1.25e-4, dy=1.25e-4))
    x, y = m.mesh.cellCenters.value
    e = np.full(x.shape, 0.9)
    dense = (x > 0.75e-3) & (x < 1.5e-3) & (y > 0.5e-3) & (y < 1.5e-3)
    e[dense] = 0.3
    e[x > 2.25e-3] = 0.6
    d = 2.5e-9 * e**1.5
    o = m.field("oxygen", 0.2)
    n, dead = m.field("msc.viable", np.where(dense, 1.5e13, 5e12)), m.field("msc.dead.hypoxia", 0.0)
    o.constrain(0.2, m.mesh.facesTop)
    porosity = CellVariable(mesh=m.mesh, value=e)
    inner = CellVariable(mesh=m.mesh, value=d).harmonicFaceValue * (1 - m.mesh.facesLeft.value)
    # A film on x_min: flux = (outside − c)/(1/k + h/2D), as a source of the first column.
    film = np.where(x < 1.25e-4, 1 / (1 / 4e-7 + 0.5 * 1.25e-4 / d) / 1.25e-4, 0.0)
    own = 1 - beside(np.where(y > 2e-3 - 1.25e-4, 1 / 3, 0.0), film * 1.25e-4**2 / (6 * d))
    film = CellVariable(mesh=m.mesh, value=film)
    uptake = michaelis_menten(2.7e-17, 8e-3)

    def oxygen():
        sink = CellVariable(mesh=m.mesh, value=own * n.value * uptake(o.value))
        return TransientTerm(porosity) == (
            DiffusionTerm(inner) + film * 0.15 - ImplicitSourceTerm(film) - ImplicitSourceTerm(sink)
        )

    def died():
        return CellVariable(mesh=m.mesh, value=3e-2**2 / (3e-2**2 + o.value**2) / (12 * HOUR))

    m.equations = [
        (o, oxygen),
        (n, lambda: TransientTerm() == -ImplicitSourceTerm(died())),
        (dead, lambda: TransientTerm() == CellVariable(mesh=m.mesh, value=died().value * n.value)),
    ]
    return m


def bath_rz():
    h = 3e-3 / 18
    mesh = CylindricalGrid2D(nr=18, nz=12, dr=h, dz=2e-3 / 12)
    m = Model(mesh)
    c = m.field("glucose", 5.0)
    bath = CellVariable(mesh=mesh, value=5.0, hasOld=True)
    m.fields["bath"] = bath
    # What stands outside the fed faces follows the bath; half a voxel lies between.
    r, z = mesh.cellCenters.value
    spacing_z = 2e-3 / 12
    side = np.where(r > 3e-3 - h, 2 * np.pi * 3e-3 * spacing_z * 6e-10 / (0.5 * h), 0.0)
    top = np.where(z > 2e-3 - spacing_z, 2 * np.pi * r * h * 6e-10 / (0.5 * spacing_z), 0.0)
    volume = 2 * np.pi * r * h * spacing_z
    g = side + top
    through = CellVariable(mesh=mesh, value=g / volume)
    uptake = michaelis_menten(1e-16, 0.4)
    # Around a radius nothing passes besides.
    besides = beside(np.where(z > 2e-3 - spacing_z, 1 / 3, 0.0))

    def glucose():
        sink = CellVariable(mesh=mesh, value=(1 - besides) * 3e12 * uptake(c.value))
        return TransientTerm() == (
            DiffusionTerm(6e-10) + through * bath - ImplicitSourceTerm(through) - ImplicitSourceTerm(sink)
        )

    def fill(dt):
        before = bath.value[0]
        held = 3e-7 / dt
        gone = np.sum(besides * volume * 3e12 * uptake(c.value) * c.value)
        bath.setValue((held * bath.old.value[0] + np.sum(g * c.value) - gone) / (held + g.sum()))
        return abs(bath.value[0] - before) / 5.0

    m.equations = [(c, glucose)]
    m.after = fill
    return m


CASES = {
    "coupled-1d": (coupled_1d, [DAY, 4 * DAY], 48, (40,)),
    "patches-2d": (patches_2d, [2 * HOUR, DAY], 8, (24, 16)),
    "bath-rz": (bath_rz, [2 * HOUR, 12 * HOUR], 8, (18, 12)),
}


def ours(program, case, voxels, times, folder):
    """blastema's fields at the times, with steps that add nothing."""
    out = Path(folder) / f"{case}-{voxels[0]}"
    done = subprocess.run(
        [program, "run", str(HERE / f"{case}.toml"), "--quiet", "--out", str(out),
         "--set", f"domain.voxels={list(voxels)}", "--set", "run.accuracy.time=1e-8",
         "--set", "run.accuracy.solver=1e-11"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    if done.returncode:
        sys.exit(f"{case}: blastema: {done.stderr}")
    found = {}
    for path in sorted((out / "fields").glob("0*.h5")):
        with h5py.File(path) as f:
            for time in times:
                if abs(f.attrs["time"] - time) < 1e-6 * time:
                    found[time] = {
                        # Cells are written per mL.
                        k: v[()].reshape(-1) * (1e6 if k.startswith("msc") else 1.0)
                        for k, v in f["VTKHDF/CellData"].items()
                    }
    rows = np.loadtxt(out / "history.csv", delimiter=",", skiprows=1)
    head = (out / "history.csv").read_text().splitlines()[0].split(",")
    for i, name in enumerate(head):
        if name.startswith("well."):
            for time in times:
                row = rows[np.abs(rows[:, 0] - time) < 1e-6 * time]
                found[time]["bath"] = row[:1, i]
    return [found[t] for t in times]


def merged(fine, voxels):
    """Means of 2^d voxels."""
    if fine.size == 1:
        return fine
    shape = sum(([n, 2] for n in reversed(voxels)), [])
    return fine.reshape(shape).mean(axis=tuple(range(1, 2 * len(voxels), 2))).reshape(-1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blastema", required=True, help="the program")
    program = parser.parse_args().blastema
    wrong = []
    print("case        time      field              difference  of spacing")
    with tempfile.TemporaryDirectory() as folder:
        for case, (build, times, steps, voxels) in CASES.items():
            # Backward Euler with three lengths of steps, extrapolated twice: of third order.
            a, b, c = (build().to(times, count * steps) for count in (1, 2, 4))
            here = ours(program, case, voxels, times, folder)
            fine = ours(program, case, [2 * n for n in voxels], times, folder)
            for t, time in enumerate(times):
                for name in c[t]:
                    theirs = (8 * c[t][name] - 6 * b[t][name] + a[t][name]) / 3
                    own = here[t][name]
                    theirs = theirs[:1] if own.size == 1 else theirs
                    scale = max(np.abs(own).max(), 1e-300)
                    difference = np.abs(own - theirs).max() / scale
                    # Differences of second order: 4/3 of that between the two spacings.
                    spacing = 4 / 3 * np.abs(own - merged(fine[t][name], voxels)).max() / scale
                    print(f"{case:<11} {time / HOUR:>5.1f} h   {name:<18} {difference:.1e}     {spacing:.1e}")
                    if not difference <= max(0.1 * spacing, 1e-6):
                        wrong.append(f"{case} {name} at {time / HOUR} h")
    if wrong:
        print("differ by more than a tenth of the error of spacing: " + "; ".join(wrong))
        sys.exit(1)
    print("FiPy and blastema agree: every difference is below a tenth of the error of spacing")


if __name__ == "__main__":
    main()
