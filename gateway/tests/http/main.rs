//! The API over real connections: each test has a gateway, a store and a clock of its own.

#[cfg(test)]
mod api_keys_iam;
#[cfg(test)]
mod api_keys_platform;
#[cfg(test)]
mod api_keys_workspace;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod completeness;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod instance;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod validation;
