//! Records of the users.

use bincode::{Decode, Encode};

use crate::id::UserId;
use crate::rows;

/// One user.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub email: String,
    pub email_verified: bool,
    /// An Argon2id string in PHC form.
    pub password_hash: Option<String>,
    pub phone: Option<String>,
    pub phone_verified: bool,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub display_name: Option<String>,
    pub avatar_url: Option<String>,
    pub locale: String,
    pub timezone: String,
    pub status: UserStatus,
    /// A JSON object, as text.
    pub metadata: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
    /// Counts the changes of this row; its entity tag.
    pub version: u64,
}

/// Names nothing but the user: the hash of a password has no business in a log.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a user may do at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum UserStatus {
    Invited,
    Active,
    Locked,
    Disabled,
}

/// Points to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct UserRef(pub UserId);

rows! { User = 1; UserRef = 1; }
