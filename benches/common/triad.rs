//! The memory of the machine: a = b + s·c over arrays of 600 MB, 24 bytes an element.

use std::time::{Duration, Instant};

use blastema::ground::par;

pub(crate) const ELEMENTS: usize = 75_000_000;

/// The arrays of a triad.
pub(crate) struct Triad([Vec<f64>; 3]);

impl Triad {
    pub(crate) fn new() -> Triad {
        Triad([vec![0.0; ELEMENTS], vec![1.0; ELEMENTS], vec![2.0; ELEMENTS]])
    }

    pub(crate) fn once(&mut self) -> Duration {
        let start = Instant::now();
        let Triad([a, b, c]) = self;
        let chunk = ELEMENTS.div_ceil(64);
        par::planes(chunk, a, |k, a| {
            for ((a, b), c) in a.iter_mut().zip(&b[k * chunk..]).zip(&c[k * chunk..]) {
                *a = *b + 3.0 * *c;
            }
        });
        start.elapsed()
    }
}
