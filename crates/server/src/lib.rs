//! How callers reach it.
