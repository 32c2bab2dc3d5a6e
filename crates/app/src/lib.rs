//! What callers can do.
