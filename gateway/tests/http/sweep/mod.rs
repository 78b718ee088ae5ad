//! Every endpoint of a tenant against every caller, body and path that must not pass: never an
//! error of ours, never a word of another tenant, and each answer in the dialect of its route.
//!
//! The cases are made from the endpoint tables and from the OpenAPI document, so that a new
//! endpoint is swept from its first day.

mod bodies;
mod client;
mod document;
mod doors;
mod foreign;
mod paths;
mod rows;
mod scene;
mod shape;
mod successes;
