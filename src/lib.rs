//! # blastema: will the cells live in this scaffold?
//!
//! A finite-volume solver on voxel grids for nutrients that diffuse through a porous
//! scaffold and for the cells that consume them, grow, move and die.
//!
//! ## The house
//! A floor imports only the floors below it (and earlier ones on its own line); the test
//! `tests/house.rs` reads this list and checks every `use`.
//!
//! ```text
//! 1 ground: units grid par signal formula
//! 2 geometry: shapes components import
//! 3 numerics: stencil wall hierarchy dense cycle krylov newton limiter control matrix
//! 4 physics: law kinetics response transport
//! 5 model: setup provenance state ledger accounts cells solutes solver balance coupling survey run answers sample expect
//! 6 library
//! 7 case output
//! 8 study
//! 9 cli
//! ```
//!
//! ## Invariants
//! - SI inside; units only at the door (`ground::units`, `case`).
//! - `numerics` knows no biology; only `ground::par` names rayon, only `output` hdf5, only
//!   `numerics::matrix` sprs, only `cli` clap, printing and exit.
//! - No mutable statics; a model owns all that it needs and is `Send`.
//! - The same bits for any number of threads: sums run in a fixed order.
//! - `case` and `output` do not know each other; `model::provenance` is what both share.

pub mod case;
pub mod cli;
pub mod geometry;
pub mod ground;
pub mod library;
pub mod model;
pub mod numerics;
pub mod output;
pub mod physics;
