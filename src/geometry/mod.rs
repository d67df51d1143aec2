//! Floor 2: what fills the voxels. Shapes by formula, pores by flood fill, scans from files.
pub mod components;
pub mod image;
pub mod import;
pub mod shapes;
pub mod structure;
pub mod threshold;
