//! The front end of Latchkey: HTTP, endpoints, OpenAPI, pages, metrics, command line.

pub mod answer;
pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod context;
mod deadline;
mod denials;
pub mod dialect;
pub mod endpoint;
pub mod extract;
mod idempotency;
pub mod instance;
pub mod listen;
pub mod logging;
pub mod metrics;
pub mod openapi;
pub mod pages;
mod permissions_of_gateway;
pub mod pipeline;
pub mod serve;
pub mod tls;
pub mod wire;
pub mod wire_id;
