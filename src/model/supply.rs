//! What brings a solute in besides walls and cells: sources, and release from the scaffold.

use super::setup::Solute;
use crate::ground::par;
use crate::numerics::stencil::lanes;

/// Adds `factor`·`values`·`measure` to `rhs`; gives the sum over the voxels.
fn add(plane: usize, values: &[f64], measure: &[f64], factor: f64, rhs: &mut [f64]) -> f64 {
    let sums = par::planes_map(plane, rhs, |k, rhs| {
        let at = k * plane;
        let (v, m) = (&values[at..][..plane], &measure[at..][..plane]);
        for i in 0..plane {
            rhs[i] += factor * (v[i] * m[i]);
        }
        factor * lanes(plane, |i| v[i] * m[i])
    });
    sums.iter().sum()
}

/// Adds what sources (at the end of the step) and release (its mean over the step, exactly) bring
/// from `t` to `t + dt` to `rhs`, per volume and second; gives both sums. Without `dt`, a steady
/// state, nothing is released.
pub fn supply(
    solute: &Solute,
    plane: usize,
    measure: &[f64],
    t: f64,
    dt: Option<f64>,
    rhs: &mut [f64],
) -> [f64; 2] {
    let (mut sources, mut released) = (0.0, 0.0);
    if let Some(source) = &solute.source {
        let factor = source.times.at(t + dt.unwrap_or(0.0), true);
        sources = add(plane, &source.rate, measure, factor, rhs);
    }
    if let (Some(release), Some(dt)) = (&solute.release, dt) {
        let share = release.law.cumulative(t + dt) - release.law.cumulative(t);
        released = add(plane, &release.loaded, measure, share / dt, rhs);
    }
    [sources, released]
}
