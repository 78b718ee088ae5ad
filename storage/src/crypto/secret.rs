//! A value that must not be seen: it cannot be printed, cloned or serialised, and is wiped when
//! dropped.

use zeroize::Zeroize;

/// Holds a secret. Reading it is spelled out, so that a reviewer finds every place.
///
/// ```compile_fail
/// println!("{:?}", latchkey_storage::Secret::new([0_u8; 32]));
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    pub const fn new(value: T) -> Secret<T> {
        Secret(value)
    }

    /// The secret itself.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
