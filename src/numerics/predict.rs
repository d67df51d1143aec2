//! Start values of solves, corrected by what they missed in the last steps.
//!
//! A start value is a formula in what is known before the solve. What it misses changes slowly
//! from step to step, so the next one is corrected by it.

use crate::ground::grid::Grid;
use crate::ground::keep::{Keeper, Misfit, misfit};
use crate::ground::par;
use crate::kernel;

/// What the start value of one solve of a step missed in the last three steps.
#[derive(Clone, Debug, Default)]
pub struct Missed {
    /// Result less formula, the last one first, one value a voxel.
    by: [Vec<f32>; 3],
    /// Their steps, s; 0 where there was none.
    dt: [f64; 3],
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
    /// Keeps what was missed in the voxels of `grid`.
    pub fn keep(&mut self, name: &str, grid: &Grid, k: &mut Keeper) -> Result<(), Misfit> {
        let Missed { by, dt } = self;
        for by in by {
            k.voxels(grid, name, by, Keeper::list32)?;
            k.computable(name, by.iter().map(|v| f64::from(*v)))?;
            if !by.is_empty() && by.len() != grid.len() {
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
        self.dt = [0.0; 3];
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
        let last = self.dt[0];
        let factor = if last > 0.0 { grows.factor(dt / last) } else { 0.0 };
        // Along equal steps the trend goes on, as a parabola if it can.
        let equal = |other: &&f64| (**other - last).abs() <= 1e-6 * last;
        let alike = if equal(&&dt) { self.dt.iter().take_while(equal).count() } else { 1 };
        let weights = match alike {
            3.. => [3.0, -3.0, 1.0],
            2 => [2.0, -1.0, 0.0],
            _ => [1.0, 0.0, 0.0],
        };
        let weights = weights.map(|w| factor * w);
        formula.resize(v.len(), 0.0);
        par::planes2(plane, v, formula, |k, v, formula| {
            if factor == 0.0 {
                formula.copy_from_slice(v);
                return;
            }
            let by = self.by.each_ref().map(|by| &by[k * plane..][..plane]);
            corrected(weights, most, by, v, formula);
        });
    }

    /// Learns from the result `v` of a step of `dt` what the formula missed.
    pub fn learn(&mut self, plane: usize, dt: f64, v: &[f64], formula: &[f64]) {
        self.by.rotate_right(1);
        self.dt = [dt, self.dt[0], self.dt[1]];
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

kernel! {
    /// v + Σ weight·by within 0 and `most`; `formula` becomes what v was.
    fn corrected(weights: [f64; 3], most: f64, by: [&[f32]; 3], v: &mut [f64], formula: &mut [f64]) {
        let [first, second, third] = by.map(|by| &by[..v.len()]);
        for (i, (v, formula)) in v.iter_mut().zip(formula).enumerate() {
            *formula = *v;
            let by = weights[0] * f64::from(first[i])
                + weights[1] * f64::from(second[i])
                + weights[2] * f64::from(third[i]);
            *v = (*v + by).clamp(0.0, most);
        }
    }
}
