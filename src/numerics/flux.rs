//! Fluxes through the faces between voxels that are not those of diffusion alone: carried by a
//! flow, drawn along a potential, crowded, or of a diffusivity that follows the density.
//!
//! A flux from the lower to the higher voxel is per voxel volume, 1/s times the unknown. Its
//! derivatives are A = ∂F/∂v_low and B = −∂F/∂v_high; where neither is negative the implicit
//! step is positive for any length.

use super::stencil::Faces;
use crate::ground::grid::position;

/// Values on faces across x, y, z; numbered as in [`Faces`].
pub type OnFaces = [Vec<f64>; 3];

/// Zeros on the faces of a grid of `n` voxels.
pub fn on_faces(n: [usize; 3]) -> OnFaces {
    let [nx, ny, nz] = n;
    [(nx + 1) * ny * nz, nx * (ny + 1) * nz, nx * ny * (nz + 1)].map(|m| vec![0.0; m])
}

/// Numbers of the lower faces of a voxel across x, y, z; the higher ones follow after
/// [`strides`].
#[inline(always)]
pub fn lower(n: [usize; 3], index: usize) -> [usize; 3] {
    ahead(n, index / n[0], index / (n[0] * n[1])).map(|a| index + a)
}

/// By how much these numbers are ahead of the voxels', in a row and plane.
#[inline(always)]
fn ahead(n: [usize; 3], row: usize, plane: usize) -> [usize; 3] {
    [row, plane * n[0], 0]
}

/// Distance between the two faces of a voxel along x, y, z, and between voxels: the same.
pub fn strides(n: [usize; 3]) -> [usize; 3] {
    [1, n[0], n[0] * n[1]]
}

/// A face between two voxels.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Axis across it.
    pub axis: usize,
    /// Its number among the faces of this axis.
    pub face: usize,
    /// The voxel below.
    pub low: usize,
    /// The voxel above.
    pub high: usize,
}

/// Calls `each` for the faces between a voxel and its neighbours; true: the neighbour is above.
#[inline(always)]
pub fn around(n: [usize; 3], index: usize, each: impl FnMut(Side, bool)) {
    around_at(n, position(n, index), index, each);
}

/// As [`around`], for the voxel at a known position.
#[inline(always)]
pub fn around_at(
    n: [usize; 3],
    position: [usize; 3],
    index: usize,
    mut each: impl FnMut(Side, bool),
) {
    let [_, j, k] = position;
    let (faces, strides) = (ahead(n, k * n[1] + j, k).map(|a| index + a), strides(n));
    for axis in 0..3 {
        if position[axis] > 0 {
            each(Side { axis, face: faces[axis], low: index - strides[axis], high: index }, false);
        }
        if position[axis] + 1 < n[axis] {
            let face = faces[axis] + strides[axis];
            each(Side { axis, face, low: index, high: index + strides[axis] }, true);
        }
    }
}

/// Faces across each axis that belong to a plane of voxels: those below them. Behind the last plane are
/// those above it.
pub fn per_plane(n: [usize; 3]) -> [usize; 3] {
    [(n[0] + 1) * n[1], n[0] * (n[1] + 1), n[0] * n[1]]
}

/// Calls `each` for the faces between voxels across `axis` that belong to plane `k`.
#[inline(always)]
pub fn of_plane(n: [usize; 3], axis: usize, k: usize, mut each: impl FnMut(Side)) {
    if k == n[2] || (axis == 2 && k == 0) {
        return;
    }
    let stride = strides(n)[axis];
    for j in usize::from(axis == 1)..n[1] {
        let row = k * n[1] + j;
        let ahead = ahead(n, row, k)[axis];
        for index in row * n[0] + usize::from(axis == 0)..(row + 1) * n[0] {
            each(Side { axis, face: index + ahead, low: index - stride, high: index });
        }
    }
}

/// Calls `each` for all faces between voxels.
pub fn between(n: [usize; 3], mut each: impl FnMut(Side)) {
    for axis in 0..3 {
        for k in 0..n[2] {
            of_plane(n, axis, k, &mut each);
        }
    }
}

/// A flux through the faces between voxels.
pub trait Flux: Sync {
    /// The flux F at the values of the two voxels, A and B.
    fn at(&self, side: Side, low: f64, high: f64) -> [f64; 3];
    /// True if F is linear.
    fn linear(&self) -> bool;
    /// Takes notice of an iterate: limiters follow it.
    fn follow(&mut self, _: &[f64]) {}
    /// True if A and B leave out limiters that follow.
    fn follows(&self) -> bool {
        false
    }
    /// F − (A·v_low − B·v_high) on all faces where A and B follow no value; `None` where they do.
    fn beside(&self) -> Option<&OnFaces> {
        None
    }
    /// Keeps limiters as they are.
    fn freeze(&mut self) {}
    /// Lets them follow again.
    fn thaw(&mut self) {}
    /// Gives up second order around the voxels where the solution is below `floor`; false if
    /// there is nothing to give up.
    fn retreat(&mut self, _: &[f64], _floor: f64) -> bool {
        false
    }
}

/// Diffusion: T·(v_low − v_high).
pub struct Diffusive<'a> {
    /// Conductances.
    pub faces: &'a Faces<f64>,
    /// Their factor.
    pub d: f64,
}

/// Conductance of a face.
#[inline(always)]
pub fn conductance(faces: &Faces<f64>, side: Side) -> f64 {
    faces.between(side.axis, side.face)
}

impl Flux for Diffusive<'_> {
    fn at(&self, side: Side, low: f64, high: f64) -> [f64; 3] {
        let t = self.d * conductance(self.faces, side);
        [t * (low - high), t, t]
    }
    fn linear(&self) -> bool {
        true
    }
}

/// x/(eˣ − 1).
fn bernoulli(x: f64) -> f64 {
    if x.abs() < 1e-8 { 1.0 - 0.5 * x } else { x / x.exp_m1() }
}

/// Diffusion and drift along a potential, exponentially fitted: the flux T·(B(−δ)·n_low −
/// B(δ)·n_high), δ = ΔΦ/D, is zero exactly where n ∝ exp(Φ/D) (Scharfetter and Gummel, IEEE
/// Trans. Electron Devices 16 (1969) 64). With a capacity each direction is times the room left
/// downstream, w = 1 − (n + others)/capacity (Painter and Hillen, Can. Appl. Math. Q. 10 (2002)
/// 501).
#[derive(Clone, Debug)]
pub struct Fitted {
    /// Coefficients of the lower and of the higher voxel.
    pub low: OnFaces,
    /// See `low`.
    pub high: OnFaces,
    /// Capacity and, a value a voxel, the other cells that count towards it.
    pub crowd: Option<(f64, Vec<f64>)>,
}

impl Fitted {
    /// Coefficients for conductances `faces` of a unit diffusivity, a diffusivity on each face
    /// and a potential Φ a voxel in the same unit. Without diffusivity the drift is upwind.
    pub fn new(
        faces: &Faces<f64>,
        diffusivity: impl Fn(Side) -> f64,
        potential: impl Fn(usize) -> f64,
        crowd: Option<(f64, Vec<f64>)>,
    ) -> Fitted {
        let (mut low, mut high) = (on_faces(faces.n), on_faces(faces.n));
        between(faces.n, |side| {
            let (t, d) = (conductance(faces, side), diffusivity(side));
            if t > 0.0 {
                let rise = potential(side.high) - potential(side.low);
                let (a, b) = if d > 1e-12 * rise.abs() {
                    (d * bernoulli(-rise / d), d * bernoulli(rise / d))
                } else {
                    (rise.max(0.0), (-rise).max(0.0))
                };
                low[side.axis][side.face] = t * a;
                high[side.axis][side.face] = t * b;
            }
        });
        Fitted { low, high, crowd }
    }
}

impl Flux for Fitted {
    fn at(&self, side: Side, low: f64, high: f64) -> [f64; 3] {
        let (a, b) = (self.low[side.axis][side.face], self.high[side.axis][side.face]);
        let Some((capacity, others)) = &self.crowd else { return [a * low - b * high, a, b] };
        let capacity = *capacity;
        let room = |n: f64, i: usize| ((capacity - others[i]).max(0.0) - n) / capacity;
        let (room_low, room_high) = (room(low, side.low), room(high, side.high));
        let (rl, rh) = (room_low.max(0.0), room_high.max(0.0));
        let slope = |n: f64, room: f64| if room > 0.0 { n.max(0.0) / capacity } else { 0.0 };
        [
            a * low * rh - b * high * rl,
            a * rh + b * slope(high, room_low),
            b * rl + a * slope(low, room_high),
        ]
    }
    fn linear(&self) -> bool {
        self.crowd.is_none()
    }
}

/// Diffusion with a diffusivity D·n/capacity, by the arithmetic mean of the two voxels, which lets
/// a front move into empty ones: T·(n_low² − n_high²)/(2·capacity).
#[derive(Clone, Debug)]
pub struct Degenerate {
    /// T·D/capacity.
    pub t: OnFaces,
}

impl Degenerate {
    /// Coefficients for conductances of a unit diffusivity and the diffusivity `d` at `capacity`.
    pub fn new(faces: &Faces<f64>, d: f64, capacity: f64) -> Degenerate {
        let mut t = on_faces(faces.n);
        between(faces.n, |side| {
            t[side.axis][side.face] = d / capacity * conductance(faces, side);
        });
        Degenerate { t }
    }
}

impl Flux for Degenerate {
    fn at(&self, side: Side, low: f64, high: f64) -> [f64; 3] {
        let t = self.t[side.axis][side.face];
        let (low, high) = (low.max(0.0), high.max(0.0));
        [0.5 * t * (low - high) * (low + high), t * low, t * high]
    }
    fn linear(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::grid::Grid;

    #[test]
    fn derivatives_are_those_of_the_flux() {
        let grid = Grid { dimensions: 1, ..Grid::cuboid([2, 1, 1], [1.0; 3]) };
        let faces = Faces::harmonic(&grid, &[1.0, 1.0], [1.0; 3]);
        let others = [0.2, 0.3];
        let fluxes: [&dyn Flux; 4] = [
            &Diffusive { faces: &faces, d: 0.7 },
            &Fitted::new(&faces, |_| 0.7, |i| 1.4 * i as f64, None),
            &Fitted::new(&faces, |_| 0.7, |i| 1.4 * i as f64, Some((1.5, others.to_vec()))),
            &Degenerate::new(&faces, 0.7, 1.5),
        ];
        let side = Side { axis: 0, face: 1, low: 0, high: 1 };
        for (number, flux) in fluxes.iter().enumerate() {
            for (low, high) in [(0.4, 0.9), (0.8, 0.1)] {
                let e = 1e-6;
                let [_, a, b] = flux.at(side, low, high);
                let by_low =
                    (flux.at(side, low + e, high)[0] - flux.at(side, low - e, high)[0]) / (2.0 * e);
                let by_high =
                    (flux.at(side, low, high + e)[0] - flux.at(side, low, high - e)[0]) / (2.0 * e);
                assert!((a - by_low).abs() < 1e-8, "{number}: {a} {by_low}");
                assert!((b + by_high).abs() < 1e-8, "{number}: {b} {by_high}");
                assert!(a >= 0.0 && b >= 0.0);
            }
        }
    }

    #[test]
    fn a_fitted_flux_rests_at_boltzmanns_density() {
        let grid = Grid { dimensions: 1, ..Grid::cuboid([2, 1, 1], [1.0; 3]) };
        let faces = Faces::harmonic(&grid, &[1.0, 1.0], [1.0; 3]);
        for delta in [-40.0, -1.0, 1e-12, 3.0, 40.0_f64] {
            let flux = Fitted::new(&faces, |_| 0.3, |i| 0.3 * delta * i as f64, None);
            let side = Side { axis: 0, face: 1, low: 0, high: 1 };
            let [f, a, _] = flux.at(side, 1.0, delta.exp());
            assert!(f.abs() < 4e-15 * a.max(1.0), "{delta}: {f}");
        }
    }
}
