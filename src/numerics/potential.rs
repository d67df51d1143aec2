//! The potential u of a steady flux −σ∇u without sources, along one axis of a box: between two
//! plates that hold it, the other sides sealed, or with a mean gradient over periodic axes.
//!
//! The solution makes the energy Σ T (Δu)² over all faces least, and that least energy, for a mean
//! gradient of 1, is the effective conductivity. It is taken from the energy and not from the flux
//! through a side: its error is the square of that of u, and never negative.
//!
//! u is a plane with the gradient 1 a voxel and the rest w, which multigrid conjugate gradients in
//! single precision find; residual and energy are in double precision.

use super::cycle::{Cycle, Workspace};
use super::hierarchy::Grids;
use super::krylov::{self, Goal, Unknowns, Vectors};
use super::layout::Layout;
use super::stencil::{self, Faces, mean};
use super::wall::{Behind, Wall};
use crate::geometry::structure::{Partial, WHOLE};
use crate::ground::grid::{Face, Grid};
use crate::ground::par;
use crate::kernel;

/// What holds the potential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Plates on the two outer faces across the axis; nothing passes the other sides.
    Plates,
    /// All axes are periodic.
    Periodic,
}

/// A box of voxels that conduct.
#[derive(Clone, Debug)]
pub struct Medium<'a> {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Edges of a voxel; only their ratios count.
    pub h: [f64; 3],
    /// Class of each voxel.
    pub class: &'a [u8],
    /// Conductivity of each class; 0: nothing passes.
    pub conductivity: &'a [f64],
    /// Where voxels of class 0 are partly of class 1: their shares of class 0 and those of the faces.
    pub partial: Option<&'a Partial>,
}

/// What a solve found.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Effective conductivity along the axis, per total area.
    pub conductivity: f64,
    /// Mean flux along x, y, z for a mean gradient of 1: a column of the tensor where the axes are
    /// periodic.
    pub flux: [f64; 3],
    /// What it may still be too large by, relative, as the last steps let it be judged.
    pub missed: f64,
    /// Multigrid cycles.
    pub cycles: usize,
}

/// A solve that did not come to its tolerance: the effective conductivity so far, and what it is
/// too large by, relative, as far as it can be judged.
#[derive(Clone, Copy, Debug)]
pub struct Stalled {
    /// See [`Found`].
    pub found: Found,
}

/// Solves, each in single precision, of what the last one left.
const PASSES: usize = 8;
/// Tolerance below which the true residual has the last word.
const TRUSTED: f64 = 1e-8;
/// What a tolerance is not made smaller than for the sake of a contrast.
const TIGHTEST: f64 = 1e-12;
/// Multigrid cycles of one of them.
const CYCLES: usize = 200;

impl Medium<'_> {
    /// Effective conductivity along `axis` to a relative `tolerance`. Voxels from which no way leads
    /// to both ends must not conduct.
    pub fn effective(&self, axis: usize, ends: Ends, tolerance: f64) -> Result<Found, Stalled> {
        let grid = self.grid(ends);
        // Steps that fall fast may leave what lies across high contrasts for later.
        let conducting = self.conductivity.iter().filter(|s| **s > 0.0);
        let (least, most) =
            conducting.fold((f64::INFINITY, 0.0_f64), |r, s| (r.0.min(*s), r.1.max(*s)));
        let tolerance = (tolerance * (least / most).min(1.0)).max(TIGHTEST.min(tolerance));
        let problem = Problem { medium: self, table: self.table(), grid: &grid, axis, ends };
        let strength = grid.h.map(|h| 1.0 / (h * h));
        let grids = Grids::new(problem.faces(), strength);
        let mut behind = [Behind::Sealed; 6];
        if ends == Ends::Plates {
            for end in [0, 1] {
                behind[2 * axis + end] = Behind::Open { film: f64::INFINITY };
            }
        }
        let local = |_: Face, voxel: usize| problem.outer(voxel);
        let wall = Wall::of(&grid, local, &behind, &grids.shapes);
        let layout = grids.levels[0].layout;
        let mut vectors = Vectors::default();
        vectors.fit(&layout);
        let mut work = Workspace::default();
        let mut rest: Vec<f64> = Vec::new();
        let unit = self.n.iter().product::<usize>() as f64 * strength[axis];
        let mut found =
            Found { conductivity: f64::INFINITY, flux: [0.0; 3], missed: 1.0, cycles: 0 };
        let (mut energy, _) = problem.sweep(&layout, &rest, &mut vectors.r);
        for _ in 0..PASSES {
            work.extra(&layout).fill(0.0);
            let mut cycle = Cycle::new(&grids, 1.0, Some(&wall), false, &mut work);
            let goal = Goal { norm: 0.0, largest: 0.0, energy: 0.5 * tolerance * energy };
            if rest.is_empty() {
                rest = vec![0.0; grid.len()];
            }
            let to = &mut Unknowns { v: &mut rest, unit: 1.0, kept: false };
            let (cycles, _) = krylov::solve(&mut cycle, &[], &mut vectors, to, goal, CYCLES);
            found.cycles += cycles;
            let last = energy;
            let flux;
            (energy, flux) = problem.sweep(&layout, &rest, &mut vectors.r);
            found.conductivity = energy / unit;
            // A flux goes with 1/h once, an energy along the axis twice.
            found.flux =
                std::array::from_fn(|a| flux[a] * grid.h[a] * grid.h[axis] / unit * strength[axis]);
            found.missed = vectors.missed.min((last - energy).abs()) / energy;
            // What single precision makes of the steps is not trusted with the last digits.
            let judged = found.missed <= tolerance && (tolerance >= TRUSTED || cycles <= 1);
            if cycles == 0 || judged || energy <= f64::EPSILON * unit {
                return Ok(found);
            }
        }
        Err(Stalled { found })
    }

    /// The box, its smallest edge 1.
    fn grid(&self, ends: Ends) -> Grid {
        let least = self.h.iter().fold(f64::INFINITY, |m, h| m.min(*h));
        Grid {
            periodic: [ends == Ends::Periodic; 3],
            ..Grid::cuboid(self.n, self.h.map(|h| h / least))
        }
    }

    /// Harmonic means of the conductivities of two classes.
    fn table(&self) -> Vec<f64> {
        let s = self.conductivity;
        s.iter().flat_map(|a| s.iter().map(move |b| mean(*a, *b))).collect()
    }
}

/// A medium with what holds the potential.
struct Problem<'a> {
    medium: &'a Medium<'a>,
    /// See [`Medium::table`].
    table: Vec<f64>,
    grid: &'a Grid,
    axis: usize,
    ends: Ends,
}

impl Problem<'_> {
    /// Conductance of the face along `axis` between voxel `i` and the one before it, `lower`: the
    /// harmonic mean, exact for layers along the faces; of partly filled voxels the parts of the
    /// face side by side.
    fn between(&self, axis: usize, lower: usize, i: usize) -> f64 {
        let m = self.medium;
        let [a, b] = [m.class[lower], m.class[i]].map(usize::from);
        let mean = self.table[a * m.conductivity.len() + b];
        let h = self.grid.h[axis];
        let Some(partial) = m.partial else { return mean / (h * h) };
        let share = f64::from(partial.aperture[axis][i]) / WHOLE;
        let rest = if a == 0 && b == 0 { self.second() } else { mean };
        (share * m.conductivity[0] + (1.0 - share) * rest) / (h * h)
    }

    /// Conductivity of class 1.
    fn second(&self) -> f64 {
        self.medium.conductivity.get(1).copied().unwrap_or(0.0)
    }

    /// Conductivity of a voxel beside a plate.
    fn outer(&self, voxel: usize) -> f64 {
        let m = self.medium;
        let own = m.conductivity[usize::from(m.class[voxel])];
        match m.partial {
            Some(partial) if m.class[voxel] == 0 => {
                let share = f64::from(partial.pore[voxel]) / WHOLE;
                share * own + (1.0 - share) * self.second()
            }
            _ => own,
        }
    }

    /// Writes the conductances of the faces below the voxels of row (j, k) along `axis`; between the
    /// ends of a periodic axis too.
    fn lower(&self, axis: usize, j: usize, k: usize, out: &mut [f64]) {
        let [nx, ny, nz] = self.medium.n;
        let row = (k * ny + j) * nx;
        let periodic = self.grid.periodic[axis];
        let first = [nx, j, k][axis] == 0;
        let before = match axis {
            0 => row,
            1 if j > 0 => row - nx,
            1 => row + (ny - 1) * nx,
            _ if k > 0 => row - nx * ny,
            _ => row + (nz - 1) * nx * ny,
        };
        if first && !periodic {
            out.fill(0.0);
        } else if axis == 0 {
            out[0] = if periodic { self.between(0, row + nx - 1, row) } else { 0.0 };
            for i in 1..nx {
                out[i] = self.between(0, row + i - 1, row + i);
            }
        } else {
            for (i, t) in out.iter_mut().enumerate() {
                *t = self.between(axis, before + i, row + i);
            }
        }
    }

    /// All conductances in single precision.
    fn faces(&self) -> Faces<f32> {
        let m = self.medium;
        let [nx, ny, nz] = m.n;
        let mut used = [false; 256];
        m.class.iter().for_each(|c| used[usize::from(*c)] = true);
        let some = m.conductivity.iter().zip(used).filter(|s| s.1).map(|s| *s.0);
        let closed = some.clone().any(|s| s == 0.0);
        let mut open = some.filter(|s| *s > 0.0);
        let first = open.next();
        let alike = m.partial.is_none() && open.all(|s| Some(s) == first);
        let scale = self.grid.h.map(|h| 1.0 / (h * h));
        let uniform = first.filter(|_| alike).map(|s| scale.map(|c| (s * c) as f32));
        let pairs = stencil::pairs(self.grid, |a, first, last| self.between(a, last, first));
        let pairs: Vec<_> = pairs.iter().map(stencil::Pair::single).collect();
        let ends = stencil::ends(&pairs);
        let mut faces = Faces { n: m.n, arrays: Default::default(), uniform, closed, pairs, ends };
        if faces.even() {
            return faces;
        }
        for (axis, array) in faces.arrays.iter_mut().enumerate() {
            let mut size = m.n;
            size[axis] += 1;
            array.resize(size.iter().product(), 0.0);
            par::planes(size[0] * size[1], array, |k, p| {
                let mut row = vec![0.0; nx];
                for (j, out) in p.chunks_exact_mut(size[0]).enumerate() {
                    // Outer faces stay 0: walls and seams stand apart.
                    if k >= nz || j >= ny || [nx, j, k][axis] == 0 {
                        continue;
                    }
                    self.lower(axis, j, k, &mut row);
                    let skip = usize::from(axis == 0);
                    for (o, t) in out[skip..nx].iter_mut().zip(&row[skip..]) {
                        *o = *t as f32;
                    }
                }
            });
        }
        faces
    }

    /// Energy of the plane of gradient 1 and the rest `w` (empty: nothing), the sums of the fluxes
    /// T·Δu through the faces across x, y, z, and into `r` what the balance of each voxel is off by.
    fn sweep(&self, layout: &Layout, w: &[f64], r: &mut [f32]) -> (f64, [f64; 3]) {
        let [nx, ny, nz] = self.medium.n;
        let none = vec![0.0; nx];
        let row = |j: usize, k: usize| match w {
            [] => &none[..],
            w => &w[(k * ny + j) * nx..][..nx],
        };
        let sums = par::planes_map(layout.plane(), layout.body(r), |k, r| {
            let mut sums = [0.0; 4];
            let (mut t, mut total) = (vec![0.0; nx + 1], vec![0.0; nx]);
            for j in 0..ny {
                let here = row(j, k);
                total.fill(0.0);
                let step = |axis: usize| f64::from(u8::from(axis == self.axis));
                self.lower(0, j, k, &mut t[..nx]);
                t[nx] = if self.grid.periodic[0] { t[0] } else { 0.0 };
                let mut add = |axis: usize, (energy, flux): (f64, f64)| {
                    sums[axis] += flux;
                    sums[3] += energy;
                };
                add(0, along(&t, here, step(0), &mut total));
                for (axis, at, n) in [(1, j, ny), (2, k, nz)] {
                    let beside = |at: usize| if axis == 1 { (at, k) } else { (j, at) };
                    let (below, above) = ((at + n - 1) % n, (at + 1) % n);
                    let (jj, kk) = beside(below);
                    self.lower(axis, j, k, &mut t[..nx]);
                    add(axis, across(&t, here, row(jj, kk), step(axis), &mut total));
                    let (jj, kk) = beside(above);
                    self.lower(axis, jj, kk, &mut t[..nx]);
                    // Each face counts once.
                    across(&t, here, row(jj, kk), -step(axis), &mut total);
                }
                add(self.axis, self.walls(j, k, here, &mut total));
                let out = &mut r[j * layout.stride..][..nx];
                out.iter_mut().zip(&total).for_each(|(o, f)| *o = -*f as f32);
            }
            sums
        });
        let sum = |a: usize| sums.iter().map(|s| s[a]).sum::<f64>();
        (sum(3), [sum(0), sum(1), sum(2)])
    }

    /// Adds what passes to the plates from row (j, k); gives its energy and flux. They are half a
    /// voxel off.
    fn walls(&self, j: usize, k: usize, here: &[f64], total: &mut [f64]) -> (f64, f64) {
        if self.ends == Ends::Periodic {
            return (0.0, 0.0);
        }
        let n = self.medium.n;
        let h = self.grid.h[self.axis];
        let row = (k * n[1] + j) * n[0];
        let (mut energy, mut flux) = (0.0, 0.0);
        for (end, half) in [(false, 0.5), (true, -0.5)] {
            let last = n[self.axis] - 1;
            let place = if end { last } else { 0 };
            let at = match self.axis {
                0 => place..place + 1,
                1 if j != place => 0..0,
                2 if k != place => 0..0,
                _ => 0..n[0],
            };
            for i in at {
                let g = 2.0 * self.outer(row + i) / (h * h);
                let drop = here[i] + half;
                total[i] += g * drop;
                energy += g * drop * drop;
                // Two halves of a face.
                flux += 0.5 * g * drop * half.signum();
            }
        }
        (energy, flux)
    }
}

kernel! {
    /// Adds T·(u − u_other) of the faces between two rows, whose planes differ by `step`, to `total`;
    /// gives Σ T (u − u_other)² and
    /// Σ T (u − u_other).
    fn across(t: &[f64], here: &[f64], other: &[f64], step: f64, total: &mut [f64]) -> (f64, f64) {
        let n = total.len();
        let (t, here, other) = (&t[..n], &here[..n], &other[..n]);
        let (mut lanes, mut fluxes) = ([0.0; 4], [0.0; 4]);
        let whole = n - n % 4;
        for i in (0..whole).step_by(4) {
            for l in 0..4 {
                let drop = here[i + l] - other[i + l] + step;
                let flux = t[i + l] * drop;
                total[i + l] += flux;
                lanes[l] += flux * drop;
                fluxes[l] += flux;
            }
        }
        for i in whole..n {
            let drop = here[i] - other[i] + step;
            let flux = t[i] * drop;
            total[i] += flux;
            lanes[0] += flux * drop;
            fluxes[0] += flux;
        }
        let sum = |l: [f64; 4]| (l[0] + l[1]) + (l[2] + l[3]);
        (sum(lanes), sum(fluxes))
    }
}

kernel! {
    /// As [`across`] along a row; `t` has the faces at both of its ends.
    fn along(t: &[f64], here: &[f64], step: f64, total: &mut [f64]) -> (f64, f64) {
        let n = total.len();
        let (t, here) = (&t[..=n], &here[..n]);
        // Between the ends of a periodic axis: one face.
        let drop = here[0] - here[n - 1] + step;
        total[0] += t[0] * drop;
        total[n - 1] -= t[n] * drop;
        let (mut energy, mut sum) = (t[0] * drop * drop, t[0] * drop);
        for i in 1..n {
            let drop = here[i] - here[i - 1] + step;
            let flux = t[i] * drop;
            total[i] += flux;
            total[i - 1] -= flux;
            energy += flux * drop;
            sum += flux;
        }
        (energy, sum)
    }
}
