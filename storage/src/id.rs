//! The identifiers of rows: newtypes over the 16 bytes of a UUID.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::key::KeyPart;

/// The text was not a hyphenated UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not an id: write a UUID with hyphens, such as 01890a5d-ac96-774b-bcce-b302099a8057"
)]
pub struct ParseIdError {
    given: String,
}

impl ParseIdError {
    /// Keeps at most 64 characters of what was given.
    fn new(given: &str) -> ParseIdError {
        ParseIdError { given: given.chars().take(64).collect() }
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, bincode::Encode, bincode::Decode,
        )]
        pub struct $name([u8; 16]);

        impl $name {
            /// From the 16 bytes of a UUID, usually one of version 7.
            pub const fn new(bytes: [u8; 16]) -> $name {
                $name(bytes)
            }

            /// A new UUID of version 7 (RFC 9562 section 5.7), from milliseconds since 1970 and
            /// ten random bytes.
            pub const fn v7(unix_ms: u64, random: &[u8; 10]) -> $name {
                $name(uuid::Builder::from_unix_timestamp_millis(unix_ms, random).into_uuid().into_bytes())
            }

            /// From a UUID of any version.
            pub const fn from_uuid(uuid: Uuid) -> $name {
                $name(uuid.into_bytes())
            }

            /// The same as a UUID.
            pub const fn uuid(self) -> Uuid {
                Uuid::from_bytes(self.0)
            }

            /// The 16 bytes, in the order in which they are compared.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.uuid().hyphenated().fmt(out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.uuid().hyphenated().fmt(out)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            /// Takes the hyphenated form only, in lower or upper case.
            fn from_str(text: &str) -> Result<$name, ParseIdError> {
                parse(text).map($name::from_uuid)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let mut buffer = Uuid::encode_buffer();
                to.serialize_str(self.uuid().hyphenated().encode_lower(&mut buffer))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                from.deserialize_str(IdText).and_then(|uuid| uuid.map_err(serde::de::Error::custom))
                    .map($name::from_uuid)
            }
        }

        impl KeyPart for $name {
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }

            fn take(bytes: &mut &[u8]) -> Option<$name> {
                <[u8; 16]>::take(bytes).map($name)
            }
        }
    )*};
}

ids! {
    /// A tenant: the first part of every key.
    TenantId;
    /// An API key.
    ApiKeyId;
    /// A user of one tenant.
    UserId;
    /// A role of one tenant.
    RoleId;
    /// A permission of one tenant.
    PermissionId;
    /// A group of one tenant.
    GroupId;
    /// One record of the commit log.
    TransactionId;
    /// One entry of a tenant's audit trail.
    AuditEntryId;
}

impl TenantId {
    /// The tenant that administers the instance and holds the directory of all tenants.
    pub const MASTER: TenantId = TenantId(1_u128.to_be_bytes());
}

/// Reads the 36 characters of a hyphenated UUID.
fn parse(text: &str) -> Result<Uuid, ParseIdError> {
    if text.len() != 36 {
        return Err(ParseIdError::new(text));
    }
    Uuid::try_parse(text).map_err(|_| ParseIdError::new(text))
}

/// Reads an id from text without an allocation.
struct IdText;

impl serde::de::Visitor<'_> for IdText {
    type Value = Result<Uuid, ParseIdError>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a UUID with hyphens")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(parse(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = "00000000-0000-0000-0000-000000000001".parse::<TenantId>();
        assert_eq!(id, Ok(TenantId::MASTER));
        let upper = "01890A5D-AC96-774B-BCCE-B302099A8057".parse::<UserId>().unwrap();
        assert_eq!(upper.to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
        for wrong in [
            "",
            "1",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "01890a5d-ac96-774b-bcce-b302099a805g",
            "01890a5dac-96-774b-bcce-b302099a8057",
        ] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_new_id_carries_its_time_and_version() {
        let id = TransactionId::v7(0x0189_0a5d_ac96, &[7; 10]);
        assert_eq!(id.uuid().get_version_num(), 7);
        assert!(id.to_string().starts_with("01890a5d-ac96-7"));
        assert!(id < TransactionId::v7(0x0189_0a5d_ac97, &[0; 10]));
    }
}
