//! Effective diffusivity of a porous scaffold.
