//! Every voxel for itself: a residual whose sinks change within a step of Newton's method.

use super::{Equation, Reaction};
use crate::ground::par;
use crate::numerics::stencil::lanes;

/// Most steps for one voxel.
const STEPS: usize = 60;
/// Share of its own residual, and of the mean one, that a voxel may keep.
const KEPT: f64 = 1e-3;

/// Lets every voxel settle, unless that raises the norm of the residual; `norm_of` evaluates the
/// residual at what it is given.
///
/// `residual` is F(v), `norm` its norm, `diagonal` the derivative of a voxel's own F without its
/// sinks, `nx` the voxels of a row.
pub(crate) fn settle(
    reaction: &dyn Reaction,
    shape: [usize; 2],
    given: [&[f64]; 2],
    norm: f64,
    v: &mut [f64],
    mut norm_of: impl FnMut(&[f64]) -> f64,
) {
    let kept = v.to_vec();
    sweep(reaction, shape, given, v);
    if norm_of(v) > norm {
        v.copy_from_slice(&kept);
        norm_of(v);
    }
}

/// Solves the equation of every voxel for its own value, with those of the others as they are:
/// one sweep of the nonlinear Jacobi method, which converges from anywhere where no sink falls
/// (Rheinboldt, J. Math. Anal. Appl. 32 (1970) 274), but slowly. What it does at once is to take
/// sinks that are steeper than diffusion to where their slope is that of the solution.
fn sweep(
    reaction: &dyn Reaction,
    [nx, plane]: [usize; 2],
    [diagonal, residual]: [&[f64]; 2],
    v: &mut [f64],
) {
    let mean = (lanes(v.len(), |i| residual[i] * residual[i]) / v.len() as f64).sqrt();
    par::planes(plane, v, |k, v| {
        for (j, v) in v.chunks_exact_mut(nx).enumerate() {
            let at = k * plane + j * nx;
            let rows = [diagonal, residual].map(|a| &a[at..at + nx]);
            settle_row(reaction, at, rows, KEPT * mean, v);
        }
    });
}

fn settle_row(reaction: &dyn Reaction, at: usize, [a, f]: [&[f64]; 2], kept: f64, v: &mut [f64]) {
    let n = v.len();
    let react = |v: &[f64], rate: &mut [f64], slope: &mut [f64]| {
        reaction.first(at, v, rate, slope);
        for part in 1..reaction.parts() {
            reaction.add(part, at, v, rate, slope);
        }
    };
    let (mut rate, mut slope) = (vec![0.0; n], vec![0.0; n]);
    react(v, &mut rate, &mut slope);
    // What a voxel's own equation is besides its diagonal and its sinks; and a bracket of its
    // root: a sink only shortens the way of the diagonal alone.
    let rest: Vec<f64> = (0..n).map(|i| f[i] - a[i] * v[i] - rate[i]).collect();
    let mut from = v.to_vec();
    let mut to: Vec<f64> =
        (0..n).map(|i| if a[i] > 0.0 { v[i] - f[i] / a[i] } else { v[i] }).collect();
    // Length of the last step; a tangent that does not halve it, or leaves the bracket, gives way to
    // the middle.
    let mut length: Vec<f64> = (0..n).map(|i| (to[i] - from[i]).abs()).collect();
    for _ in 0..STEPS {
        let mut going = false;
        for i in 0..n {
            let now = a[i] * v[i] + rate[i] + rest[i];
            going |= now.abs() > kept.max(KEPT * f[i].abs());
            if (now > 0.0) == (f[i] > 0.0) {
                from[i] = v[i];
            } else {
                to[i] = v[i];
            }
            let (low, high) = (from[i].min(to[i]), from[i].max(to[i]));
            let tangent = v[i] - now / (a[i] + slope[i]);
            let inside = tangent >= low && tangent <= high;
            let next = if inside && (tangent - v[i]).abs() <= 0.5 * length[i] {
                tangent
            } else {
                0.5 * (low + high)
            };
            length[i] = (next - v[i]).abs();
            v[i] = next;
        }
        if !going {
            break;
        }
        react(v, &mut rate, &mut slope);
    }
}

/// Derivative of every voxel's own residual without its sinks.
pub(super) fn diagonal(eq: &Equation) -> Vec<f64> {
    let faces = &eq.hierarchy.fine;
    let nx = faces.n[0];
    let mut a = vec![0.0; eq.storage.len()];
    par::planes(faces.plane(), &mut a, |k, a| {
        for (j, a) in a.chunks_exact_mut(nx).enumerate() {
            faces.sum_row(j, k, a);
        }
    });
    for &(i, _, t) in &faces.ends {
        a[i as usize] += t;
    }
    for a in &mut a {
        *a *= eq.d;
    }
    hold(eq, &mut a);
    a
}

/// Adds what storage and walls hold of every voxel to a diagonal of what it exchanges.
pub(crate) fn hold(eq: &Equation, a: &mut [f64]) {
    for (a, storage) in a.iter_mut().zip(eq.storage) {
        *a += eq.shift * storage;
    }
    for (i, g) in eq.wall.iter().flat_map(|w| w.faces()).flatten() {
        a[*i as usize] += g;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step at 1e-6 from nothing to 2.
    struct Step;

    impl Step {
        fn at(v: f64) -> [f64; 2] {
            let x = (v.max(0.0) / 1e-6).powi(4);
            [2.0 * x / (1.0 + x), 8.0 * x / (v.max(1e-30) * (1.0 + x) * (1.0 + x))]
        }
    }

    impl Reaction for Step {
        fn parts(&self) -> usize {
            1
        }
        fn linear(&self) -> bool {
            false
        }
        fn add(&self, _: usize, _: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]) {
            for ((v, rate), slope) in v.iter().zip(rate).zip(slope) {
                let [r, s] = Step::at(*v);
                *rate += r;
                *slope += s;
            }
        }
        fn merged(&self, _: &dyn Fn(&[f64]) -> Vec<f64>) -> Box<dyn Reaction + '_> {
            Box::new(Step)
        }
    }

    /// Each voxel's own equation, 3 v + R(v) = b, holds afterwards, from above and from below.
    #[test]
    fn voxels_settle_in_their_own_equations() {
        for start in [0.0, 1e-7, 1e-6, 1e-3, 1.0, 100.0] {
            let b = [1e-3, 0.5, 1.0, 1.9, 2.1, 10.0];
            let mut v = [start; 6];
            let f: Vec<f64> = (0..6).map(|i| 3.0 * v[i] + Step::at(v[i])[0] - b[i]).collect();
            sweep(&Step, [3, 6], [&[3.0; 6], &f], &mut v);
            let mean = (f.iter().map(|f| f * f).sum::<f64>() / 6.0).sqrt();
            for i in 0..6 {
                let left = 3.0 * v[i] + Step::at(v[i])[0] - b[i];
                let most = KEPT * mean.max(f[i].abs());
                assert!(left.abs() <= most, "{start}, {}: {left:e}, not {most:e}", b[i]);
            }
        }
    }
}
