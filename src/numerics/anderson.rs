//! Anderson's acceleration of iterations that correct a solution by what a simpler operator
//! makes of its residual (Anderson, J. ACM 12 (1965) 547; Walker and Ni, SIAM J. Numer. Anal. 49
//! (2011) 1715).

use std::collections::VecDeque;

use super::dense::Cholesky;
use super::stencil::lanes;

/// Most earlier corrections that are looked back to.
const DEPTH: usize = 5;

/// The last iterates, by differences.
#[derive(Debug, Default)]
pub struct Anderson {
    last: Option<[Vec<f64>; 2]>,
    /// By how much iterate and correction changed, earlier first.
    changes: VecDeque<[Vec<f64>; 2]>,
    /// Of each change of a correction, the products with itself and with those before it.
    products: VecDeque<Vec<f64>>,
    gram: Cholesky,
}

impl Anderson {
    /// Begins anew.
    pub fn forget(&mut self) {
        self.last = None;
        self.changes.clear();
        self.products.clear();
    }

    /// Mixes the `correction` of the iterate `x` with the earlier ones, so that what corrections
    /// that change linearly would leave is least.
    pub fn mix(&mut self, x: &[f64], correction: &mut [f64]) {
        let dot = |a: &[f64], b: &[f64]| lanes(a.len(), |i| a[i] * b[i]);
        if let Some([last_x, last_f]) = self.last.take() {
            if self.changes.len() == DEPTH {
                self.changes.pop_front();
                self.products.pop_front();
                for row in &mut self.products {
                    row.remove(0);
                }
            }
            let by = |now: &[f64], mut before: Vec<f64>| {
                before.iter_mut().zip(now).for_each(|(b, n)| *b = n - *b);
                before
            };
            self.changes.push_back([by(x, last_x), by(correction, last_f)]);
            let last = &self.changes[self.changes.len() - 1][1];
            self.products.push_back(self.changes.iter().map(|c| dot(&c[1], last)).collect());
        }
        self.last = Some([x.to_vec(), correction.to_vec()]);
        let count = self.changes.len();
        self.gram.factor(count, |i, j| self.products[i.max(j)][i.min(j)]);
        let mut part: Vec<f64> = self.changes.iter().map(|c| dot(&c[1], correction)).collect();
        self.gram.solve(&mut part);
        for ([by_x, by_f], part) in self.changes.iter().zip(part) {
            for ((c, a), b) in correction.iter_mut().zip(by_x).zip(by_f) {
                *c -= part * (a + b);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a linear fixed point of n unknowns, n corrections are enough.
    #[test]
    fn few_unknowns_are_found() {
        let g = |x: &[f64]| {
            let [a, b, c] = [x[0], x[1], x[2]];
            vec![0.9 * a - 0.3 * b + 1.0, 0.4 * a + 0.8 * b - 0.2 * c, 0.1 * b - 0.95 * c + 0.5]
        };
        let (mut x, mut anderson) = (vec![0.0; 3], Anderson::default());
        let mut left = 0.0;
        for _ in 0..5 {
            let mut f: Vec<f64> = g(&x).iter().zip(&x).map(|(g, x)| g - x).collect();
            left = f.iter().map(|f| f.abs()).sum();
            anderson.mix(&x, &mut f);
            x.iter_mut().zip(&f).for_each(|(x, f)| *x += f);
        }
        assert!(left < 1e-12, "{left:e}");
    }
}
