//! Randomness as a parameter: the operating system's, or a seeded stream for tests.

use parking_lot::Mutex;

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    fn fill(&self, out: &mut [u8]);
}

/// `N` random bytes.
pub fn bytes<const N: usize>(from: &dyn Entropy) -> [u8; N] {
    let mut out = [0; N];
    from.fill(&mut out);
    out
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// When the system has no random bytes: nothing secret may be made then.
    fn fill(&self, out: &mut [u8]) {
        let filled = getrandom::fill(out);
        assert!(filled.is_ok(), "the operating system gives no random bytes: {filled:?}");
    }
}

/// A stream that depends on its seed alone. For tests and demonstrations, never for keys in use.
pub struct SeededEntropy(Mutex<blake3::OutputReader>);

impl SeededEntropy {
    pub fn new(seed: u64) -> SeededEntropy {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_be_bytes());
        SeededEntropy(Mutex::new(hasher.finalize_xof()))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) {
        self.0.lock().fill(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_stream() {
        let [one, same, other] = [7, 7, 8].map(SeededEntropy::new);
        let first: [u8; 100] = bytes(&one);
        assert_eq!(first, bytes(&same));
        assert_ne!(first, bytes(&other));
        assert_ne!(first, bytes(&one));
        assert_ne!(bytes::<32>(&OsEntropy), bytes::<32>(&OsEntropy));
    }
}
