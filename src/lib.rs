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
//! 1 ground: simd units grid par signal moments formula keep random
//! 2 geometry: structure image shapes components surface stl voxelise isosurface export edit import threshold make measure picture
//! 3 numerics: wall stencil layout operator transfer share smooth seam coarsen hierarchy dense cycle krylov algebraic potential newton prolong nested flux advective band aggregate anderson drift lod network momentum saddle predict limiter control matrix exponential
//! 4 physics: law kinetics response transport effective flow migration release degradation acid
//! 5 model: setup symmetry provenance state ledger accounts damage cells brinkman flow projection solutes supply spread waves solver room detachment differentiation migration exchange balance coupling extrapolation lod matter porosity resume survey run answer perfusion answers sample expect
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
//!
//! ## Where do I add …?
//!
//! | what | where |
//! |---|---|
//! | an uptake law | `physics/kinetics.rs`: struct, `impl Law`, `impl UptakeLaw`, its name in `laws!` |
//! | a growth limit, a trigger of death | `physics/response.rs`, the same way |
//! | a closure for the effective diffusivity | `physics/transport.rs`, the same way |
//! | a unit | the table in `ground/units.rs` |
//! | a key of the case file | declared in `case/keys`, read in `case/build`, stored in `model/setup.rs` |
//! | a term of a solute's or a population's equation | `model/balance.rs`, its ledger term in `model/accounts.rs` |
//! | a kind of boundary | `model/setup.rs` (`Boundary`) and `model/solutes.rs` (what lies behind, and outside) |
//! | an answer | `model/answers.rs` |
//! | a parameter set | `library/data`, each value with its source |
//! | a scaffold shape | a file in `geometry/make`, its line in `Recipe`; `geometry/shapes.rs` for bodies of regions |
//! | a format of scans | a file in `geometry/import`, its line in `Format`; a fuzz target |
//! | a measure of structures | a file in `geometry/measure`, printed by `cli/geometry/measure.rs` |
//! | something written a step | a watcher beside `cli/recorder.rs` |
//! | a command | one file in `cli`, its line in `cli/mod.rs` |
//! | a broken input with its message | a file in `cases/bad` |
//! | a verification case | a file in `cases/verification` with `expect` |

pub mod case;
pub mod cli;
pub mod geometry;
pub mod ground;
pub mod library;
pub mod model;
pub mod numerics;
pub mod output;
pub mod physics;
pub mod study;
