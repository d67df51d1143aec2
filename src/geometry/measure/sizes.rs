//! Sizes of a phase: which part of its volume is how wide.

/// A distribution by volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// Mean diameter, m.
    pub mean: f64,
    /// Standard deviation, m.
    pub deviation: f64,
    /// Half of the volume is no wider, m.
    pub median: f64,
    /// A tenth of the volume is no wider, m.
    pub d10: f64,
    /// Nine tenths are no wider, m.
    pub d90: f64,
    /// Diameters in m, ascending, and the part of the volume that has each.
    pub histogram: Vec<(f64, f64)>,
}

impl Sizes {
    /// From diameters in m, ascending, and the voxels of each; `None` without voxels.
    pub fn new(counted: &[(f64, u64)]) -> Option<Sizes> {
        let total = counted.iter().map(|c| c.1).sum::<u64>() as f64;
        let histogram: Vec<(f64, f64)> = counted
            .iter()
            .filter(|c| c.1 > 0)
            .map(|(diameter, count)| (*diameter, *count as f64 / total))
            .collect();
        let widest = histogram.last()?.0;
        let mean = histogram.iter().map(|(d, part)| d * part).sum::<f64>();
        let variance = histogram.iter().map(|(d, part)| (d - mean).powi(2) * part).sum::<f64>();
        let quantile = |q: f64| {
            let mut below = 0;
            let reached = counted.iter().find(|(_, count)| {
                below += count;
                below as f64 >= q * total
            });
            reached.map_or(widest, |r| r.0)
        };
        let [d10, median, d90] = [0.1, 0.5, 0.9].map(quantile);
        Some(Sizes { mean, deviation: variance.sqrt(), median, d10, d90, histogram })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_quantiles_of_a_few_sizes() {
        let s = Sizes::new(&[(1.0, 20), (2.0, 0), (3.0, 60), (5.0, 20)]).expect("voxels");
        assert!((s.mean - 3.0).abs() < 1e-15 && (s.deviation - 1.6_f64.sqrt()).abs() < 1e-15);
        assert_eq!([s.d10, s.median, s.d90], [1.0, 3.0, 5.0]);
        assert_eq!(s.histogram, [(1.0, 0.2), (3.0, 0.6), (5.0, 0.2)]);
        assert_eq!(Sizes::new(&[(1.0, 0)]), None);
    }
}
