//! Cholesky factorisation for the coarsest grid.

/// L of A = L·Lᵀ, row by row, of a symmetric positive (semi-)definite matrix.
#[derive(Clone, Debug, Default)]
pub struct Cholesky {
    n: usize,
    /// Lower triangle, rows packed.
    l: Vec<f64>,
}

impl Cholesky {
    /// Factors the matrix whose lower triangle `a(row, column)` gives. Rows without a positive
    /// pivot (voxels that are not there) are left out: their solution is zero.
    pub fn factor(&mut self, n: usize, a: impl Fn(usize, usize) -> f64) {
        self.n = n;
        self.l.clear();
        self.l.resize(n * (n + 1) / 2, 0.0);
        let at = |i: usize, j: usize| i * (i + 1) / 2 + j;
        for i in 0..n {
            for j in 0..=i {
                let full = a(i, j);
                let mut s = full;
                for k in 0..j {
                    s -= self.l[at(i, k)] * self.l[at(j, k)];
                }
                self.l[at(i, j)] = if i == j {
                    if s > 1e-13 * full { s.sqrt() } else { 0.0 }
                } else if self.l[at(j, j)] > 0.0 {
                    s / self.l[at(j, j)]
                } else {
                    0.0
                };
            }
        }
    }

    /// Solves in place.
    pub fn solve(&self, x: &mut [f64]) {
        let at = |i: usize, j: usize| i * (i + 1) / 2 + j;
        for i in 0..self.n {
            let mut s = x[i];
            for k in 0..i {
                s -= self.l[at(i, k)] * x[k];
            }
            let pivot = self.l[at(i, i)];
            x[i] = if pivot > 0.0 { s / pivot } else { 0.0 };
        }
        for i in (0..self.n).rev() {
            let mut s = x[i];
            for k in i + 1..self.n {
                s -= self.l[at(k, i)] * x[k];
            }
            let pivot = self.l[at(i, i)];
            x[i] = if pivot > 0.0 { s / pivot } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_small_system() {
        let a = [[4.0, 2.0, 0.0], [2.0, 5.0, 1.0], [0.0, 1.0, 3.0]];
        let mut c = Cholesky::default();
        c.factor(3, |i, j| a[i][j]);
        let x = [1.0, -2.0, 0.5];
        let mut b: Vec<f64> =
            a.iter().map(|r| r.iter().zip(&x).map(|(a, x)| a * x).sum()).collect();
        c.solve(&mut b);
        for (b, x) in b.iter().zip(x) {
            assert!((b - x).abs() < 1e-14);
        }
    }
}
