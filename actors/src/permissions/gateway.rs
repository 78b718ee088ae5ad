//! The gateway's own permissions: one for every noun and verb that a route may require.

use super::PermissionName;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant,)* }
        impl $name {
            /// As it stands in the name of a permission.
            pub const fn word(self) -> &'static str { match self { $($name::$variant => $word,)* } }
        }
    };
}

words! {
    /// What a permission is about.
    Noun {
        Tenants = "tenants", Users = "users", Roles = "roles", Permissions = "permissions",
        Groups = "groups", ApiKeys = "api_keys", Decisions = "decisions", Instance = "instance",
    }
}

words! {
    /// What it allows.
    Verb {
        Create = "create", Read = "read", Update = "update", Delete = "delete",
        Restore = "restore", Assign = "assign", Rotate = "rotate", Revoke = "revoke",
        Validate = "validate", Check = "check", Explain = "explain", Backup = "backup",
    }
}

/// Every pair that exists.
const RIGHTS: &[(Noun, Verb)] = &[
    (Noun::Tenants, Verb::Create),
    (Noun::Tenants, Verb::Read),
    (Noun::Tenants, Verb::Update),
    (Noun::Tenants, Verb::Delete),
    (Noun::Tenants, Verb::Restore),
    (Noun::Users, Verb::Create),
    (Noun::Users, Verb::Read),
    (Noun::Users, Verb::Update),
    (Noun::Users, Verb::Delete),
    (Noun::Users, Verb::Restore),
    (Noun::Roles, Verb::Create),
    (Noun::Roles, Verb::Read),
    (Noun::Roles, Verb::Update),
    (Noun::Roles, Verb::Delete),
    (Noun::Roles, Verb::Restore),
    (Noun::Roles, Verb::Assign),
    (Noun::Permissions, Verb::Create),
    (Noun::Permissions, Verb::Read),
    (Noun::Permissions, Verb::Update),
    (Noun::Permissions, Verb::Delete),
    (Noun::Permissions, Verb::Restore),
    (Noun::Groups, Verb::Create),
    (Noun::Groups, Verb::Read),
    (Noun::Groups, Verb::Update),
    (Noun::Groups, Verb::Delete),
    (Noun::Groups, Verb::Restore),
    (Noun::Groups, Verb::Assign),
    (Noun::ApiKeys, Verb::Create),
    (Noun::ApiKeys, Verb::Read),
    (Noun::ApiKeys, Verb::Update),
    (Noun::ApiKeys, Verb::Delete),
    (Noun::ApiKeys, Verb::Rotate),
    (Noun::ApiKeys, Verb::Revoke),
    (Noun::ApiKeys, Verb::Validate),
    (Noun::Decisions, Verb::Check),
    (Noun::Decisions, Verb::Explain),
    (Noun::Instance, Verb::Backup),
    (Noun::Instance, Verb::Read),
];

/// One permission of the gateway; the number of its bit in [`RightSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right(u8);

impl Right {
    /// The right of a noun and a verb. A pair that does not exist fails at compile time in the
    /// tables of endpoints, which are constants.
    ///
    /// # Panics
    /// At compile time, for a pair that does not exist.
    #[expect(clippy::panic, clippy::indexing_slicing, reason = "evaluated at compile time")]
    #[expect(clippy::cast_possible_truncation, reason = "fewer than 128 rights")]
    pub const fn of(noun: Noun, verb: Verb) -> Self {
        let mut at = 0;
        while at < RIGHTS.len() {
            if RIGHTS[at].0 as u8 == noun as u8 && RIGHTS[at].1 as u8 == verb as u8 {
                return Self(at as u8);
            }
            at += 1;
        }
        panic!("no such right")
    }

    /// Every right.
    pub fn all() -> impl Iterator<Item = (Self, Noun, Verb)> {
        (0..).zip(RIGHTS).map(|(at, &(noun, verb))| (Self(at), noun, verb))
    }

    /// `noun` and `verb` as words.
    pub fn words(self) -> (&'static str, &'static str) {
        RIGHTS.get(usize::from(self.0)).map_or(("", ""), |(noun, verb)| (noun.word(), verb.word()))
    }

    /// The permission's name.
    pub fn name(self) -> String {
        let (noun, verb) = self.words();
        format!("{noun}:{verb}")
    }
}

/// Which rights a caller holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RightSet(u128);

impl RightSet {
    /// The rights for which a judge says yes.
    pub fn judged(mut allows: impl FnMut(&str, &str) -> bool) -> Self {
        let held = Right::all().filter(|(_, noun, verb)| allows(noun.word(), verb.word()));
        Self(held.fold(0, |bits, (right, ..)| bits | 1 << right.0))
    }

    pub const fn holds(self, right: Right) -> bool {
        self.0 >> right.0 & 1 == 1
    }
}

/// Nouns and verbs of the whole product that a tenant's own administrator holds, as names.
pub fn tenant_admin_names() -> Vec<PermissionName> {
    const NOUNS: [&str; 17] = [
        "tenants",
        "users",
        "roles",
        "permissions",
        "groups",
        "applications",
        "policies",
        "oauth_clients",
        "identity_providers",
        "api_keys",
        "decisions",
        "audit",
        "service_accounts",
        "sessions",
        "devices",
        "signing_keys",
        "tokens",
    ];
    const MORE: [&str; 8] = [
        "kubernetes:review",
        "webhooks:*",
        "plugins:*",
        "credentials:create",
        "credentials:read",
        "credentials:update",
        "credentials:delete",
        "credentials:rotate",
    ];
    let whole = NOUNS.iter().map(|noun| format!("{noun}:*"));
    whole
        .chain(MORE.iter().map(|name| (*name).to_owned()))
        .filter_map(|name| PermissionName::parse(&name).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_a_bit_of_its_own() {
        assert!(RIGHTS.len() <= 128);
        let all = RightSet::judged(|_, _| true);
        assert!(Right::all().all(|(right, ..)| all.holds(right)));
        let one = RightSet::judged(|noun, verb| (noun, verb) == ("api_keys", "revoke"));
        let held: Vec<_> = Right::all().filter(|(right, ..)| one.holds(*right)).collect();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].0.name(), "api_keys:revoke");
    }

    #[test]
    fn the_administrator_of_a_tenant_holds_no_star() {
        let names = tenant_admin_names();
        assert_eq!(names.len(), 25);
        assert!(names.iter().all(|name| name.to_string() != "*"));
    }
}
