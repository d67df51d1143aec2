//! How growth and death answer to a solute.
