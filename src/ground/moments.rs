//! Times of a case that are the same but for round-off: 3.3 d and the third multiple of 1.1 d are
//! one moment.

/// Difference of two times, relative to the later one, that is round-off: far below the smallest
/// step of a run, far above what reading, converting and multiplying leave.
const ROUND_OFF: f64 = 1e-12;

/// True if two times are one moment.
pub fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= ROUND_OFF * a.abs().max(b.abs())
}

/// True if `b` is a later moment than `a`.
pub fn after(a: f64, b: f64) -> bool {
    b > a && !same(a, b)
}

/// True if one of the times is this moment.
pub fn hold(times: &[f64], t: f64) -> bool {
    times.iter().any(|&x| same(x, t))
}

/// The first of ascending times that is a later moment than `t`.
pub fn next(times: impl IntoIterator<Item = f64>, t: f64) -> Option<f64> {
    times.into_iter().find(|&x| after(t, x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_differ_by_round_off_are_one_moment() {
        let (typed, counted) = (3.3 * 86400.0, 3.0 * (1.1 * 86400.0));
        assert!(typed != counted && same(typed, counted));
        assert!(!after(counted, typed) && !after(typed, counted));
        assert!(hold(&[0.0, typed], counted) && !hold(&[0.0, 1.0], counted));
        assert_eq!(next([0.0, counted, typed, 4e5], typed), Some(4e5));
        assert_eq!(next([0.0, counted], typed), None);
        // From the start on, and a microsecond after four weeks, times are apart.
        assert!(after(0.0, 1e-12) && after(28.0 * 86400.0, 28.0 * 86400.0 + 1e-5));
        assert!(same(0.0, 0.0) && !same(-1.0, 1.0));
    }
}
