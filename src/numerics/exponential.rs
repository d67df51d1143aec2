//! Exponentials of what is not negative, by the first terms of the series: positive, never above the
//! exponential itself, and plain arithmetic, so that loops over voxels become vectors.

/// Largest exponent to be given: far beyond where anything is left, far below where powers overflow.
pub const MOST: f64 = 1e9;

/// eˣ of x ≥ 0 as the fourth power of the series of e^(x/4) to its sixth power, which leaves out at most
/// x⁷/(4⁶·5040) of it.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let root = series(0.25 * x);
    (root * root) * (root * root)
}

/// ([`exp`]\(a\) − `exp`(b))/(a − b), and the derivative where a = b, as a product of what is not negative.
#[inline(always)]
pub fn slope(a: f64, b: f64) -> f64 {
    let (a, b) = (0.25 * a, 0.25 * b);
    let (p, q) = (series(a), series(b));
    0.25 * divided(a, b) * ((p + q) * (p * p + q * q))
}

/// [`exp`]\(x\) − 1, without a difference.
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    x * slope(x, 0.0)
}

/// Σ xᵏ/k! for k = 0 … 6.
#[inline(always)]
fn series(x: f64) -> f64 {
    let inner = 1.0 + x * (1.0 / 5.0) * (1.0 + x * (1.0 / 6.0));
    1.0 + x * (1.0 + x * (1.0 / 2.0) * (1.0 + x * (1.0 / 3.0) * (1.0 + x * (1.0 / 4.0) * inner)))
}

/// The divided difference of [`series`]: with the complete homogeneous polynomials h of a and b it is
/// Σ hₖ/(k + 1)!.
#[inline(always)]
fn divided(a: f64, b: f64) -> f64 {
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
    fn it_is_below_the_exponential_by_no_more_than_the_series_leaves_out() {
        for x in [0.0, 1e-9, 0.01, 0.3, 1.0, 2.0, 5.0, 12.0_f64] {
            let missing = x.exp() - exp(x);
            let most = x.powi(7) / (4096.0 * 5040.0) * x.exp();
            let rounding = 8.0 * f64::EPSILON * x.exp();
            assert!(missing >= -rounding && missing <= most + rounding, "{x}: {missing:e}");
        }
    }

    #[test]
    fn the_slope_is_its_own() {
        let points = [0.0, 1e-3, 0.2, 0.7, 3.0, 40.0];
        for a in points {
            for b in points {
                let (own, rise) = (slope(a, b) * (a - b), exp(a) - exp(b));
                let rounding = 8.0 * f64::EPSILON * exp(a.max(b));
                assert!((own - rise).abs() <= rounding, "{a} {b}: {own} {rise}");
            }
            // Where both are one the derivative, by a difference of second order.
            let (d, at) = (1e-4, a + 1e-3);
            let difference = (exp(at + d) - exp(at - d)) / (2.0 * d);
            assert!((slope(at, at) / difference - 1.0).abs() < 1e-7, "{a}");
        }
    }
}
