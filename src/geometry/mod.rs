//! Floor 2: what fills the voxels. Shapes by formula, pores by flood fill, scans from files,
//! scaffolds by recipe.
pub mod components;
pub mod image;
pub mod import;
pub mod make;
pub mod shapes;
pub mod structure;
