//! Floor 3: solving diffusion–reaction equations on voxel grids. Knows no biology.
pub mod control;
pub mod cycle;
pub mod dense;
pub mod hierarchy;
pub mod krylov;
pub mod layout;
pub mod limiter;
pub mod matrix;
pub mod newton;
pub mod operator;
pub mod predict;
pub mod seam;
pub mod smooth;
pub mod stencil;
pub mod transfer;
pub mod wall;
