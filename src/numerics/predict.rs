//! Start values of solves, corrected by what they missed in the last steps.
//!
//! A start value is a formula in what is known before the solve. What it misses changes slowly
//! from step to step, so the next one is corrected by it.

use crate::ground::keep::{Keeper, Misfit, misfit};
use crate::ground::par;

/// What the start value of one solve of a step missed in the last two steps.
#[derive(Clone, Debug, Default)]
pub struct Missed {
    /// Result less formula, last and before, one value a voxel.
    by: [Vec<f32>; 2],
    /// Their steps, s; 0 where there was none.
    dt: [f64; 2],
}

/// How what is missed grows with the step.
#[derive(Clone, Copy, Debug)]
pub enum Grows {
    /// In proportion, whatever the steps.
    Linear,
    /// With the third power: a formula exact to second order. Between unlike steps nothing is
    /// known.
    Cubic,
}

impl Grows {
    fn factor(self, ratio: f64) -> f64 {
        match self {
            Grows::Linear => ratio,
            Grows::Cubic if (0.25..=1.5).contains(&ratio) => ratio.powi(3),
            Grows::Cubic => 0.0,
        }
    }
}

impl Missed {
    /// Keeps what was missed; `voxels` is the number of values of a field.
    pub fn keep(&mut self, name: &str, voxels: usize, k: &mut Keeper) -> Result<(), Misfit> {
        let Missed { by, dt } = self;
        for by in by {
            k.list32(name, by)?;
            k.computable(name, by.iter().map(|v| f64::from(*v)))?;
            if !by.is_empty() && by.len() != voxels {
                return misfit(name, "has not the size of a field");
            }
        }
        k.array(name, dt)?;
        k.computable(name, *dt)?;
        if self.dt[0] > 0.0 && self.by.iter().any(Vec::is_empty) {
            return misfit(name, "is empty");
        }
        Ok(())
    }

    /// Forgets: the next step does not follow the last.
    pub fn forget(&mut self) {
        self.dt = [0.0; 2];
    }

    /// Corrects the start value `v` of a step of `dt` within 0 and `most`; keeps in `formula`
    /// what it was.
    pub fn correct(
        &self,
        plane: usize,
        dt: f64,
        grows: Grows,
        most: f64,
        v: &mut [f64],
        formula: &mut Vec<f64>,
    ) {
        let [last, before] = self.dt;
        let factor = if last > 0.0 { grows.factor(dt / last) } else { 0.0 };
        // Along equal steps the trend goes on.
        let equal = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b;
        let trend = if equal(before, last) && equal(dt, last) { 1.0 } else { 0.0 };
        formula.resize(v.len(), 0.0);
        par::planes2(plane, v, formula, |k, v, formula| {
            formula.copy_from_slice(v);
            if factor == 0.0 {
                return;
            }
            let [last, before] = [0, 1].map(|i| &self.by[i][k * plane..][..plane]);
            for ((v, last), before) in v.iter_mut().zip(last).zip(before) {
                let by = factor * f64::from(last + trend * (last - before));
                *v = (*v + by).clamp(0.0, most);
            }
        });
    }

    /// Learns from the result `v` of a step of `dt` what the formula missed.
    pub fn learn(&mut self, plane: usize, dt: f64, v: &[f64], formula: &[f64]) {
        self.by.swap(0, 1);
        self.dt = [dt, self.dt[0]];
        for by in &mut self.by {
            by.resize(v.len(), 0.0);
        }
        par::planes(plane, &mut self.by[0], |k, by| {
            let (v, formula) = (&v[k * plane..], &formula[k * plane..]);
            for ((by, v), formula) in by.iter_mut().zip(v).zip(formula) {
                *by = (v - formula) as f32;
            }
        });
    }
}
