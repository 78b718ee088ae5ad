//! Users, and what is assigned to them.

mod administrator;

pub use administrator::guarded;
