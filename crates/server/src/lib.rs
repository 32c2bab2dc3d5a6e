//! How callers reach it: gRPC, gRPC-Web, health, reflection and metrics.

pub mod admin;
pub mod config;
pub mod convert;
pub mod database;
pub mod grpc;
pub mod health;
pub mod layers;
pub mod methods;
pub mod openfn;
pub mod purge;
pub mod serve;
pub mod sign_in;
pub mod status;
pub mod telemetry;
pub mod wire;
pub mod world;
