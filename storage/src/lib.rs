//! Typed tables over `RocksDB`, envelope encryption and the commit log. Knows no domain.

pub mod batch;
pub mod codec;
pub mod crypto;
pub mod entropy;
pub mod error;
pub mod id;
pub mod journal;
pub mod key;
pub mod store;
pub mod table;
pub mod tables;
pub mod view;

pub use batch::{Op, Record, Seq, Version};
pub use codec::{DecodeError, Row};
pub use crypto::{
    CryptoError, DataKey, Fingerprint, Keyring, MasterKey, Place, Sealed, Secret, WrappedKey,
};
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use error::{Corrupt, StoreError};
pub use journal::{
    AppendError, Appended, CommitLog, CommitObserver, Feed, LocalLog, LogClock, LogError,
    LogOptions, Tail,
};
pub use key::KeyPart;
pub use store::{Durability, Estimates, Options, Store, VerifyReport, restore};
pub use table::{Family, Table, TableInfo};
pub use view::{Page, Savepoint, View};
