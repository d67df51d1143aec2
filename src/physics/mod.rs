//! Floor 4: the laws. One file a topic, each law a small `Copy` struct with its value,
//! derivative, units, formula and reference.
pub mod acid;
pub mod degradation;
pub mod effective;
pub mod flow;
pub mod kinetics;
pub mod law;
pub mod migration;
pub mod release;
pub mod response;
pub mod transport;
