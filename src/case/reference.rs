//! JSON Schema and reference page from the declarations.
