//! Floor 4: the laws. One file a topic, each law a small `Copy` struct with its value,
//! derivative, units, formula and reference.
pub mod law;
pub mod kinetics;
pub mod response;
pub mod transport;
