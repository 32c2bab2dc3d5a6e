//! The Rust client of Sandbar.
