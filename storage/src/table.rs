//! A table is one line: its name, its tag, the parts of its key, its value.
//!
//! The key of a row is the tenant (16 bytes), the tag (one byte) and the table's own key, so a
//! tenant is one contiguous range and a table of a tenant is one within it.

use crate::codec::Row;
use crate::error::Corrupt;
use crate::id::TenantId;
use crate::key::{self, KeyPart};

/// The bytes of a key before the table's own: tenant and tag.
pub const KEY_HEAD_BYTES: usize = 17;

/// A kind of row. Declared with [`tables!`](crate::tables!), never by hand.
pub trait Table: 'static {
    /// Stands for ever; a retired one is never used again.
    const TAG: u8;
    /// As it is written in the list of tables.
    const NAME: &'static str;
    /// Where its rows live.
    const FAMILY: Family;
    /// The parts of the key after the tenant, as a tuple.
    type Key: KeyPart;
    type Value: Row;
}

/// A column family: rows that are read and compacted in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Family {
    /// State, read by point and by range.
    Rows = 1,
    /// Audit entries: appended in the order of time, never changed.
    Audit = 2,
    /// Wrapped data keys: few and small, compacted at once when one is destroyed.
    DataKeys = 3,
}

impl Family {
    /// All of them, in the order of their numbers.
    pub const ALL: [Family; 3] = [Family::Rows, Family::Audit, Family::DataKeys];

    /// The name of the column family on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Rows => "rows",
            Family::Audit => "audit",
            Family::DataKeys => "data_keys",
        }
    }

    /// The family of this number, as a record of the commit log writes it.
    pub fn from_number(number: u8) -> Option<Family> {
        Family::ALL.into_iter().find(|family| *family as u8 == number)
    }
}

/// What is known of a table without its types.
#[derive(Clone, Copy)]
pub struct TableInfo {
    pub name: &'static str,
    pub tag: u8,
    pub family: Family,
    /// The parts of the key without the tenant, as they are written in the list of tables.
    pub key: &'static str,
    /// The type of the value, as it is written in the list of tables.
    pub value: &'static str,
    /// Whether the table's own key and the value decode.
    pub verify: fn(&[u8], &[u8]) -> Result<(), Corrupt>,
}

impl std::fmt::Display for TableInfo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let TableInfo { name, tag, family, key, value, .. } = self;
        write!(out, "{name} = 0x{tag:02x} in {}: ({key}) => {value}", family.name())
    }
}

/// The whole key of a row.
pub fn row_key<T: Table>(tenant: TenantId, key: &T::Key) -> Vec<u8> {
    prefix::<T>(tenant, key)
}

/// The bytes with which the keys of these rows begin.
pub(crate) fn prefix<T: Table>(tenant: TenantId, parts: &impl KeyPart) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(tenant.as_bytes());
    out.push(T::TAG);
    parts.put(&mut out);
    out
}

/// Reads the table's own key, or says which row is damaged.
pub(crate) fn decode_key<T: Table>(own: &[u8]) -> Result<T::Key, Corrupt> {
    key::decode(own).ok_or_else(|| Corrupt::row(T::NAME, own, "its key does not decode"))
}

/// Reads a value, or says which row is damaged.
pub(crate) fn decode_value<T: Table>(own: &[u8], value: &[u8]) -> Result<T::Value, Corrupt> {
    T::Value::decode(value).map_err(|error| Corrupt::row(T::NAME, own, &error.to_string()))
}

#[doc(hidden)]
pub fn verify_row<T: Table>(own: &[u8], value: &[u8]) -> Result<(), Corrupt> {
    decode_key::<T>(own)?;
    decode_value::<T>(own, value).map(drop)
}

#[doc(hidden)]
pub const fn all_different(tags: &[u8]) -> bool {
    let mut seen = [false; 256];
    let mut rest = tags;
    while let [tag, more @ ..] = rest {
        #[expect(clippy::indexing_slicing, reason = "a byte is a valid index of 256 places")]
        if seen[*tag as usize] {
            return false;
        }
        #[expect(clippy::indexing_slicing, reason = "a byte is a valid index of 256 places")]
        {
            seen[*tag as usize] = true;
        }
        rest = more;
    }
    true
}

/// Declares the tables of a store: the one list of tags.
///
/// Each line gives a name, a tag, a family where it is not `Rows`, the parts of the key with the
/// tenant first, and the value. A table taken out leaves its tag behind as `retired`. The macro
/// makes a type for each table, `catalogue()` and `retired()`.
///
/// ```
/// use latchkey_storage::id::{ApiKeyId, TenantId};
///
/// #[derive(bincode::Encode, bincode::Decode)]
/// pub struct Note(String);
/// latchkey_storage::rows! { Note = 1; }
///
/// latchkey_storage::tables! {
///     /// What somebody wrote beside a key.
///     Notes   = 0x01: (TenantId, ApiKeyId) => Note;
///     Entries = 0x02 in Audit: (TenantId, u64) => Note;
///     retired 0x03;
/// }
/// assert_eq!(catalogue()[0].to_string(), "Notes = 0x01 in rows: (ApiKeyId) => Note");
/// ```
///
/// Two tables on one tag do not compile, nor does a table on a retired one:
///
/// ```compile_fail
/// # use latchkey_storage::id::{ApiKeyId, TenantId};
/// # #[derive(bincode::Encode, bincode::Decode)]
/// # pub struct Note(String);
/// # latchkey_storage::rows! { Note = 1; }
/// latchkey_storage::tables! {
///     Notes = 0x01: (TenantId, ApiKeyId) => Note;
///     retired 0x01;
/// }
/// ```
#[macro_export]
macro_rules! tables {
    (@list [$($table:tt)*] [$($old:literal)*] retired $tag:literal; $($rest:tt)*) => {
        $crate::tables!(@list [$($table)*] [$($old)* $tag] $($rest)*);
    };
    (@list [$($table:tt)*] [$($old:literal)*]
     $(#[$doc:meta])* $name:ident = $tag:literal in $family:ident : (TenantId $(, $part:ty)* $(,)?) => $value:ty; $($rest:tt)*) => {
        $crate::tables!(@list
            [$($table)* { [$(#[$doc])*] $name $tag $family ($($part),*) [$value] }]
            [$($old)*] $($rest)*);
    };
    (@list [$($table:tt)*] [$($old:literal)*]
     $(#[$doc:meta])* $name:ident = $tag:literal : (TenantId $(, $part:ty)* $(,)?) => $value:ty; $($rest:tt)*) => {
        $crate::tables!(@list
            [$($table)* { [$(#[$doc])*] $name $tag Rows ($($part),*) [$value] }]
            [$($old)*] $($rest)*);
    };
    (@list [$({ [$($doc:tt)*] $name:ident $tag:literal $family:ident ($($part:ty),*) [$value:ty] })*] [$($old:literal)*]) => {
        $(
            $($doc)*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl $crate::table::Table for $name {
                const TAG: u8 = $tag;
                const NAME: &'static str = stringify!($name);
                const FAMILY: $crate::table::Family = $crate::table::Family::$family;
                type Key = ($($part,)*);
                type Value = $value;
            }
        )*

        const _: () = assert!(
            $crate::table::all_different(&[$($tag,)* $($old),*]),
            "two tables have the same tag, or one has a retired tag"
        );

        /// Every table, in the order of the list.
        pub fn catalogue() -> &'static [$crate::table::TableInfo] {
            const ALL: &[$crate::table::TableInfo] = &[$($crate::table::TableInfo {
                name: stringify!($name),
                tag: $tag,
                family: $crate::table::Family::$family,
                key: stringify!($($part),*),
                value: stringify!($value),
                verify: $crate::table::verify_row::<$name>,
            }),*];
            ALL
        }

        /// The tags of tables that are no more.
        pub fn retired() -> &'static [u8] {
            &[$($old),*]
        }
    };
    ($($list:tt)*) => {
        $crate::tables!(@list [] [] $($list)*);
    };
}
