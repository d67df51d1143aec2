//! What a flow carries beside diffusion, of second order and without new extrema.

use super::flux::{
    Flux, OnFaces, Side, around, conductance, of_plane, on_faces, per_plane, strides,
};
use super::stencil::Faces;
use crate::ground::par;
use crate::kernel;

/// Diffusion and flow. With the cell Péclet number |q|/T at most 2: T·(v_low − v_high) +
/// q·(v_low + v_high)/2, central, second order, positive. Beyond, |q|·v_up + e·H(u, a) in the
/// direction of the flow, e = |q|/2 − T, where H is the harmonic mean of the difference u to the
/// voxel upstream and that across the face, a, and 0 where their signs differ (van Leer's limiter,
/// J. Comput. Phys. 14 (1974) 361): second order where smooth, upwind at extrema, no new extrema.
pub struct Advective<'a> {
    /// Conductances.
    faces: &'a Faces<f64>,
    /// Their factor.
    d: f64,
    /// Flow through each face per voxel volume, 1/s.
    q: &'a OnFaces,
    /// Values outside the outer faces, where fluid enters with them.
    outside: [Option<f64>; 6],
    /// e.
    excess: OnFaces,
    /// ±e·H, what flows from the lower to the higher voxel beside the upwind flux.
    limited: OnFaces,
    /// True where no face has a limiter.
    plain: bool,
    frozen: bool,
}

impl<'a> Advective<'a> {
    /// At first upwind where the cell Péclet number is above 2.
    pub fn new(
        faces: &'a Faces<f64>,
        d: f64,
        q: &'a OnFaces,
        outside: [Option<f64>; 6],
    ) -> Advective<'a> {
        let n = faces.n;
        let [mut excess, limited] = [on_faces(n), on_faces(n)];
        let mut plain = true;
        for (axis, excess) in excess.iter_mut().enumerate() {
            let m = per_plane(n)[axis];
            let planes = par::planes_map(m, excess, |k, excess| {
                let mut plain = true;
                of_plane(n, axis, k, |side| {
                    let e = 0.5 * q[axis][side.face].abs() - d * conductance(faces, side);
                    excess[side.face - k * m] = e;
                    plain &= e <= 0.0;
                });
                plain
            });
            plain &= planes.into_iter().all(|plain| plain);
        }
        Advective { faces, d, q, outside, excess, limited, plain, frozen: false }
    }

    /// Appends a row or plane of values beyond `edge`, the outermost, as what enters through the face
    /// `outer` has them: from the middle of a voxel to its face is half a spacing.
    fn ghost(&self, outer: usize, edge: &[f64], out: &mut Vec<f64>) {
        out.extend(edge.iter().map(|v| self.outside[outer].map_or(*v, |o| v - 2.0 * (v - o))));
    }

    /// Limited parts of the faces of plane `k` across `axis`.
    fn limit_plane(&self, axis: usize, k: usize, v: &[f64], out: &mut [f64]) {
        let [nx, ny, nz] = self.faces.n;
        let (n, stride) = (self.faces.n[axis], strides(self.faces.n)[axis]);
        let (q, e) = (&self.q[axis], &self.excess[axis]);
        if axis == 0 {
            let (m, mut wide) = (nx - 1, Vec::with_capacity(nx + 2));
            for j in 0..ny {
                let row = &v[(k * ny + j) * nx..][..nx];
                wide.clear();
                self.ghost(0, &row[..1], &mut wide);
                wide.extend(row);
                self.ghost(1, &row[m..], &mut wide);
                let face = (k * ny + j) * (nx + 1);
                limit(
                    &e[face + 1..][..m],
                    [0, 1, 2].map(|s| &q[face + s..][..m]),
                    [0, 1, 2, 3].map(|s| &wide[s..][..m]),
                    &mut out[j * (nx + 1) + 1..][..m],
                );
            }
            return;
        }
        // Rows of faces across y, whole planes of them across z.
        let (length, faces) = if axis == 1 { (nx, 1..ny) } else { (nx * ny, k..(k + 1).min(nz)) };
        // Each is written once at most: there is one first and one last face.
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        for at in faces.filter(|at| *at > 0) {
            let (low, face, place) = if axis == 1 {
                ((k * ny + at - 1) * nx, (k * (ny + 1) + at) * nx, at * nx)
            } else {
                ((at - 1) * length, at * length, 0)
            };
            let [own, other] = [low, low + stride].map(|start| &v[start..][..length]);
            let outer = 2 * axis;
            let first = if at == 1 {
                self.ghost(outer, own, &mut before);
                &before
            } else {
                &v[low - stride..][..length]
            };
            let last = if at + 1 == n {
                self.ghost(outer + 1, other, &mut behind);
                &behind
            } else {
                &v[low + 2 * stride..][..length]
            };
            limit(
                &e[face..][..length],
                [face - stride, face, face + stride].map(|start| &q[start..][..length]),
                [first, own, other, last],
                &mut out[place..][..length],
            );
        }
    }
}

kernel! {
    /// ±e·H on faces with the flow through them and through the faces before and behind, by the values
    /// of the two voxels before and the two behind.
    fn limit(e: &[f64], q: [&[f64]; 3], v: [&[f64]; 4], out: &mut [f64]) {
        let n = out.len();
        let (e, q, v) = (&e[..n], q.map(|q| &q[..n]), v.map(|v| &v[..n]));
        for i in 0..n {
            let forward = q[1][i] > 0.0;
            let across = v[2][i] - v[1][i];
            let (u, a, upstream) = if forward {
                (v[1][i] - v[0][i], across, q[0][i])
            } else {
                (v[2][i] - v[3][i], -across, q[2][i])
            };
            let counts = e[i] > 0.0 && upstream * q[1][i] > 0.0 && u * a > 0.0;
            let sum = if counts { u + a } else { 1.0 };
            let mean = 2.0 * u * a / sum;
            let part = if counts { e[i] * mean } else { 0.0 };
            out[i] = if forward { part } else { -part };
        }
    }
}

impl Flux for Advective<'_> {
    fn at(&self, side: Side, low: f64, high: f64) -> [f64; 3] {
        let q = self.q[side.axis][side.face];
        let t = self.d * conductance(self.faces, side);
        let half = 0.5 * q;
        if half.abs() <= t {
            return [half * (low + high) + t * (low - high), t + half, t - half];
        }
        let limited = self.limited[side.axis][side.face];
        if q > 0.0 { [q * low + limited, q, 0.0] } else { [q * high + limited, 0.0, -q] }
    }

    fn linear(&self) -> bool {
        self.plain
    }

    fn follow(&mut self, v: &[f64]) {
        if self.frozen || self.plain {
            return;
        }
        let mut limited = std::mem::take(&mut self.limited);
        for (axis, limited) in limited.iter_mut().enumerate() {
            let m = per_plane(self.faces.n)[axis];
            par::planes(m, limited, |k, limited| self.limit_plane(axis, k, v, limited));
        }
        self.limited = limited;
    }

    fn follows(&self) -> bool {
        !self.frozen && !self.linear()
    }

    fn beside(&self) -> Option<&OnFaces> {
        Some(&self.limited)
    }

    fn freeze(&mut self) {
        self.frozen = true;
    }

    fn thaw(&mut self) {
        self.frozen = false;
    }

    fn retreat(&mut self, v: &[f64], floor: f64) -> bool {
        self.freeze();
        let n = self.faces.n;
        let mut given = false;
        for index in (0..v.len()).filter(|&i| v[i] < floor) {
            around(n, index, |side, _| {
                let limited = &mut self.limited[side.axis][side.face];
                given |= *limited != 0.0;
                *limited = 0.0;
            });
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::grid::{Grid, position};
    use crate::numerics::flux::between;

    fn noise(i: usize) -> f64 {
        ((i * 7919 + 13) % 101) as f64 / 101.0
    }

    /// On each face, by the formula of the definition.
    #[test]
    fn the_limited_part_is_van_leers() {
        let n = [5, 4, 3];
        let h = [1.0, 0.7, 1.3];
        let grid = Grid::cuboid(n, h);
        let relative: Vec<f64> = (0..grid.len()).map(|i| 0.2 + noise(3 * i)).collect();
        let faces = Faces::harmonic(&grid, &relative, [1.0; 3]);
        let mut q = on_faces(n);
        for (axis, q) in q.iter_mut().enumerate() {
            q.iter_mut().enumerate().for_each(|(f, q)| *q = 4.0 * noise(f + 50 * axis) - 2.0);
        }
        let outside = [Some(0.3), None, Some(0.9), Some(0.1), None, Some(0.5)];
        let v: Vec<f64> = (0..grid.len()).map(|i| noise(5 * i + 2)).collect();
        let d = 0.4;
        let mut flux = Advective::new(&faces, d, &q, outside);
        flux.follow(&v);
        let (mut central, mut limited) = (0, 0);
        between(n, |side| {
            let Side { axis, face, low, high } = side;
            let through = q[axis][face];
            let t = d * conductance(&faces, side);
            let found = flux.at(side, v[low], v[high])[0];
            let diffusion = t * (v[low] - v[high]);
            if through.abs() <= 2.0 * t {
                central += 1;
                let carried = through * 0.5 * (v[low] + v[high]);
                assert!((found - carried - diffusion).abs() < 1e-15);
                return;
            }
            let step = strides(n)[axis] as isize;
            let (up, down, sign) = if through > 0.0 { (low, high, 1) } else { (high, low, -1) };
            let at = position(n, up)[axis];
            let end = if sign > 0 { at == 0 } else { at + 1 == n[axis] };
            let before = q[axis][(face as isize - sign * step) as usize];
            let u = if before * through <= 0.0 {
                0.0
            } else if end {
                outside[2 * axis + usize::from(sign < 0)].map_or(0.0, |o| 2.0 * (v[up] - o))
            } else {
                v[up] - v[(up as isize - sign * step) as usize]
            };
            let a = v[down] - v[up];
            let mean = if u * a > 0.0 { 2.0 / (1.0 / u + 1.0 / a) } else { 0.0 };
            limited += usize::from(mean != 0.0);
            // Upwind, and ½·H of what is carried less what diffusion does of it already.
            let wanted = through * v[up] + sign as f64 * (0.5 * through.abs() - t) * mean;
            assert!((found - wanted).abs() < 1e-14, "{side:?}: {found} {wanted}");
        });
        assert!(central > 10 && limited > 10, "{central} {limited}");
    }

    /// A and B are the derivatives where nothing is limited.
    #[test]
    fn derivatives_are_those_of_the_flux() {
        let n = [2, 1, 1];
        let grid = Grid { dimensions: 1, ..Grid::cuboid(n, [1.0; 3]) };
        let faces = Faces::harmonic(&grid, &[1.0, 1.0], [1.0; 3]);
        let side = Side { axis: 0, face: 1, low: 0, high: 1 };
        for through in [-1.7, -0.3, 0.3, 1.7] {
            let q: OnFaces = [vec![0.0, through, 0.0], vec![0.0; 4], vec![0.0; 4]];
            let flux = Advective::new(&faces, 0.7, &q, [None; 6]);
            let [all, a, b] = flux.at(side, 0.4, 0.9);
            assert!((all - (a * 0.4 - b * 0.9)).abs() < 1e-15 && a >= 0.0 && b >= 0.0);
            assert!((a - b - through).abs() < 1e-15, "{through}: {a} {b}");
        }
    }
}
