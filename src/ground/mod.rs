//! Floor 1: what everything stands on. Units, the grid, values in time, threads, random numbers.
pub mod formula;
pub mod grid;
pub mod keep;
pub mod moments;
pub mod par;
pub mod random;
pub mod signal;
pub mod simd;
pub mod units;
