//! Floor 4: the laws. One file a topic, each law a small `Copy` struct with its value,
//! derivative, units, formula and reference.
pub mod acid;
pub mod degradation;
pub mod kinetics;
pub mod law;
pub mod release;
pub mod response;
pub mod transport;
