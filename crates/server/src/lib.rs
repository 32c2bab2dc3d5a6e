//! How callers reach it: gRPC, gRPC-Web, health, reflection and metrics.

pub mod wire;
