//! Exponentials of what is not negative, by the first terms of the series: positive, never above the
//! exponential itself, and plain arithmetic, so that loops over voxels become vectors.

/// Σ xᵏ/k! for k = 0 … 6 and x ≥ 0: eˣ, less at most x⁷/5040·eˣ.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let inner = 1.0 + x * (1.0 / 5.0) * (1.0 + x * (1.0 / 6.0));
    1.0 + x * (1.0 + x * (1.0 / 2.0) * (1.0 + x * (1.0 / 3.0) * (1.0 + x * (1.0 / 4.0) * inner)))
}

/// ([`exp`]\(a\) − `exp`(b))/(a − b), and the derivative where a = b, as a sum of what is not negative: with
/// the complete homogeneous polynomials h of a and b it is Σ hₖ/(k + 1)!.
#[inline(always)]
pub fn slope(a: f64, b: f64) -> f64 {
    let (b2, h1) = (b * b, a + b);
    let (b3, h2) = (b2 * b, a * h1 + b2);
    let (b4, h3) = (b2 * b2, a * h2 + b3);
    let (b5, h4) = (b2 * b3, a * h3 + b4);
    let h5 = a * h4 + b5;
    1.0 + (h1 * (1.0 / 2.0) + h2 * (1.0 / 6.0))
        + (h3 * (1.0 / 24.0) + h4 * (1.0 / 120.0) + h5 * (1.0 / 720.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_is_below_the_exponential_by_no_more_than_its_next_term() {
        for x in [0.0, 1e-9, 0.01, 0.3, 1.0, 2.0, 30.0_f64] {
            let missing = x.exp() - exp(x);
            let next = x.powi(7) / 5040.0 * x.exp();
            let rounding = 4.0 * f64::EPSILON * x.exp();
            assert!(missing >= -rounding && missing <= next + rounding, "{x}: {missing:e}");
        }
    }

    #[test]
    fn the_slope_is_that_of_the_series() {
        let points = [0.0, 1e-3, 0.2, 0.7, 3.0, 40.0];
        for a in points {
            for b in points {
                let (own, rise) = (slope(a, b) * (a - b), exp(a) - exp(b));
                assert!(
                    (own - rise).abs() <= 4.0 * f64::EPSILON * exp(a.max(b)),
                    "{a} {b}: {own} {rise}"
                );
            }
            // Where both are one, the derivative: the series without its last term.
            let last = a.powi(6) / 720.0;
            assert!((slope(a, a) - (exp(a) - last)).abs() <= 4.0 * f64::EPSILON * exp(a), "{a}");
        }
    }
}
