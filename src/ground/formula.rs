//! Bounded arithmetic of `formula` values.
