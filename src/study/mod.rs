//! Floor 8: several runs of one case.
pub mod refine;
