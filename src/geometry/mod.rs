//! Floor 2: what fills the voxels. Shapes by formula, pores by flood fill, scans and surfaces from
//! files, scaffolds by recipe.
pub mod components;
pub mod edit;
pub mod export;
pub mod image;
pub mod import;
pub mod isosurface;
pub mod make;
pub mod measure;
pub mod picture;
pub mod shapes;
pub mod stl;
pub mod structure;
pub mod surface;
pub mod threshold;
pub mod voxelise;
