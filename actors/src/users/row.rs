//! What a user may be given, and the forms in which names are compared.

use latchkey_storage::id::UserId;
use latchkey_storage::tables::{User, UserStatus};

use crate::error::{Error, Result};
use crate::text;

const USERNAME_CHARS_MAX: usize = 128;
const EMAIL_BYTES_MAX: usize = 254;
const PHONE_CHARS_MAX: usize = 32;
const LOCALE_BYTES_MAX: usize = 35;
const TIMEZONE_BYTES_MAX: usize = 64;
const METADATA_BYTES_MAX: usize = 16 << 10;

/// A user to be made.
#[derive(Clone, Default)]
pub struct NewUser {
    pub username: String,
    pub email: String,
    pub email_verified: bool,
    /// As [`hash_password`](super::hash_password) makes it.
    pub password_hash: Option<String>,
    pub phone: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub display_name: Option<String>,
    pub avatar_url: Option<String>,
    /// `en` where it is not said.
    pub locale: Option<String>,
    /// `UTC` where it is not said.
    pub timezone: Option<String>,
    /// Active where it is not said.
    pub status: Option<UserStatus>,
    /// A JSON object, as text; `{}` where it is not said.
    pub metadata: Option<String>,
}

impl NewUser {
    pub(super) fn row(self, id: UserId, now: i64) -> User {
        User {
            id,
            username: self.username,
            email: self.email,
            email_verified: self.email_verified,
            password_hash: self.password_hash,
            phone: self.phone,
            phone_verified: false,
            first_name: self.first_name,
            last_name: self.last_name,
            display_name: self.display_name,
            avatar_url: self.avatar_url,
            locale: self.locale.unwrap_or_else(|| "en".into()),
            timezone: self.timezone.unwrap_or_else(|| "UTC".into()),
            status: self.status.unwrap_or(UserStatus::Active),
            metadata: self.metadata.unwrap_or_else(|| "{}".into()),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        }
    }
}

/// Every rule of a row that needs no look at another one.
pub(super) fn checked(row: &User) -> Result<()> {
    username(&row.username)?;
    email(&row.email)?;
    text::display_name_if_any("first_name", row.first_name.as_deref())?;
    text::display_name_if_any("last_name", row.last_name.as_deref())?;
    text::display_name_if_any("display_name", row.display_name.as_deref())?;
    row.phone.as_deref().map_or(Ok(()), |phone| text::name("phone", phone, PHONE_CHARS_MAX))?;
    text::url("avatar_url", row.avatar_url.as_deref())?;
    tag("locale", &row.locale, LOCALE_BYTES_MAX, "-_")?;
    tag("timezone", &row.timezone, TIMEZONE_BYTES_MAX, "-_+/")?;
    text::json_object("metadata", &row.metadata, METADATA_BYTES_MAX)
}

fn username(name: &str) -> Result<()> {
    text::name("username", name, USERNAME_CHARS_MAX)?;
    if name.trim() == name {
        return Ok(());
    }
    Err(Error::invalid("username", "must not begin or end with a space"))
}

fn email(address: &str) -> Result<()> {
    let problem = |problem: &str| Err(Error::invalid("email", problem.to_owned()));
    if address.len() > EMAIL_BYTES_MAX {
        return problem("takes at most 254 bytes");
    }
    if address.chars().any(|c| text::is_hidden(c) || c.is_whitespace()) {
        return problem("must not have spaces or control characters");
    }
    match address.split_once('@') {
        Some((local, domain))
            if !local.is_empty() && !domain.is_empty() && !domain.contains('@') =>
        {
            Ok(())
        }
        _ => problem("must be an e-mail address with one `@`"),
    }
}

fn tag(field: &'static str, text: &str, bytes_max: usize, marks: &str) -> Result<()> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c));
    if plain && (1..=bytes_max).contains(&text.len()) {
        return Ok(());
    }
    let problem = format!("must have 1 to {bytes_max} letters, digits or any of `{marks}`");
    Err(Error::invalid(field, problem))
}

/// The form in which usernames are compared.
pub(super) fn canonical_username(name: &str) -> String {
    name.to_lowercase()
}

/// The form in which e-mail addresses are compared: domain and local part in lower case.
pub(super) fn canonical_email(address: &str) -> String {
    address.to_lowercase()
}

/// The word of a status on the wire.
pub const fn status_word(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Invited => "invited",
        UserStatus::Active => "active",
        UserStatus::Locked => "locked",
        UserStatus::Disabled => "disabled",
    }
}

/// The status that a word names.
///
/// # Errors
/// 422 for any other word.
pub fn parse_status(word: &str) -> Result<UserStatus> {
    const ALL: [UserStatus; 4] =
        [UserStatus::Invited, UserStatus::Active, UserStatus::Locked, UserStatus::Disabled];
    ALL.into_iter().find(|status| status_word(*status) == word).ok_or_else(|| {
        Error::invalid("status", "must be `invited`, `active`, `locked` or `disabled`")
    })
}
