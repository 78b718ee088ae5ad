//! Sliding windows: of keys, inside their tenant, and of addresses, for the gateway.

mod addresses;
mod key_windows;
mod window;

pub use addresses::{AddressLimit, AddressLimiter, Charge};
pub use key_windows::{KeyWindows, WindowTable};
pub use window::{Ring, State};
